/**
 * Resident memory of bare workers that each hold a message handler, after a collection in every thread.
 */
import { once } from 'node:events';
import { residentBytes } from '../memory.mjs';
import { startBareWorkers } from './bare-workers.mjs';

/** @type {import('../subject.mjs').Open} */
export async function open() {
  return {
    async run({ count }) {
      const before = await residentBytes();
      const workers = await startBareWorkers(count, 2);
      for (const worker of workers) {
        const collected = once(worker, 'message');
        worker.postMessage('collect');
        await collected;
      }
      const after = await residentBytes();
      await Promise.all(workers.map((worker) => worker.terminate()));
      return { count, bytes: after - before };
    },
    async close() {},
  };
}
