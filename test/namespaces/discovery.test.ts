/** Discovery between hosts of their own: namespaces, real sockets, real multicast, real time. */
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { createKeyPair } from '@espalier/core/identity';
import { MUST_RUN, Network, whyNotHere, type NetworkHost } from './network.mjs';

const WHY_NOT = whyNotHere();
if (WHY_NOT !== undefined) {
  const text = `NOT TESTED: discovery between network namespaces: ${WHY_NOT}`;
  if (MUST_RUN) throw new Error(text);
  process.stderr.write(`${text}\n`);
}
const here = WHY_NOT === undefined ? describe : describe.skip;

const LEASE_MS = 2000;
/** Each bound is twice what is stated for an idle machine: other work shares this one. */
const DISCOVER_MS = 2 * 1500;
const NOTICED_MS = 2 * LEASE_MS;
/** What was refused is tried again after 10 s. */
const REFUSED_AGAIN_MS = 2 * 10_000;
/** An interface is looked for each second; then comes the next beat. */
const MENDED_MS = 2 * (1000 + LEASE_MS);

here('hosts in network namespaces', () => {
  let network: Network;
  let a: NetworkHost;
  let b: NetworkHost;

  beforeEach(async () => {
    network = await Network.create();
    a = await network.host('a');
    b = await network.host('b');
    await Promise.all([a.start({ leaseMs: LEASE_MS, queue: 'qa' }), b.start({ leaseMs: LEASE_MS })]);
  });

  afterEach(() => network.close());

  test('two hosts find each other over IPv4 and IPv6, and a name of one resolves on the other', async () => {
    await a.advertise(['db']);
    expect(await b.until({ hosts: 2, holders: { db: [a] } }, DISCOVER_MS)).toBeLessThanOrEqual(DISCOVER_MS);
    expect(await b.ask('hosts')).toContainEqual(expect.objectContaining({ host: a.id, queue: 'qa' }));
    await a.until({ hearing: ['eth0/4', 'eth0/6'] }, DISCOVER_MS);
    expect(await a.ask('status')).toMatchObject({ problems: [] });
  });

  test('a host that is killed is lost within its lease, and its names with it', async () => {
    await a.advertise(['db', 'cache']);
    await b.until({ names: 2 }, DISCOVER_MS);
    await a.kill();
    expect(await b.until({ names: 0, hosts: 1 }, NOTICED_MS)).toBeLessThanOrEqual(NOTICED_MS);
    expect(b.events.at(-1)).toEqual({ event: 'lost', host: a.id });
    await a.start({ leaseMs: LEASE_MS });
    await b.until({ hosts: 2 }, DISCOVER_MS);
  });

  test('a host that closes is gone at once', async () => {
    await a.advertise(['db']);
    await b.until({ names: 1 }, DISCOVER_MS);
    const gone = b.until({ hosts: 1, names: 0 }, NOTICED_MS);
    await a.close();
    await gone;
    // By its goodbye: who is waited for in vain is lost.
    expect(b.events.at(-1)).toEqual({ event: 'left', host: a.id });
  });

  test('a name moves to the host that claims it last, in the eyes of all', async () => {
    const c = await network.host('c');
    await c.start({ leaseMs: LEASE_MS });
    await a.advertise(['db']);
    await c.until({ holders: { db: [a] } }, DISCOVER_MS);
    await c.ask('watch', { name: 'db' });
    await b.advertise(['db']);
    await Promise.all([a, b, c].map((host) => host.until({ holders: { db: [b] } }, DISCOVER_MS)));
    expect(c.events.at(-1)).toEqual({ event: 'conflict', name: 'db', holders: [b.id] });
    await a.ask('withdraw', { names: ['db'] });
    await b.ask('withdraw', { names: ['db'] });
    await Promise.all([a, b, c].map((host) => host.until({ names: 0 }, DISCOVER_MS)));
  });

  test('an interface that goes down and comes up: lost, then known again without a restart', async () => {
    await a.advertise(['db']);
    await b.until({ holders: { db: [a] } }, DISCOVER_MS);
    await a.setInterface(false);
    await b.until({ names: 0 }, NOTICED_MS);
    await a.until({ hosts: 1 }, NOTICED_MS);
    await a.setInterface(true);
    await b.until({ holders: { db: [a] } }, MENDED_MS);
    await a.until({ hosts: 2 }, MENDED_MS);
  });

  test('a host with two interfaces is known on both links, and one that comes later or goes is followed', async () => {
    await b.segment(1);
    await b.setAddress('10.98.0.77');
    await a.until({ hosts: 1 }, NOTICED_MS);
    await a.advertise(['db']);
    const c = await network.host('c');
    await c.start({ leaseMs: LEASE_MS });
    await c.until({ hosts: 2, holders: { db: [a] } }, DISCOVER_MS);
    await c.addInterface();
    await b.advertise(['cache']);
    await c.until({ hosts: 3, holders: { db: [a], cache: [b] } }, MENDED_MS);
    await c.until({ hearing: ['eth0/4', 'eth0/6', 'eth1/4', 'eth1/6'] }, MENDED_MS);
    await b.until({ hosts: 2 }, MENDED_MS);
    await c.setInterface(false, 'eth1');
    await c.until({ hosts: 2, names: 1, holders: { db: [a] } }, NOTICED_MS);
    await b.until({ hosts: 1 }, NOTICED_MS);
  });

  test('a host whose port is held for IPv4 says so and is known over IPv6; when it is free it speaks over both', async () => {
    const c = await network.host('c');
    await c.launch(new URL('hold-port.mjs', import.meta.url), {});
    await c.start({ leaseMs: LEASE_MS });
    await c.advertise(['db']);
    await Promise.all([
      c.until({ hosts: 3, hearing: ['eth0/6'] }, DISCOVER_MS),
      a.until({ hosts: 3, holders: { db: [c] } }, DISCOVER_MS),
    ]);
    expect(await c.ask('status')).toMatchObject({ problems: [{ code: 'port_refused', subject: 'eth0/4' }] });
    // In the order in which they were opened.
    await c.until({ hearing: ['eth0/6', 'eth0/4'] }, REFUSED_AGAIN_MS);
  });

  test('a host whose address changes stays known', async () => {
    await a.advertise(['db']);
    await b.until({ holders: { db: [a] } }, DISCOVER_MS);
    await a.setAddress('10.99.0.77');
    await a.ask('withdraw', { names: ['db'] });
    await a.advertise(['moved']);
    await b.until({ holders: { moved: [a] }, names: 1 }, MENDED_MS);
    expect(b.events.filter(({ event }) => event !== 'appeared')).toEqual([]);
  });

  test('a partition: each side loses the other; when it heals the last claim has the name', async () => {
    await a.advertise(['db']);
    await b.until({ holders: { db: [a] } }, DISCOVER_MS);
    await a.segment(1);
    await b.until({ names: 0 }, NOTICED_MS);
    await b.advertise(['db']);
    await b.until({ holders: { db: [b] } }, DISCOVER_MS);
    await a.until({ holders: { db: [a] } }, 100);
    await a.segment(0);
    await Promise.all([a, b].map((host) => host.until({ holders: { db: [b] }, hosts: 2 }, MENDED_MS)));
  });

  test('400 names of each of two hosts arrive, through 20 % loss too, and the link is quiet again', async () => {
    await Promise.all([a, b].map((host) => host.setLoss(20)));
    const names = (prefix: string): string[] => Array.from({ length: 400 }, (_, i) => `${prefix}-name-${i}`);
    await a.advertise(names('a'));
    await b.advertise(names('b'));
    await Promise.all([a, b].map((host) => host.until({ names: 800 }, 16_000)));
    expect(await a.ask('status')).toMatchObject({ dropped: { flood: 0, malformed: 0 } });
  });

  test('hosts of another cluster on the same link are invisible', async () => {
    const stranger = await network.host('stranger', createKeyPair(), createKeyPair());
    await stranger.start({ leaseMs: LEASE_MS });
    await stranger.advertise(['theirs']);
    await a.advertise(['ours']);
    await b.until({ holders: { ours: [a] }, names: 1, hosts: 2 }, DISCOVER_MS);
    await stranger.until({ hosts: 1, names: 1 }, DISCOVER_MS);
    await b.until({ refused: 'foreign' }, 2 * DISCOVER_MS);
    await b.until({ names: 1, hosts: 2 }, 0);
  });
});
