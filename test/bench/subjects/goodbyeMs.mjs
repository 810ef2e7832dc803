import { openNetwork, pairOf } from './network.mjs';

export const open = openNetwork(async (network) => {
  const { a, b } = await pairOf(network);
  const known = a.until({ hosts: 1, names: 0 }, 20_000);
  const start = performance.now();
  const closed = b.close();
  await known;
  const tookMs = performance.now() - start;
  await closed;
  return tookMs;
});
