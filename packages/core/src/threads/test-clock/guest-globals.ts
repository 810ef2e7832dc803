/**
 * Guest code asks for the time by many names. Under a test clock those that this file replaces follow it:
 * timers (global, `node:timers`, `node:timers/promises`), `Date`, `performance.now`, `process.hrtime` and
 * `AbortSignal.timeout`. `setImmediate` and `queueMicrotask` know nothing of time and stay; Node's own
 * timers (of sockets, HTTP, child processes) are out of reach and stay real.
 */
import { createRequire, syncBuiltinESMExports } from 'node:module';
import type { Clock } from '../../clock.js';
import { guestTimers, guestTimersPromises } from './guest-timers.js';

const nodeRequire = createRequire(import.meta.url);
const NS_PER_MS = 1_000_000n;

/** `epochMs`: what `Date.now()` says when the clock is at 0. */
export function installGuestTime(clock: Clock, epochMs: number): void {
  const timers = guestTimers(clock);
  const { scheduler, ...promises } = guestTimersPromises(clock);
  const nodePromises = nodeRequire('node:timers/promises') as { scheduler: object };
  Object.assign(globalThis, timers, { Date: dateOf(() => Math.floor(epochMs + clock.now())) });
  Object.assign(nodeRequire('node:timers') as object, timers);
  Object.assign(nodePromises.scheduler, scheduler);
  Object.assign(nodePromises, promises);
  define(performance, { now: () => clock.now(), timeOrigin: epochMs });
  define(process, { hrtime: hrtimeOf(clock) });
  define(AbortSignal, { timeout: timeoutOf(clock) });
  syncBuiltinESMExports();
}

function define(owner: object, values: Readonly<Record<string, unknown>>): void {
  for (const [name, value] of Object.entries(values))
    Object.defineProperty(owner, name, { value, configurable: true, writable: true });
}

/** Node's own class in all but the present time: dates made before and after are of one kind. */
function dateOf(now: () => number): DateConstructor {
  const RealDate = Date;
  const guestDate: DateConstructor = new Proxy(RealDate, {
    apply: () => new RealDate(now()).toString(),
    construct: (target, parameters: unknown[], newTarget) =>
      Reflect.construct(
        target,
        parameters.length === 0 ? [now()] : parameters,
        newTarget === guestDate ? target : newTarget,
      ) as object,
    get: (target, name, receiver) =>
      name === 'now' ? now : (Reflect.get(target, name, receiver) as unknown),
  });
  Object.defineProperty(RealDate.prototype, 'constructor', { value: guestDate });
  return guestDate;
}

function hrtimeOf(clock: Clock): typeof process.hrtime {
  const now = (): bigint => BigInt(Math.round(clock.now() * 1e6));
  const hrtime = (since: readonly [number, number] = [0, 0]): [number, number] => {
    const ns = now() - BigInt(since[0]) * 1000n * NS_PER_MS - BigInt(since[1]);
    return [Number(ns / (1000n * NS_PER_MS)), Number(ns % (1000n * NS_PER_MS))];
  };
  return Object.assign(hrtime, { bigint: now });
}

function timeoutOf(clock: Clock): typeof AbortSignal.timeout {
  return (delayMs) => {
    const controller = new AbortController();
    clock.after(delayMs, () => {
      controller.abort(new DOMException('The operation was aborted due to timeout', 'TimeoutError'));
    });
    return controller.signal;
  };
}
