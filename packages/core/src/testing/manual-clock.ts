/** A clock that stands still until it is moved. Timers fire in order of their time, then of their start. */
import type { Clock } from '../clock.js';

interface Alarm {
  readonly at: number;
  readonly order: number;
  readonly wake: () => void;
}

export class ManualClock implements Clock {
  #now = 0;
  #order = 0;
  readonly #alarms = new Set<Alarm>();

  now(): number {
    return this.#now;
  }

  after(delayMs: number, wake: () => void): () => void {
    const alarm: Alarm = { at: this.#now + Math.max(0, delayMs), order: ++this.#order, wake };
    this.#alarms.add(alarm);
    return () => {
      this.#alarms.delete(alarm);
    };
  }

  /** The time of the next alarm, or `Infinity`. */
  next(): number {
    return this.#first()?.at ?? Infinity;
  }

  /** Goes to the next alarm, if it lies at or before that time, and fires it. */
  fireNext(limit = Infinity): boolean {
    const first = this.#first();
    if (first === undefined || first.at > limit) return false;
    this.#now = Math.max(this.#now, first.at);
    this.#alarms.delete(first);
    first.wake();
    return true;
  }

  /** Only the time; alarms that it passes fire at the next `fireNext`. */
  moveTo(time: number): void {
    this.#now = Math.max(this.#now, time);
  }

  #first(): Alarm | undefined {
    let first: Alarm | undefined;
    for (const alarm of this.#alarms) {
      if (first === undefined || alarm.at < first.at || (alarm.at === first.at && alarm.order < first.order))
        first = alarm;
    }
    return first;
  }
}
