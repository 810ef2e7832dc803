/** Hosts that no multicast reaches know each other through the broker, which is believed in nothing. */
import { describe, expect, it } from '@jest/globals';
import type { DiscoveryOptions } from '../src/options.js';
import { SimulatedExchange } from './simulated-exchange.js';
import { holdersOf, SimulatedNetwork, TestCluster, type SimulatedHost } from './simulated-network.js';

const LEASE_MS = 5000;

function world() {
  const network = new SimulatedNetwork();
  network.turn = () => new Promise((resolve) => setImmediate(resolve));
  const cluster = new TestCluster();
  const exchange = new SimulatedExchange(network);
  let segments = 0;
  /** On a link of its own. */
  const start = (options: Partial<DiscoveryOptions> = {}, member = cluster.member()): SimulatedHost => {
    const host = network.start(member, {
      exchange: exchange.of(member.host),
      leaseMs: LEASE_MS,
      ...options,
    });
    network.move(host, (segments += 1));
    return host;
  };
  return { network, cluster, exchange, start };
}

describe('discovery: the directory over the broker', () => {
  it('hosts on links of their own know each other and every name, and who closes is gone at once', async () => {
    const { network, start } = world();
    const a = start({ endpoints: ['amqp://10.0.0.5:5672'] });
    const b = start();
    for (let i = 0; i < 400; i += 1) a.discovery.advertise(`name-${i}`);
    await network.until(() => b.discovery.names().length === 400, 3000);
    expect(b.discovery.hosts().map(({ host }) => host)).toEqual([a.id, b.id].sort());
    expect(b.discovery.brokers()).toEqual(['amqp://10.0.0.5:5672']);
    a.discovery.advertise('late');
    await network.until(() => holdersOf(b, 'late').length === 1, 1000);
    // They stay known for longer than any lease.
    const seen: string[] = [];
    b.discovery.watchHosts(({ kind }) => seen.push(kind));
    await network.pass(10 * LEASE_MS);
    expect(seen).toEqual([]);
    void a.discovery.close();
    await network.until(() => b.discovery.hosts().length === 1, 100);
    expect(seen).toEqual(['left']);
  });

  it('who comes later is told, and who no longer reaches the broker is lost with its lease and known again', async () => {
    const { network, exchange, start } = world();
    const a = start();
    a.discovery.advertise('db');
    await network.pass(60_000);
    const b = start();
    await network.until(() => holdersOf(b, 'db').length === 1, 500);
    exchange.connect(a.id, false);
    await network.until(() => b.discovery.names().length === 0, LEASE_MS + 50);
    exchange.connect(a.id, true);
    await network.until(() => holdersOf(b, 'db').length === 1, 500);
  });

  it('link and broker together: whichever fails, nothing ends, and nothing is told twice', async () => {
    const { network, exchange, start } = world();
    const [a, b] = [start(), start()];
    for (const host of [a, b]) network.move(host, 0);
    const told: string[] = [];
    b.discovery.watch('db', ({ kind }) => told.push(kind));
    b.discovery.watchHosts(({ kind }) => told.push(kind));
    a.discovery.advertise('db');
    await network.until(() => holdersOf(b, 'db').length === 1, 3000);
    expect(told).toEqual(['appeared', 'appeared']);
    exchange.connect(a.id, false);
    await network.pass(3 * LEASE_MS);
    exchange.connect(a.id, true);
    network.move(a, 7);
    await network.pass(3 * LEASE_MS);
    a.discovery.advertise('web');
    await network.until(() => holdersOf(b, 'web').length === 1, 1000);
    expect(told).toEqual(['appeared', 'appeared']);
    expect(b.discovery.status().refused).toEqual({});
  });

  it('what the broker makes up, changes or plays back is dropped and counted', async () => {
    const { network, cluster, exchange, start } = world();
    const b = start();
    const member = cluster.member();
    const stranger = new TestCluster().member();
    start({}, stranger).discovery.advertise('theirs');
    const refused = (): Partial<Record<string, number>> => b.discovery.status().refused;
    await network.until(() => refused()['foreign'] !== undefined, 1000);

    const said: Uint8Array[] = [];
    const carried = exchange.of(member.host);
    const spied = { ...carried, say: (notice: Uint8Array) => (said.push(notice), carried.say(notice)) };
    const first = network.start(member, { exchange: spied, leaseMs: LEASE_MS });
    network.move(first, 99);
    first.discovery.advertise('former');
    await network.until(() => holdersOf(b, 'former').length === 1, 1000);
    exchange.connect(member.host, false);
    first.kill();
    await network.until(() => b.discovery.hosts().length === 1, LEASE_MS + 50);

    const evil = exchange.of(member.host);
    const [heard = new Uint8Array()] = said;
    evil.say(heard);
    await network.until(() => refused()['stale'] === 1, 10);
    // What the host has said since nobody has heard; but it is changed.
    const newer = Buffer.from(said.at(-1) ?? []);
    newer.writeUInt8(newer.readUInt8(newer.length - 5) ^ 1, newer.length - 5);
    evil.say(newer);
    await network.until(() => refused()['forged'] === 1, 10);
    evil.say(Buffer.of(200, 1));
    await network.pass(10);
    expect(b.discovery.hosts()).toHaveLength(1);
    expect(b.discovery.names()).toEqual([]);
    expect(b.discovery.status().dropped.malformed).toBe(1);
  });

  it('without any link the broker is enough, and no socket is opened', async () => {
    const { network, exchange, cluster, start } = world();
    const { DiscoveryDriver } = await import('../src/driver.js');
    const { readOptions } = await import('../src/options.js');
    const member = cluster.member();
    const time = { clock: network.clock, wallNow: network.wallNow, random: network.random };
    const alone = new DiscoveryDriver(
      readOptions({ membership: member, time, exchange: exchange.of(member.host) }),
    );
    alone.advertise('db');
    const b = start();
    await network.until(() => holdersOf(b, 'db').length === 1, 3000);
    await network.until(() => alone.hosts().length === 2, 100);
    expect(alone.status().links).toEqual([]);
    void alone.close();
    await network.until(() => b.discovery.hosts().length === 1, 100);
  });
});
