/**
 * Warm spares: threads that are started before anybody asks for them, and wait. A few for each class of
 * limits that was used lately; each is used once.
 *
 * Invariants:
 * - at most one spare is being started at a time, and none while a warm one that was just taken is still
 *   becoming ready: refilling never delays a warm start;
 * - a spare that is still starting may be taken: crashes back to back then cost one start each, no more;
 * - never more than `total`; the class that was used longest ago gives way;
 * - a spare that dies by itself is not replaced until one is asked for again: a broken bootstrap cannot
 *   make us start threads for ever.
 */
import type { Clock } from '../clock.js';
import type { WallLimits } from '../kernel/wall.js';
import { limitClass } from './limits.js';

/** An environment that never says anything must not hold up the refill for ever. */
const QUIET_AFTER_MS = 50;
/** To start a thread keeps the kernel for a millisecond: whoever waits for the environment hears of it first. */
const SETTLED_AFTER_MS = 2;

export interface SpareOptions {
  /** Spares kept for each class of limits. Default 1; 0 turns spares off. */
  readonly perClass?: number;
  /** Spares kept altogether. Default 4. */
  readonly total?: number;
  /**
   * Whether one may be started beside a thread that was asked for, so that threads asked for faster than they start
   * come two at a time. Default true; false in a cell, where the first thread may be the only one and is waited for.
   */
  readonly beside?: boolean;
}

export interface SpareSource<T> {
  start(limits: WallLimits): T;
  discard(spare: T): void;
}

interface Spare<T> {
  readonly thread: T;
  readonly key: string;
  ready: boolean;
}

export class Spares<T> {
  readonly #perClass: number;
  readonly #total: number;
  readonly #beside: boolean;
  readonly #source: SpareSource<T>;
  readonly #clock: Clock;
  /** In order of last use, the latest last. */
  readonly #classes = new Map<string, WallLimits>();
  #spares: Spare<T>[] = [];
  #cancelRefill: (() => void) | undefined;
  #closed = false;

  constructor(source: SpareSource<T>, clock: Clock, options: SpareOptions = {}) {
    this.#source = source;
    this.#clock = clock;
    this.#perClass = options.perClass ?? 1;
    this.#total = options.total ?? 4;
    this.#beside = options.beside ?? true;
  }

  /** The spares that wait, those that are still starting included. */
  get threads(): readonly T[] {
    return this.#spares.map(({ thread }) => thread);
  }

  /** One that was started by somebody else. */
  adopt(thread: T, limits: WallLimits): void {
    this.#spares.push({ thread, key: limitClass(limits), ready: false });
  }

  /** A spare for these limits, the readiest first; undefined when there is none. */
  take(limits: WallLimits): T | undefined {
    if (this.#closed || this.#perClass === 0 || this.#total === 0) return undefined;
    const key = limitClass(limits);
    this.#classes.delete(key);
    this.#classes.set(key, limits);
    const fit = this.#spares.filter((spare) => spare.key === key);
    const taken = fit.find((spare) => spare.ready) ?? fit[0];
    if (taken !== undefined) this.#spares = this.#spares.filter((spare) => spare !== taken);
    this.#cancelRefill?.();
    this.#cancelRefill = undefined;
    // Asked for faster than they start: the next one starts beside this one (measured: two threads at a
    // time start in 13 ms each, one by one in 21 to 27).
    if (taken?.ready !== true && this.#beside) this.refill();
    else this.#cancelRefill = this.#clock.after(QUIET_AFTER_MS, this.refill);
    return taken?.thread;
  }

  /** The environment that took the last thread has said its first word: it is ready, as a rule. */
  settled(): void {
    if (this.#cancelRefill === undefined) return;
    this.#cancelRefill();
    this.#cancelRefill = this.#clock.after(SETTLED_AFTER_MS, this.refill);
  }

  /** Nothing else is to be done. */
  readonly refill = (): void => {
    this.#cancelRefill?.();
    this.#cancelRefill = undefined;
    if (this.#closed || this.#spares.some((spare) => !spare.ready)) return;
    const wanted = this.#wanted();
    for (const spare of this.#spares.filter(({ key }) => !wanted.has(key))) this.#drop(spare);
    for (const [key, limits] of wanted) {
      if (this.#spares.filter((spare) => spare.key === key).length >= this.#perClass) continue;
      if (this.#spares.length < this.#total) {
        this.#spares.push({ thread: this.#source.start(limits), key, ready: false });
      }
      return;
    }
  };

  /** A spare has booted and waits; the next one may start. */
  ready(thread: T): void {
    const spare = this.#spares.find((candidate) => candidate.thread === thread);
    if (spare === undefined) return;
    spare.ready = true;
    if (this.#cancelRefill === undefined) this.refill();
  }

  /** A spare is gone without having been taken. */
  ended(thread: T): void {
    this.#spares = this.#spares.filter((spare) => spare.thread !== thread);
  }

  close(): void {
    this.#closed = true;
    this.#cancelRefill?.();
    for (const spare of [...this.#spares]) this.#drop(spare);
  }

  #drop(spare: Spare<T>): void {
    this.ended(spare.thread);
    this.#source.discard(spare.thread);
  }

  /** As many classes as the total has room for, the latest used first; older ones are forgotten. */
  #wanted(): Map<string, WallLimits> {
    const most = Math.max(1, Math.floor(this.#total / this.#perClass));
    const latest = [...this.#classes].reverse();
    for (const [key] of latest.splice(most)) this.#classes.delete(key);
    return new Map(latest);
  }
}
