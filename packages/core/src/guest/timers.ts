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
  /** During which run of due timers it was started; 0 outside of one. */
  readonly startedIn: number;
}

interface TimerList {
  first: Timer | undefined;
  last: Timer | undefined;
}

/** The longest delay that is asked of a clock: Node's own timers fire at once beyond it. */
const MAX_DELAY_MS = 0x7fff_ffff;

export class Timers {
  readonly #clock: Clock;
  readonly #lists = new Map<number, TimerList>();
  #armed: (() => void) | undefined;
  #armedFor = Infinity;
  #firing = false;
  #runs = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  now(): number {
    return this.#clock.now();
  }

  /** As of a clock: gives what cancels it. */
  after(delayMs: number, callback: () => void): () => void {
    const timer = this.start(delayMs, callback);
    return () => this.cancel(timer);
  }

  /** `duration` is in milliseconds; `Infinity` never fires, what is negative or no number at once. */
  start(duration: number, fire: () => void): Timer {
    const durationMs = duration > 0 ? duration : 0;
    const deadline = this.#clock.now() + durationMs;
    const startedIn = this.#firing ? this.#runs : 0;
    const timer: Timer = {
      durationMs,
      fire,
      deadline,
      previous: undefined,
      next: undefined,
      active: true,
      startedIn,
    };
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
    }
    // A deadline that is armed for a cancelled timer stays armed, even if it was the last: it fires once,
    // finds nothing due and arms the next. (Measured: otherwise one call at a time costs a timer of the
    // clock each, 3 µs of its 20.)
  }

  /** The earliest deadline, or `Infinity`. */
  nextDeadline(): number {
    let next = Infinity;
    for (const list of this.#lists.values())
      if (list.first !== undefined) next = Math.min(next, list.first.deadline);
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
    this.#armed = this.#clock.after(Math.min(MAX_DELAY_MS, Math.max(0, deadline - this.#clock.now())), () => {
      this.#run();
    });
  }

  #run(): void {
    this.#armed = undefined;
    this.#armedFor = Infinity;
    this.#firing = true;
    this.#runs++;
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

  /**
   * In order of deadline over all lists, so that timers of different durations fire in their order. One
   * that was started by a timer of this run waits for the next: a chain of timers without delay must
   * not hold up the thread.
   */
  #firstDue(): Timer | undefined {
    let due: Timer | undefined;
    for (const { first } of this.#lists.values()) {
      if (first === undefined || first.startedIn === this.#runs) continue;
      if (due === undefined || first.deadline < due.deadline) due = first;
    }
    return due !== undefined && due.deadline <= this.#clock.now() ? due : undefined;
  }
}
