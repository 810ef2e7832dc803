/**
 * Hosts that discover each other, each a process in a network namespace of its own (test/namespaces). A run has a
 * network to itself, so nothing that was known before shortens what is measured.
 */
import { Network, whyNotHere } from '../../namespaces/network.mjs';

/**
 * @param {(network: Network, work: import('../subject.mjs').Work) => Promise<number>} measure
 * @returns {import('../subject.mjs').Open}
 */
export function openNetwork(measure) {
  return async () => {
    const why = whyNotHere();
    if (why !== undefined) throw new Error(`no network to measure in: ${why}`);
    return {
      async run(work) {
        const network = await Network.create();
        try {
          return { count: work.count, amount: await measure(network, work) };
        } finally {
          await network.close();
        }
      },
      close: async () => undefined,
    };
  };
}

/** Two hosts that know each other. @param {Network} network */
export async function pairOf(network) {
  const hosts = await Promise.all(['a', 'b'].map((name) => network.host(name)));
  const [a, b] = /** @type {[typeof hosts[0], typeof hosts[0]]} */ (hosts);
  await Promise.all(hosts.map((host) => host.start()));
  await b.advertise(['db']);
  await a.until({ hosts: 2, holders: { db: [b] } }, 20_000);
  return { a, b };
}
