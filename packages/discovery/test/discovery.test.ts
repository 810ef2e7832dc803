/** What users see, over simulated links: real engines, real signatures, time that is moved. */
import { describe, expect, it } from '@jest/globals';
import { revokeHosts } from '@espalier/core/identity';
import { decodePacket } from '../src/mdns/packet.js';
import { holdersOf, SimulatedNetwork, TestCluster, type SimulatedHost } from './simulated-network.js';

/** From the start of a host to what it offers being known: probes (250 + 3 × 250 ms) and a little. */
const STARTED_MS = 1500;
const LEASE_MS = 5000;

function two(seed?: number, lease = LEASE_MS) {
  const network = new SimulatedNetwork(seed);
  const cluster = new TestCluster();
  const a = network.start(cluster.member(), {
    queue: 'qa',
    endpoints: ['amqp://10.0.0.9:5672'],
    leaseMs: lease,
  });
  const b = network.start(cluster.member(), { leaseMs: lease });
  return { network, cluster, a, b };
}

function events(host: SimulatedHost, name: string): string[] {
  const seen: string[] = [];
  host.discovery.watch(name, ({ kind, after }) =>
    seen.push(`${kind} ${after.holders.map((h) => h.host).join()}`),
  );
  return seen;
}

describe('discovery: hosts', () => {
  it('two hosts of a cluster find each other, with queue and endpoints', async () => {
    const { network, a, b } = two();
    await network.until(() => b.discovery.hosts().length === 2, STARTED_MS);
    const found = b.discovery.hosts().find(({ host }) => host === a.id);
    expect(found).toMatchObject({
      source: 'link',
      queue: 'qa',
      endpoints: ['amqp://10.0.0.9:5672'],
      names: 0,
    });
    await network.until(() => a.discovery.hosts().length === 2, STARTED_MS);
  });

  it('where the broker is, is known from any host: its own addresses first, then those of others, each once', async () => {
    const { network, cluster, a, b } = two();
    const endpoints = ['amqp://10.0.0.1:5672', 'amqp://10.0.0.9:5672'];
    const c = network.start(cluster.member(), { endpoints, leaseMs: LEASE_MS });
    await network.until(() => [a, b, c].every(({ discovery }) => discovery.hosts().length === 3), STARTED_MS);
    expect(a.discovery.brokers()).toEqual(endpoints.toReversed());
    expect(b.discovery.brokers()).toEqual(endpoints);
    a.kill();
    c.kill();
    await network.until(() => b.discovery.brokers().length === 0, 2 * LEASE_MS);
  });

  it('a host and its names are known from its first probes on, and a lost probe costs 250 ms', async () => {
    const { network, cluster, a } = two();
    await network.pass(5000);
    const late = network.start(cluster.member());
    late.discovery.advertise('db');
    expect(await network.until(() => holdersOf(a, 'db').length === 1, 400)).toBeLessThanOrEqual(400);
  });

  it('a host of another cluster is invisible, both ways, and counted as foreign', async () => {
    const { network, a } = two();
    const stranger = network.start(new TestCluster().member());
    stranger.discovery.advertise('theirs');
    await network.pass(10_000);
    expect(a.discovery.hosts()).toHaveLength(2);
    expect(stranger.discovery.hosts()).toHaveLength(1);
    expect(a.discovery.names()).toEqual([]);
    expect(a.discovery.status().refused.foreign).toBeGreaterThan(0);
  });

  it('a host that is closed is gone at once, and its names with it', async () => {
    const { network, a, b } = two();
    a.discovery.advertise('db');
    await network.until(() => holdersOf(b, 'db').length === 1, 3000);
    const seen: string[] = [];
    b.discovery.watchHosts(({ kind, host }) => seen.push(`${kind} ${host}`));
    void a.discovery.close();
    expect(await network.until(() => holdersOf(b, 'db').length === 0, 300)).toBeLessThanOrEqual(10);
    expect(seen).toEqual([`left ${a.id}`]);
    await network.pass(20_000);
    expect(seen).toEqual([`left ${a.id}`]);
  });

  it('a host that falls silent is lost when its lease ends, not before, and everybody is told once', async () => {
    const { network, a, b } = two();
    a.discovery.advertise('db');
    await network.until(() => holdersOf(b, 'db').length === 1, 3000);
    const seen = events(b, 'db');
    a.kill();
    const took = await network.until(() => holdersOf(b, 'db').length === 0, LEASE_MS + 50);
    expect(took).toBeGreaterThan(LEASE_MS * 0.5);
    await network.pass(60_000);
    expect(seen).toEqual(['disappeared ']);
    expect(b.discovery.hosts().map(({ host }) => host)).toEqual([b.id]);
  });

  it('a host that comes back with the same key is another life: its names go, and come anew', async () => {
    const { network, cluster, a, b } = two();
    const member = cluster.member();
    const first = network.start(member);
    first.discovery.advertise('db', { holding: 'host' });
    await network.until(() => holdersOf(b, 'db').length === 1, 3000);
    const [before] = (await b.discovery.resolve('db')).holders;
    first.kill();
    await network.pass(1000);
    const second = network.start(member);
    second.discovery.advertise('db', { holding: 'host', incarnation: before?.incarnation ?? 0 });
    const seen = events(b, 'db');
    await network.until(() => seen.length === 2, 5000);
    expect(seen).toEqual(['disappeared ', `appeared ${second.id}`]);
    const [after] = (await b.discovery.resolve('db')).holders;
    expect(b.discovery.isCurrent('db', before!)).toBe(false);
    expect(b.discovery.isCurrent('db', after!)).toBe(true);
    expect(holdersOf(a, 'db')).toEqual([second.id]);
  });

  it('two processes with one key: both report it, and the later one counts', async () => {
    const { network, cluster, b } = two();
    const member = cluster.member();
    const first = network.start(member, { queue: 'first' });
    await network.pass(2000);
    const second = network.start(member, { queue: 'second' });
    await network.pass(6000);
    for (const { discovery } of [first, second]) {
      expect(discovery.status().problems.map(({ code }) => code)).toContain('key_used_twice');
    }
    expect(b.discovery.hosts().find(({ host }) => host === member.host)?.queue).toBe('second');
    first.kill();
    await network.until(() => second.discovery.status().problems.length === 0, 2 * 10_000);
  });
});

