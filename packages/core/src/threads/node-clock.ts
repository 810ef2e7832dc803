/** The process's own clock, as the adapters hand it to kernel and runtimes. */
import type { Clock, NextTurn } from '../clock.js';

// As they are when a thread begins: guest code may replace them, and under the test clock we do.
const { setTimeout, clearTimeout, setImmediate } = globalThis;
const { hrtime } = process;

/** Milliseconds from some zero, never set back. `performance.now` would do, but loads a module for 0.7 ms in every thread. */
export function monotonicNow(): number {
  const [seconds, nanoseconds] = hrtime();
  return seconds * 1000 + nanoseconds / 1e6;
}

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
