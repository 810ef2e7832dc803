/**
 * Cold starts back to back: the next worker starts at the first message of the one before, which ends meanwhile.
 */
import { seconds } from '../clock.mjs';
import { startBareWorker } from './bare-workers.mjs';

/** @type {import('../subject.mjs').Open} */
export async function open() {
  return {
    async run({ count }) {
      const exits = [];
      const started = seconds();
      for (let i = 0; i < count; i += 1) {
        const { ended } = await startBareWorker({ stay: false });
        exits.push(ended);
      }
      const elapsed = seconds() - started;
      await Promise.all(exits);
      return { count, seconds: elapsed };
    },
    async close() {},
  };
}
