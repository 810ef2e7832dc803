/**
 * Timers by duration: one doubly linked list per duration, in order of starting and therefore of
 * deadline. Most timers of a runtime are call timeouts of a few equal durations that never fire, so
 * starting and cancelling must cost no more than a few pointer writes; only the earliest deadline is
 * ever armed with the clock. (Node's own timers are built the same way.)
 */
import type { Clock } from '../clock.js';

export interface Timer {
  readonly durationMs: number;
  readonly fire: () => void;
  deadline: number;
  previous: Timer | undefined;
  next: Timer | undefined;
  active: boolean;
}

interface TimerList {
  first: Timer | undefined;
  last: Timer | undefined;
}

export class Timers {
  readonly #clock: Clock;
  readonly #lists = new Map<number, TimerList>();
  #armed: (() => void) | undefined;
  #armedFor = Infinity;
  #firing = false;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  now(): number {
    return this.#clock.now();
  }

  /** `durationMs` may be `Infinity`: then the timer never fires. */
  start(durationMs: number, fire: () => void): Timer {
    const deadline = this.#clock.now() + durationMs;
    const timer: Timer = { durationMs, fire, deadline, previous: undefined, next: undefined, active: true };
    if (durationMs === Infinity) return timer;
    let list = this.#lists.get(durationMs);
    if (list === undefined) {
      list = { first: undefined, last: undefined };
      this.#lists.set(durationMs, list);
    }
    timer.previous = list.last;
    if (list.last === undefined) list.first = timer;
    else list.last.next = timer;
    list.last = timer;
    if (!this.#firing && deadline < this.#armedFor) this.#arm(deadline);
    return timer;
  }

  cancel(timer: Timer): void {
    if (!timer.active) return;
    timer.active = false;
    const list = this.#lists.get(timer.durationMs);
    if (list === undefined) return;
    if (timer.previous === undefined) list.first = timer.next;
    else timer.previous.next = timer.next;
    if (timer.next === undefined) list.last = timer.previous;
    else timer.next.previous = timer.previous;
    if (list.first === undefined) {
      this.#lists.delete(timer.durationMs);
      if (this.#lists.size === 0) this.#disarm();
    }
    // A deadline that is armed for a cancelled timer stays armed: it fires once, finds nothing due and
    // arms the next. Re-arming at each cancel would cost the clock a timer per call.
  }

  /** The earliest deadline, or `Infinity`: published to the test clock. */
  nextDeadline(): number {
    let next = Infinity;
    for (const list of this.#lists.values()) if (list.first !== undefined) next = Math.min(next, list.first.deadline);
    return next;
  }

  clear(): void {
    for (const list of this.#lists.values()) {
      for (let timer = list.first; timer !== undefined; timer = timer.next) timer.active = false;
    }
    this.#lists.clear();
    this.#disarm();
  }

  #disarm(): void {
    this.#armed?.();
    this.#armed = undefined;
    this.#armedFor = Infinity;
  }

  #arm(deadline: number): void {
    this.#armed?.();
    this.#armedFor = deadline;
    this.#armed = this.#clock.after(Math.max(0, deadline - this.#clock.now()), () => {
      this.#run();
    });
  }

  #run(): void {
    this.#armed = undefined;
    this.#armedFor = Infinity;
    this.#firing = true;
    try {
      for (let due = this.#firstDue(); due !== undefined; due = this.#firstDue()) {
        this.cancel(due);
        due.fire();
      }
    } finally {
      this.#firing = false;
      const next = this.nextDeadline();
      if (next !== Infinity) this.#arm(next);
    }
  }

  /** In order of deadline over all lists, so that timers of different durations fire in their order. */
  #firstDue(): Timer | undefined {
    let due: Timer | undefined;
    for (const { first } of this.#lists.values()) {
      if (first !== undefined && (due === undefined || first.deadline < due.deadline)) due = first;
    }
    return due !== undefined && due.deadline <= this.#clock.now() ? due : undefined;
  }
}
