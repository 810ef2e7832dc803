/**
 * How much a thread may print: a bucket of one second's worth that refills steadily. What does not fit is
 * cut off and counted, never kept: an unread flood of prints would otherwise pile up in the kernel's
 * process (measured without it: 481 MB in 300 ms).
 */
export class OutputQuota {
  #bytesPerSecond: number;
  readonly #now: () => number;
  #left: number;
  #last: number;
  #dropped = 0;

  /** `now` in milliseconds. */
  constructor(bytesPerSecond: number, now: () => number) {
    this.#bytesPerSecond = bytesPerSecond;
    this.#now = now;
    this.#left = bytesPerSecond;
    this.#last = now();
  }

  /** From now on so much, and that at once. */
  set bytesPerSecond(most: number) {
    this.#bytesPerSecond = most;
    this.#left = most;
  }

  /** The beginning of `text` that may still pass; the rest is counted as dropped. */
  take(text: string): string {
    const now = this.#now();
    const refill = ((now - this.#last) / 1000) * this.#bytesPerSecond;
    this.#last = now;
    this.#left = Math.min(this.#bytesPerSecond, this.#left + refill);
    // UTF-16 units stand for bytes: exact for ASCII, and the bound is what counts.
    const fits = Math.min(text.length, Math.floor(this.#left));
    this.#left -= fits;
    this.#dropped += text.length - fits;
    return fits === text.length ? text : text.slice(0, fits);
  }

  /** What was dropped since the last call, in UTF-16 units. */
  takeDropped(): number {
    const dropped = this.#dropped;
    this.#dropped = 0;
    return dropped;
  }
}
