/**
 * Cold starts one at a time: `new Worker` to its first message. The end of the worker is waited for, but not counted.
 */
import { seconds } from '../clock.mjs';
import { startBareWorker } from './bare-workers.mjs';

/** @type {import('../subject.mjs').Open} */
export async function open() {
  return {
    async run({ count }) {
      let total = 0;
      for (let i = 0; i < count; i += 1) {
        const started = seconds();
        const { ended } = await startBareWorker({ stay: false });
        total += seconds() - started;
        await ended;
      }
      return { count, seconds: total };
    },
    async close() {},
  };
}
