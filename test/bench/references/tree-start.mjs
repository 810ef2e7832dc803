/**
 * So many workers that stay, started two at a time, from the first `new Worker` to the last first message.
 */
import { seconds } from '../clock.mjs';
import { startBareWorkers } from './bare-workers.mjs';

/** @type {import('../subject.mjs').Open} */
export async function open() {
  return {
    async run({ count }) {
      const started = seconds();
      const workers = await startBareWorkers(count, 2);
      const elapsed = seconds() - started;
      await Promise.all(workers.map((worker) => worker.terminate()));
      return { count, seconds: elapsed };
    },
    async close() {},
  };
}
