/** One small service from `start` until it runs, in a process of its own: kernel, image and cell included. */
import { start } from '@espalier/supervisor';
import { seconds } from '../clock.mjs';

const spec = { children: [{ id: 'service', module: './sum-server.mjs' }] };
const base = new URL('./guests/', import.meta.url);

/** @type {import('../subject.mjs').Open} */
export async function open() {
  return {
    async run({ count }) {
      let total = 0;
      for (let i = 0; i < count; i += 1) {
        const started = seconds();
        const host = await start(spec, { base });
        total += seconds() - started;
        await host.stop();
      }
      return { count, seconds: total };
    },
    async close() {},
  };
}
