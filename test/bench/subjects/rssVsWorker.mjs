/** Resident memory of environments with the guard attached and one open channel each. */
import { residentBytes } from '../memory.mjs';
import { startHost } from './host.mjs';
import { sparesRefilled } from './spares.mjs';

/** @type {import('../subject.mjs').Open} */
export async function open() {
  const before = await residentBytes();
  const host = await startHost({ children: [] });
  const { context } = host;
  /** @param {number} count */
  const spawn = async (count) => {
    const addresses = [];
    for (let i = 0; i < count; i++) {
      const { address } = await context.spawn({ module: './collecting.mjs' });
      await context.call(address, 'collect', []);
      addresses.push(address);
    }
    return addresses;
  };
  // The limit class becomes known, the loader's thread and the spare are there before and after.
  await spawn(1);
  await sparesRefilled(host);
  const idle = await residentBytes();
  return {
    async run({ count }) {
      const addresses = await spawn(count);
      await sparesRefilled(host);
      await Promise.all(addresses.map((address) => context.call(address, 'collect', [])));
      const after = await residentBytes();
      return { count, bytes: after - idle, apart: { kernelAndSpares: idle - before } };
    },
    async close() {
      await host.stop();
    },
  };
}
