/** Spawn to ready from a warm spare: under a supervisor, as a child of its template, and without one. */
import { seconds } from '../clock.mjs';
import { startHost } from './host.mjs';
import { sparesRefilled } from './spares.mjs';
import { open as openAlone } from './warmSpawnVsWorker.mjs';

export const openReference = openAlone;

/** @type {import('../subject.mjs').Open} */
export async function open() {
  const host = await startHost({
    name: 'tree',
    strategy: 'simple_one_for_one',
    children: [{ id: 'child', module: './idle.mjs', restart: 'temporary' }],
  });
  const { context } = host;
  const startOnce = async () => {
    const started = seconds();
    const child = await host.startChild('tree');
    const elapsed = seconds() - started;
    if (child === undefined) throw new Error('the child did not start');
    const monitor = await context.monitor(child.address);
    context.kill(child.address);
    await context.receive({ match: (item) => item.type === 'down' && item.monitor === monitor });
    return elapsed;
  };
  // The first start makes the limit class known to the pool.
  await startOnce();
  return {
    async run({ count }) {
      let total = 0;
      for (let i = 0; i < count; i++) {
        await sparesRefilled(host);
        total += await startOnce();
      }
      return { count, seconds: total };
    },
    async close() {
      await host.stop();
    },
  };
}
