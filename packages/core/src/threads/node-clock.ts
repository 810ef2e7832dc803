/** The process's own clock, as the adapters hand it to kernel and runtimes. */
import type { Clock } from '../clock.js';

export function nodeClock(): Clock {
  return {
    now: () => performance.now(),
    after(delayMs, wake) {
      const timer = setTimeout(wake, delayMs);
      timer.unref();
      return () => clearTimeout(timer);
    },
  };
}
