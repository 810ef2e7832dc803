/** Time, chance and the end of a turn as Node has them: what the driver hands to the bridge. */
import { randomBytes } from 'node:crypto';
import type { AfterTurn, Clock, Random } from '@espalier/core/internal/bridge.js';

export const nodeClock: Clock = {
  /** The machine's monotonic clock, as the threads beside have it: they are told until when something may be begun. */
  now() {
    const [seconds, nanoseconds] = process.hrtime();
    return seconds * 1000 + nanoseconds / 1e6;
  },
  after(delayMs, wake) {
    const timer = setTimeout(wake, delayMs);
    timer.unref();
    return () => clearTimeout(timer);
  },
};

/** Incarnations are told apart by it: not to be guessed, and never the same twice. */
export const nodeRandom: Random = { next: () => randomBytes(4).readUInt32BE() / 2 ** 32 };

/** Not soon: when all that has arrived by now was delivered, for each message of another thread is a turn of its own. */
export const nodeAfterTurn: AfterTurn = (callback, soon) => {
  if (soon === true) process.nextTick(callback);
  else setImmediate(callback);
};