describe('discovery: names', () => {
  it('a name appears, is changed and disappears, and each is told once', async () => {
    const { network, a, b } = two();
    await network.pass(2000);
    const seen = events(b, 'db');
    const offer = a.discovery.advertise('db');
    await network.until(() => seen.length === 1, 2000);
    a.discovery.advertise('db', { holding: 'many' });
    await network.until(() => seen.length === 2, 1000);
    offer.withdraw();
    await network.pass(1000);
    expect(seen).toHaveLength(2);
    a.discovery.advertise('db').withdraw();
    await network.until(() => seen.length === 3, 1000);
    expect(seen).toEqual([`appeared ${a.id}`, `changed ${a.id}`, 'disappeared ']);
  });

  it('resolve waits for a name that nobody holds yet, and gives up in time', async () => {
    const { network, a, b } = two();
    const patient = b.discovery.resolve('late', { waitMs: 5000 });
    const hasty = b.discovery.resolve('late', { waitMs: 100 });
    await network.pass(2000);
    a.discovery.advertise('late');
    await network.pass(3000);
    expect((await hasty).state).toBe('absent');
    expect(await patient).toMatchObject({ state: 'held', holders: [{ host: a.id, queue: 'qa' }] });
  });

  it('a unique name that another host claims moves there, and the two agree on the conflict', async () => {
    const { network, a, b } = two();
    const offer = a.discovery.advertise('db');
    await network.until(() => holdersOf(b, 'db').length === 1, 3000);
    const [seenByA, seenByB] = [events(a, 'db'), events(b, 'db')];
    b.discovery.advertise('db');
    await network.until(() => holdersOf(a, 'db')[0] === b.id, 3000);
    for (const { discovery } of [a, b]) {
      const state = await discovery.resolve('db');
      expect(state).toMatchObject({
        state: 'conflict',
        holders: [{ host: b.id }],
        contenders: [{ host: a.id }],
      });
    }
    offer.withdraw();
    await network.pass(1000);
    expect(seenByA).toEqual([`conflict ${b.id}`, `changed ${b.id}`]);
    expect(seenByB).toEqual(seenByA);
    expect(await a.discovery.resolve('db')).toMatchObject({ state: 'held', contenders: [] });
  });

  it('a name of many holders leads to all of them, and a name per host to each', async () => {
    const { network, a, b } = two();
    for (const { discovery } of [a, b]) discovery.advertise('web', { holding: 'many' });
    await network.until(() => holdersOf(a, 'web').length === 2 && holdersOf(b, 'web').length === 2, 5000);
    expect(holdersOf(a, 'web')).toEqual([a.id, b.id].sort());
    expect((await a.discovery.resolve('web')).state).toBe('held');
  });

  it('400 names of one host all arrive, on few packets, and the next is refused', async () => {
    const { network, a, b } = two();
    await network.pass(3000);
    const before = network.sent.length;
    for (let i = 0; i < 400; i += 1) a.discovery.advertise(`service-number-${i}`);
    await network.until(() => b.discovery.names().length === 400, 3000);
    expect(network.sent.length - before).toBeLessThan(200);
    expect(Math.max(...network.sent.map(({ bytes }) => bytes.length))).toBeLessThanOrEqual(1400);
    expect(() => a.discovery.advertise('one more')).toThrow(
      expect.objectContaining({ code: 'host_unfit', field: 'names', value: 400 }),
    );
  });

  it('a link with 5 hosts and 500 names is quiet: at most 1.9 packets a second per family of addresses', async () => {
    const network = new SimulatedNetwork();
    const cluster = new TestCluster();
    const hosts = Array.from({ length: 5 }, () => network.start(cluster.member()));
    for (const [i, { discovery }] of hosts.entries()) {
      for (let n = 0; n < 100; n += 1) discovery.advertise(`name-${i}-${n}`);
    }
    await network.until(() => hosts.every(({ discovery }) => discovery.names().length === 500), 10_000);
    await network.pass(40_000);
    const before = network.sent.length;
    await network.pass(30_000);
    expect((network.sent.length - before) / 30).toBeLessThanOrEqual(1.9);
    // Nobody was asked for a sign of life: each spoke before that.
    const questions = network.sent.slice(before).flatMap(({ bytes }) => decodePacket(bytes)?.questions ?? []);
    expect(questions.filter(({ type }) => type === 'TXT')).toEqual([]);
  });
});

