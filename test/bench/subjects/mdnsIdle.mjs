import { setTimeout as pause } from 'node:timers/promises';
import { openNetwork } from './network.mjs';

const HOSTS = 5;
const NAMES = 500;
/** What was asked and answered when the names came is over by then. */
const SETTLED_MS = 10_000;
const MEASURED_MS = 30_000;

export const open = openNetwork(async (network) => {
  const hosts = await Promise.all(Array.from({ length: HOSTS }, (_, i) => network.host(`h${i}`)));
  await Promise.all(hosts.map((host) => host.start()));
  await Promise.all(
    hosts.map((host) =>
      host.advertise(Array.from({ length: NAMES / HOSTS }, (_, n) => `${host.name}-name-${n}`)),
    ),
  );
  await Promise.all(hosts.map((host) => host.until({ hosts: HOSTS, names: NAMES }, 30_000)));
  await pause(SETTLED_MS);
  const sent = async () => (await Promise.all(hosts.map((host) => host.sent()))).reduce((sum, n) => sum + n);
  const before = await sent();
  const start = performance.now();
  await pause(MEASURED_MS);
  return ((await sent()) - before) / ((performance.now() - start) / 1000);
});
