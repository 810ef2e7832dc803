/**
 * How much a thread may print: a bucket of one second's worth that refills steadily. What does not fit is
 * cut off and counted, never kept: an unread flood of prints would otherwise pile up in the kernel's
 * process (measured without it: 481 MB in 300 ms).
 *
 * Each text that passes costs its receivers about the same however short it is. So their number has a bucket
 * too, and who has exceeded one waits until a tenth is there again: a loop that prints would otherwise send
 * the few bytes that have come back since its last turn, some 100,000 times a second.
 */
const BYTES_PER_TEXT = 200;
const LEAST_TEXTS_PER_SECOND = 100;
const REOPENS_AT = 0.1;

export class OutputQuota {
  #bytesPerSecond = 0;
  #textsPerSecond = 0;
  readonly #now: () => number;
  #left = 0;
  #textsLeft = 0;
  #exceeded = false;
  #last: number;
  #dropped = 0;
  #passed = 0;

  /** `now` in milliseconds. */
  constructor(bytesPerSecond: number, now: () => number) {
    this.#now = now;
    this.bytesPerSecond = bytesPerSecond;
    this.#last = now();
  }

  /** From now on so much, and that at once. */
  set bytesPerSecond(most: number) {
    this.#bytesPerSecond = most;
    this.#left = most;
    this.#textsPerSecond = Math.max(LEAST_TEXTS_PER_SECOND, most / BYTES_PER_TEXT);
    this.#textsLeft = this.#textsPerSecond;
  }

  /** The beginning of `text` that may still pass, or with `whole` all of it or nothing; the rest is counted as dropped. */
  take(text: string, whole = false): string {
    const now = this.#now();
    const seconds = (now - this.#last) / 1000;
    this.#last = now;
    this.#left = Math.min(this.#bytesPerSecond, this.#left + seconds * this.#bytesPerSecond);
    this.#textsLeft = Math.min(this.#textsPerSecond, this.#textsLeft + seconds * this.#textsPerSecond);
    // UTF-16 units stand for bytes: exact for ASCII, and the bound is what counts.
    const most = this.#isOpen() ? Math.min(text.length, Math.floor(this.#left)) : 0;
    const fits = whole && most < text.length ? 0 : most;
    this.#exceeded = fits < text.length;
    this.#left -= fits;
    this.#passed += fits;
    if (fits > 0) this.#textsLeft -= 1;
    this.#dropped += text.length - fits;
    return fits === text.length ? text : text.slice(0, fits);
  }

  /** What has passed so far, in UTF-16 units. */
  get passed(): number {
    return this.#passed;
  }

  /** What was dropped since the last call, in UTF-16 units. */
  takeDropped(): number {
    const dropped = this.#dropped;
    this.#dropped = 0;
    return dropped;
  }

  #isOpen(): boolean {
    const part = this.#exceeded ? REOPENS_AT : 0;
    return (
      this.#left >= part * this.#bytesPerSecond && this.#textsLeft >= Math.max(1, part * this.#textsPerSecond)
    );
  }
}
