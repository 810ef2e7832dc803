/** An apply must cost what it changes: of 500 nodes one is changed, against that node's restart alone. */
import { seconds } from '../clock.mjs';
import { READING_MS } from '../catalogue.mjs';
import { guest, startDaemon } from './daemon.mjs';

const NODES = 500;

/** The others say that they do not want to run: a thread each would be another benchmark. @param {number} change */
function specOf(change) {
  const others = Array.from({ length: NODES - 1 }, (_, n) => ({
    id: `node-${n}`,
    module: guest('ignoring.mjs'),
  }));
  return { name: 'bench', children: [{ id: 'one', module: guest('idle.mjs'), args: change }, ...others] };
}

/** @param {(daemon: Awaited<ReturnType<typeof startDaemon>>, n: number) => Promise<void>} once @param {number} moreMs */
const opened = (once, moreMs) => async () => {
  const daemon = await startDaemon(specOf(0));
  let n = 0;
  return {
    /** @param {import('../subject.mjs').Work} work */
    async run({ count }) {
      const started = seconds();
      for (let i = 0; i < count; i++) await once(daemon, ++n);
      return { count, seconds: seconds() - started + (count * moreMs) / 1000 };
    },
    close: daemon.close,
  };
};

export const open = opened(async ({ client, base }, n) => {
  const { changes } = await client.apply({ text: JSON.stringify(specOf(n)), base });
  if (changes.length !== 1) throw new Error(`${changes.length} changes, not one`);
}, 0);

export const openReference = opened(({ client }) => client.change('restart', 'bench/one'), READING_MS);
