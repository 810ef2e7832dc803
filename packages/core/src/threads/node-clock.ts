/** The process's own clock, as the adapters hand it to kernel and runtimes. */
import type { Clock, NextTurn, Random } from '../clock.js';

// As they are when a thread begins: guest code may replace them, and under the test clock we do.
const { setTimeout, clearTimeout, setImmediate } = globalThis;
const sinceStart = performance.now.bind(performance);
/**
 * Where that counts from, on the machine's clock. To read this one each time costs a round trip 8 %. The thread may be
 * held up between both readings, which makes it less than it is, never more.
 */
const start = Math.max(...[1, 2, 3].map(() => Number(process.hrtime.bigint()) / 1e6 - sinceStart()));

/**
 * Milliseconds of the machine's monotonic clock, never set back: at one instant the same in all threads and processes of
 * the machine (`performance.now` counts from the start of each), so that one may tell another until when. They pass while a
 * process stands still, too.
 */
export const monotonicNow = (): number => start + sinceStart();

/** Milliseconds since 1970 as the machine believes; may be set back and forth. For what other machines date. */
export const wallNow: () => number = Date.now;

export const nodeRandom: Random = { next: Math.random };

export function nodeClock(): Clock {
  return {
    now: monotonicNow,
    after(delayMs, wake) {
      const timer = setTimeout(wake, delayMs);
      timer.unref();
      return () => clearTimeout(timer);
    },
  };
}

export const nodeNextTurn: NextTurn = (callback) => {
  setImmediate(callback);
};
