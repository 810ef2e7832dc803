import { openNetwork, pairOf } from './network.mjs';

export const open = openNetwork(async (network) => {
  const { a, b } = await pairOf(network);
  const start = performance.now();
  await b.kill();
  await a.until({ hosts: 1, names: 0 }, 20_000);
  return performance.now() - start;
});
