/**
 * How fast credit may be granted: a token for each message. Who keeps the count is the receiver, so no sender can do
 * anything about it. What is saved up is a tenth of a second's worth, but one message at least.
 */
import type { Clock } from '../clock.js';

/** Senders that wait are served together, so often: each one is a frame. */
const SERVED_EVERY_MS = 10;
const SAVED_UP_MS = 100;

export class Pace {
  readonly perSecond: number;
  readonly #clock: Pick<Clock, 'now' | 'after'>;
  readonly #most: number;
  #tokens: number;
  #at: number;
  #cancel: (() => void) | undefined;

  constructor(perSecond: number, clock: Pick<Clock, 'now' | 'after'>) {
    this.perSecond = perSecond;
    this.#clock = clock;
    this.#most = Math.max(1, (perSecond * SAVED_UP_MS) / 1000);
    this.#tokens = this.#most;
    this.#at = clock.now();
  }

  /** Messages that may be granted now. */
  get tokens(): number {
    const now = this.#clock.now();
    this.#tokens = Math.min(this.#most, this.#tokens + ((now - this.#at) * this.perSecond) / 1000);
    this.#at = now;
    // Fractions of many short times add up to a little less than what they are.
    return Math.floor(this.#tokens + 1e-6);
  }

  take(messages: number): void {
    this.#tokens -= messages;
  }

  /** Calls back when there is something to be granted again. Once, however often it is asked for meanwhile. */
  whenMore(run: () => void): void {
    if (this.#cancel !== undefined) return;
    const waitMs = Math.max(SERVED_EVERY_MS, Math.ceil(((1 - this.#tokens) * 1000) / this.perSecond));
    this.#cancel = this.#clock.after(waitMs, () => {
      this.#cancel = undefined;
      run();
    });
  }

  stop(): void {
    this.#cancel?.();
    this.#cancel = undefined;
  }
}
