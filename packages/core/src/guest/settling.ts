/** Endings that wait for a connection or a ticket, so that what was sent leaves first; each with a deadline. */
import type { Timer, Timers } from './timers.js';

export class Settling {
  readonly #timers: Timers;
  #waiting: { readonly timer: Timer; readonly callback: () => void }[] = [];

  constructor(timers: Timers) {
    this.#timers = timers;
  }

  /** Calls back once: when something has come, or at the deadline. */
  wait(deadline: number, callback: () => void): void {
    const timer = this.#timers.start(Math.max(0, deadline - this.#timers.now()), () => {
      this.#waiting = this.#waiting.filter((waiting) => waiting.timer !== timer);
      callback();
    });
    this.#waiting.push({ timer, callback });
  }

  /** Something has come: everyone looks again. */
  settled(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const { timer, callback } of waiting) {
      this.#timers.cancel(timer);
      callback();
    }
  }
}