describe('discovery: links', () => {
  it('a link that is cut and mended: lost on both sides, then found again, names and all', async () => {
    const { network, a, b } = two();
    a.discovery.advertise('db');
    await network.until(() => holdersOf(b, 'db').length === 1, 3000);
    const seen = events(b, 'db');
    network.move(a, 1);
    await network.until(() => holdersOf(b, 'db').length === 0, LEASE_MS + 50);
    await network.pass(30_000);
    network.move(a, 0);
    const took = await network.until(() => holdersOf(b, 'db').length === 1, LEASE_MS);
    expect(took).toBeLessThanOrEqual(LEASE_MS * 0.45 + 500);
    expect(seen).toEqual(['disappeared ', `appeared ${a.id}`]);
  });

  it('an interface that goes and comes is spoken over at once', async () => {
    const { network, a, b } = two();
    a.discovery.advertise('db');
    await network.until(() => holdersOf(b, 'db').length === 1, 3000);
    a.unplug();
    await network.pass(20_000);
    expect(holdersOf(b, 'db')).toEqual([]);
    a.plug();
    await network.until(() => holdersOf(b, 'db').length === 1, 2500);
  });

  it('with 30 % loss names still arrive, and within ten minutes a host is rarely taken for lost', async () => {
    const { network, a, b } = two(7);
    network.loss = 0.3;
    for (let i = 0; i < 100; i += 1) a.discovery.advertise(`name-${i}`);
    await network.until(() => b.discovery.names().length === 100, 15_000);
    const seen: string[] = [];
    b.discovery.watchHosts(({ kind }) => seen.push(kind));
    await network.pass(600_000);
    expect(seen.filter((kind) => kind === 'lost').length).toBeLessThanOrEqual(3);
    network.loss = 0;
    await network.until(() => b.discovery.names().length === 100, 5000);
  });

  it('a link that carries nothing back is reported as deaf, once, with a remedy', async () => {
    const network = new SimulatedNetwork();
    const problems: string[] = [];
    const member = new TestCluster().member();
    const host = network.start(member, {
      onProblem: ({ code, subject }) => problems.push(`${code} ${subject}`),
    });
    await network.pass(1000);
    expect(host.discovery.status().links).toEqual([{ id: 'net', hearing: 'heard' }]);
    network.remove(host.address);
    host.unplug();
    host.plug();
    await network.pass(60_000);
    expect(host.discovery.status().links).toEqual([{ id: 'net', hearing: 'deaf' }]);
    expect(problems).toEqual(['deaf net']);
    expect(host.discovery.status().problems[0]?.remedy).toContain('5353');
  });
});

