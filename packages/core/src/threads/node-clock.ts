/** The process's own clock, as the adapters hand it to kernel and runtimes. */
import type { Clock, NextTurn, Random } from '../clock.js';

// As they are when a thread begins: guest code may replace them, and under the test clock we do.
const { setTimeout, clearTimeout, setImmediate } = globalThis;

/** Milliseconds from some zero, never set back. */
export const monotonicNow: () => number = performance.now.bind(performance);

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
