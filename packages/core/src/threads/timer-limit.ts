/**
 * Counts the timers of a guest that are under way, by whatever name it starts them: global, `node:timers`, `node:timers/promises`,
 * the runtime's. It is for programs that lose count of theirs. It is no wall: the guest's own thread counts, and
 * what a hostile one gets past it is memory of its own, which is held from outside.
 */
import { createRequire, syncBuiltinESMExports } from 'node:module';
import { promisify } from 'node:util';
import { EnvironmentError } from '../errors.js';

const nodeRequire = createRequire(import.meta.url);

export class TimerCount {
  readonly #most: number;
  readonly #live = new Set<object>();

  constructor(most: number) {
    this.#most = most;
  }

  /** @throws EnvironmentError `limit_refused` where there is no room for one more. */
  admit(): void {
    if (this.#live.size < this.#most) return;
    const problem = `the limit \`timers\`: ${String(this.#most)} of them are under way`;
    throw new EnvironmentError('limit_refused', problem, { field: 'timers', value: this.#most });
  }

  began(timer: object): void {
    this.#live.add(timer);
  }

  ended(timer: object): void {
    this.#live.delete(timer);
  }
}

type Callback = (...parameters: unknown[]) => void;
type Start = (callback: Callback, ...rest: unknown[]) => object;
type Wait = (...parameters: unknown[]) => Promise<unknown>;
type Repeat = (...parameters: unknown[]) => AsyncIterable<unknown>;

interface Timers {
  readonly setTimeout: Start;
  readonly setInterval: Start;
  readonly clearTimeout: (timer: unknown) => void;
}

/** From now on those that this thread starts are counted. Before guest code runs. */
export function limitTimers(count: TimerCount): void {
  const timers = nodeRequire('node:timers') as Timers;
  const promises = nodeRequire('node:timers/promises') as {
    readonly setTimeout: Wait;
    readonly setInterval: Repeat;
    readonly scheduler: { wait: Wait };
  };
  const wait = countedWait(count, promises.setTimeout);
  const byId = new Map<number, object>();
  const started = {
    setTimeout: Object.assign(counted(count, byId, timers.setTimeout, true), { [promisify.custom]: wait }),
    setInterval: counted(count, byId, timers.setInterval, false),
    // Node takes either of the two for either kind.
    clearTimeout: clearing(byId, timers.clearTimeout),
    clearInterval: clearing(byId, timers.clearTimeout),
  };
  Object.assign(timers, started);
  Object.assign(globalThis, started);
  promises.scheduler.wait = countedWait(count, promises.scheduler.wait.bind(promises.scheduler));
  Object.assign(promises, { setTimeout: wait, setInterval: countedRepeat(count, promises.setInterval) });
  syncBuiltinESMExports();
}

function counted(count: TimerCount, byId: Map<number, object>, start: Start, once: boolean): Start {
  return (callback, ...rest) => {
    // Node's own refuses it in its own words.
    if (typeof callback !== 'function') return start(callback, ...rest);
    count.admit();
    const over = (): void => {
      count.ended(timer);
      byId.delete(Number(timer));
    };
    const timer = start(
      function (this: unknown, ...parameters) {
        if (once) over();
        callback.apply(this, parameters);
      },
      ...rest,
    );
    count.began(timer);
    byId.set(Number(timer), timer);
    ENDS.set(timer, over);
    const { close } = timer as { close(): unknown };
    Object.assign(timer, {
      close() {
        over();
        return close.call(timer);
      },
    });
    return timer;
  };
}

/** What is to be done when one of them is cleared. */
const ENDS = new WeakMap<object, () => void>();

/** A timer, or the number that it becomes. */
function clearing(byId: ReadonlyMap<number, object>, clear: (timer: unknown) => void) {
  return (timer: unknown): void => {
    const isId = typeof timer === 'number' || typeof timer === 'string';
    const known = isId ? byId.get(Number(timer)) : timer;
    if (typeof known === 'object' && known !== null) ENDS.get(known)?.();
    clear(timer);
  };
}

function countedWait(count: TimerCount, wait: Wait): Wait {
  return async (...parameters) => {
    const timer = {};
    count.admit();
    count.began(timer);
    try {
      return await wait(...parameters);
    } finally {
      count.ended(timer);
    }
  };
}

function countedRepeat(count: TimerCount, repeat: Repeat): Repeat {
  return async function* (...parameters) {
    const timer = {};
    count.admit();
    count.began(timer);
    try {
      yield* repeat(...parameters);
    } finally {
      count.ended(timer);
    }
  };
}
