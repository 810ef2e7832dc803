/**
 * A host in a namespace: discovery, and if it is told so a tree with a bridge, driven over stdin and stdout by lines
 * of JSON; the first one says who it is.
 */
import { createInterface } from 'node:readline';
import { openJoinTicket } from '@espalier/core/identity';
import { startDiscovery } from '@espalier/discovery';

/** @type {import('@espalier/discovery').Discovery | undefined} */
let discovery;
/** @type {Map<string, import('@espalier/discovery').Advertisement>} */
const offers = new Map();

/** @param {Record<string, unknown>} line */
function say(line) {
  process.stdout.write(`${JSON.stringify(line)}\n`);
}

/** @type {Record<string, (known: import('@espalier/discovery').Discovery, line: any) => unknown>} */
const ORDERS = {
  advertise(known, { names, holding }) {
    for (const name of names) offers.set(name, known.advertise(name, { holding }));
  },
  withdraw(_known, { names }) {
    for (const name of names) offers.get(name)?.withdraw();
  },
  watch(known, { name }) {
    known.watch(name, ({ kind, after }) =>
      say({ event: kind, name, holders: after.holders.map((h) => h.host) }),
    );
  },
  names: (known) => known.names(),
  hosts: (known) => known.hosts(),
  status: (known) => known.status(),
  /** Resolves when the known names and hosts are so, with how long it took, or null after `mostMs`. */
  until(known, { names, hosts, holders = {}, refused, hearing, mostMs }) {
    const start = performance.now();
    const isSo = () => {
      const held = new Map(known.names().map((state) => [state.name, state.holders.map(({ host }) => host)]));
      if (names !== undefined && held.size !== names) return false;
      const heard = known
        .status()
        .links.filter((link) => link.hearing === 'heard')
        .map(({ id }) => id);
      if (hearing !== undefined && heard.join() !== hearing.join()) return false;
      if (refused !== undefined && !(refused in known.status().refused)) return false;
      if (hosts !== undefined && known.hosts().length !== hosts) return false;
      return Object.entries(holders).every(([name, ids]) => (held.get(name) ?? []).join() === ids.join());
    };
    return new Promise((resolve) => {
      const look = setInterval(() => {
        const took = performance.now() - start;
        if (!isSo() && took < mostMs) return;
        clearInterval(look);
        resolve(isSo() ? took : null);
      }, 5);
    });
  },
  async close(known) {
    await known.close();
    setImmediate(() => process.exit(0));
  },
};

createInterface({ input: process.stdin })
  .on('line', async (text) => {
    const line = JSON.parse(text);
    if (discovery === undefined) {
      const { key, ticket, options, tree } = line;
      discovery = startDiscovery({ membership: openJoinTicket(ticket, key), ...options });
      discovery.watchHosts(({ kind, host }) => say({ event: kind, host }));
      if (tree !== undefined) {
        const { startTree } = await import('./faults/tree.mjs');
        Object.assign(ORDERS, await startTree(tree, say));
      }
      say({ started: discovery.host });
      return;
    }
    const value = await ORDERS[line.order]?.(discovery, line);
    say({ id: line.id, value: value ?? null });
  })
  .on('close', () => process.exit(0));
