/** Spawn to ready from a warm spare, one at a time, the pool refilled between. */
import { seconds } from '../clock.mjs';
import { startHost } from './host.mjs';
import { sparesRefilled } from './spares.mjs';

/** @type {import('../subject.mjs').Open} */
export async function open() {
  const host = await startHost({ children: [] });
  const { context } = host;
  // The first spawn makes its limit class known to the pool.
  await spawnOnce(context);
  return {
    async run({ count }) {
      let total = 0;
      for (let i = 0; i < count; i++) {
        await sparesRefilled(host);
        total += await spawnOnce(context);
      }
      return { count, seconds: total };
    },
    async close() {
      await host.stop();
    },
  };
}

/** @param {import('@espalier/core').Context} context */
async function spawnOnce(context) {
  const started = seconds();
  const { address, monitor } = await context.spawn({ module: './idle.mjs' }, { monitor: true });
  const elapsed = seconds() - started;
  context.kill(address);
  await context.receive({ match: (item) => item.type === 'down' && item.monitor === monitor });
  return elapsed;
}
