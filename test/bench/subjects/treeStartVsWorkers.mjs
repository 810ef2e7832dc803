/** A whole tree, from `start` to the last environment being ready, and stopped again. */
import { seconds } from '../clock.mjs';
import { startHost } from './host.mjs';

/** @type {import('../subject.mjs').Open} */
export async function open() {
  return {
    async run({ count }) {
      const children = Array.from({ length: count }, (_, n) => ({ id: `child-${n}`, module: './idle.mjs' }));
      const started = seconds();
      const host = await startHost({ children });
      const elapsed = seconds() - started;
      await host.stop();
      return { count, seconds: elapsed };
    },
    async close() {},
  };
}
