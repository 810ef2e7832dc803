import { openNetwork } from './network.mjs';

export const open = openNetwork(async (network) => {
  const a = await network.host('a');
  const b = await network.host('b');
  await a.start();
  await a.until({ hosts: 1 }, 20_000);
  const start = performance.now();
  await b.start();
  await b.advertise(['db']);
  await a.until({ holders: { db: [b] } }, 20_000);
  return performance.now() - start;
});
