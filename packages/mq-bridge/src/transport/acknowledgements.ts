/**
 * What one consumer acknowledges. Each acknowledgement costs the broker a frame to read and a search, and one can stand
 * for all deliveries before: so those that are in a row are told together, when `most` of them are due or WAIT_MS after
 * the first. What is out of the row is told at once.
 *
 * Until then they count as handed out, so `most` must be well below what the broker hands out at a time.
 */
import type { Clock } from '@espalier/core/internal/bridge.js';

const WAIT_MS = 10;

export class Acknowledgements {
  readonly #most: number;
  readonly #clock: Clock;
  readonly #tell: (delivery: number, upTo: boolean) => void;
  /** This one and all before were acknowledged here. The broker counts a channel's deliveries from 1. */
  #row = 0;
  /** Beyond the row; they were told. */
  readonly #apart = new Set<number>();
  #due = 0;
  /** The last one of the row that was not told, if any are due. */
  #last = 0;
  #cancelWait: (() => void) | undefined;
  #closed = false;

  /** @param tell with `upTo` it is meant of all that were delivered before, too */
  constructor(most: number, clock: Clock, tell: (delivery: number, upTo: boolean) => void) {
    this.#most = most;
    this.#clock = clock;
    this.#tell = tell;
  }

  /** Of one that was acknowledged before it says nothing. */
  add(delivery: number): void {
    if (this.#closed || delivery <= this.#row || this.#apart.has(delivery)) return;
    if (delivery !== this.#row + 1) {
      this.#apart.add(delivery);
      this.#tell(delivery, false);
      return;
    }
    this.#last = delivery;
    this.#row = delivery;
    // Of what was told the broker knows nothing any more: it cannot be the last one.
    while (this.#apart.delete(this.#row + 1)) this.#row++;
    if (++this.#due >= this.#most) this.#flush();
    else this.#cancelWait ??= this.#clock.after(WAIT_MS, () => this.#flush());
  }

  /** What is due is told now, and nothing afterwards. */
  close(): void {
    this.#flush();
    this.#closed = true;
  }

  #flush(): void {
    this.#cancelWait?.();
    this.#cancelWait = undefined;
    if (this.#due === 0) return;
    this.#due = 0;
    this.#tell(this.#last, true);
  }
}
