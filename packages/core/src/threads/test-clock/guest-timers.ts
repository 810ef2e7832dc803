/** `setTimeout`, `setInterval` and what clears them, as Node has them but for the clock that they run on. */
import { AsyncResource } from 'node:async_hooks';
import { promisify } from 'node:util';
import type { Clock } from '../../clock.js';

type Callback = (...parameters: unknown[]) => void;

/** Longer ones fire after a millisecond, as in Node. */
const MAX_DELAY_MS = 0x7fff_ffff;

export interface GuestTimers {
  setTimeout(callback: Callback, delayMs?: number, ...parameters: unknown[]): unknown;
  setInterval(callback: Callback, delayMs?: number, ...parameters: unknown[]): unknown;
  clearTimeout(timer: unknown): void;
  clearInterval(timer: unknown): void;
}

export interface GuestTimersPromises {
  setTimeout<T>(delayMs?: number, value?: T, options?: AbortOptions): Promise<T>;
  setInterval<T>(delayMs?: number, value?: T, options?: AbortOptions): AsyncIterable<T>;
  readonly scheduler: { wait(delayMs: number, options?: AbortOptions): Promise<void> };
}

interface AbortOptions {
  readonly signal?: AbortSignal;
}

export function guestTimers(clock: Clock): GuestTimers {
  const { setTimeout: real, clearTimeout: clearReal } = globalThis;
  const known = new Map<number, GuestTimeout>();
  let lastId = 0;
  const start = (callback: Callback, delayMs: number, repeats: boolean, parameters: unknown[]): unknown => {
    // Node's own refuses it in its own words.
    if (typeof callback !== 'function') return real(callback, delayMs);
    const run = AsyncResource.bind(callback);
    const id = ++lastId;
    const timer = new GuestTimeout(id, clock, known, delayMs, repeats, () => run.apply(timer, parameters));
    return timer;
  };
  const clear = (timer: unknown): void => {
    if (timer instanceof GuestTimeout) timer.close();
    else if (typeof timer === 'number' || typeof timer === 'string') known.get(Number(timer))?.close();
    else clearReal(timer as NodeJS.Timeout);
  };
  const setTimeout: GuestTimers['setTimeout'] = (callback, delayMs, ...parameters) =>
    start(callback, sane(delayMs, 0), false, parameters);
  const { setTimeout: wait } = guestTimersPromises(clock);
  return {
    setTimeout: Object.assign(setTimeout, { [promisify.custom]: wait }),
    setInterval: (callback, delayMs, ...parameters) => start(callback, sane(delayMs, 1), true, parameters),
    clearTimeout: clear,
    clearInterval: clear,
  };
}

export function guestTimersPromises(clock: Clock): GuestTimersPromises {
  const wait = <T>(delayMs?: number, value?: T, { signal }: AbortOptions = {}): Promise<T> =>
    new Promise((resolve, reject) => {
      const abort = (): void => {
        cancel();
        reject(abortError(signal));
      };
      const cancel = clock.after(sane(delayMs, 0), () => {
        signal?.removeEventListener('abort', abort);
        resolve(value as T);
      });
      if (signal?.aborted === true) abort();
      else signal?.addEventListener('abort', abort, { once: true });
    });
  return {
    setTimeout: wait,
    async *setInterval(delayMs, value, options) {
      for (;;) yield await wait(sane(delayMs, 1), value as never, options);
    },
    scheduler: { wait: (delayMs, options) => wait(delayMs, undefined, options) },
  };
}

/**
 * A delay of 0 stays one: no time has to pass for it. (Node makes 1 ms of it, and a guest that only lets
 * its loop turn would wait for the test.)
 */
function sane(delayMs: number | undefined, least: number): number {
  const given = Number(delayMs ?? 0);
  if (given > MAX_DELAY_MS) return 1;
  return given >= least ? given : least;
}

function abortError(signal: AbortSignal | undefined): Error {
  const error = new Error('The operation was aborted', { cause: signal?.reason });
  return Object.assign(error, { name: 'AbortError', code: 'ABORT_ERR' });
}

class GuestTimeout {
  readonly #id: number;
  readonly #clock: Clock;
  readonly #known: Map<number, GuestTimeout>;
  readonly #delayMs: number;
  readonly #run: () => void;
  #cancel: (() => void) | undefined;
  #holds = true;

  constructor(
    id: number,
    clock: Clock,
    known: Map<number, GuestTimeout>,
    delayMs: number,
    repeats: boolean,
    run: () => void,
  ) {
    this.#id = id;
    this.#clock = clock;
    this.#known = known;
    this.#delayMs = delayMs;
    this.#run = () => {
      if (repeats) this.refresh();
      else this.close();
      run();
    };
    this.refresh();
  }

  refresh(): this {
    this.close();
    this.#known.set(this.#id, this);
    this.#cancel = this.#clock.after(this.#delayMs, this.#run);
    return this;
  }

  close(): this {
    this.#cancel?.();
    this.#known.delete(this.#id);
    return this;
  }

  // A guest's thread is held by its kernel, not by its timers.
  ref(): this {
    this.#holds = true;
    return this;
  }

  unref(): this {
    this.#holds = false;
    return this;
  }

  hasRef(): boolean {
    return this.#holds;
  }

  [Symbol.toPrimitive](): number {
    return this.#id;
  }
}