describe('discovery: revoked hosts', () => {
  it('a host that is revoked is gone at once with its names, and what it says from then on is dropped', async () => {
    const { network, cluster, a, b } = two();
    a.discovery.advertise('db');
    b.discovery.advertise('cache');
    await network.until(() => holdersOf(b, 'db').length === 1, 3000);
    const hosts: string[] = [];
    b.discovery.watchHosts(({ kind, host }) => hosts.push(`${kind} ${host}`));
    const names = events(b, 'db');
    const list = revokeHosts(cluster.root, [a.id]);
    expect(b.discovery.revoke(list)).toBe(true);
    expect([hosts, names]).toEqual([[`revoked ${a.id}`], ['disappeared ']]);
    a.discovery.advertise('more');
    await network.pass(30_000);
    expect([hosts, names]).toEqual([[`revoked ${a.id}`], ['disappeared ']]);
    expect(b.discovery.names().map(({ name }) => name)).toEqual(['cache']);
    expect(b.discovery.status().refused.revoked).toBeGreaterThan(0);
    // Nobody else is hurt.
    const other = network.start(cluster.member(), { revoked: list });
    await network.until(() => holdersOf(other, 'cache').length === 1, STARTED_MS);
    await network.pass(10_000);
    expect(other.discovery.hosts().map(({ host }) => host)).toEqual([b.id, other.id].sort());
  });

  it('a host of the static list that is revoked is gone too, before it was ever heard', () => {
    const network = new SimulatedNetwork();
    const cluster = new TestCluster();
    const gone = cluster.member().host;
    const host = network.start(cluster.member(), {
      staticHosts: [{ host: gone, queue: 'q', names: [{ name: 'db' }] }],
      revoked: revokeHosts(cluster.root, [gone]),
    });
    expect(holdersOf(host, 'db')).toEqual([]);
    expect(host.discovery.hosts().map(({ host: id }) => id)).toEqual([host.id]);
  });

  it('an older list is not followed, and a list of another root or none at all is refused', () => {
    const { cluster, a, b } = two();
    const first = revokeHosts(cluster.root, []);
    const second = revokeHosts(cluster.root, [b.id], first);
    expect([second, first, second].map((list) => a.discovery.revoke(list))).toEqual([true, false, false]);
    for (const list of [revokeHosts(new TestCluster().root, []), 'nonsense']) {
      expect(() => a.discovery.revoke(list)).toThrow(
        expect.objectContaining({ code: 'revocations_refused' }),
      );
    }
  });

  it('a host that is revoked itself says so, with a remedy', () => {
    const { cluster, a } = two();
    a.discovery.revoke(revokeHosts(cluster.root, [a.id]));
    expect(a.discovery.status().problems).toMatchObject([{ code: 'key_revoked', subject: a.id }]);
  });
});
