/** A list of revoked hosts that one host was given comes to the others over the broker, which is believed in nothing. */
import { describe, expect, it } from '@jest/globals';
import { CallError } from '@espalier/core';
import { revokeHosts } from '@espalier/core/identity';
import type { DiscoveryOptions } from '../src/options.js';
import { SimulatedExchange } from './simulated-exchange.js';
import { holdersOf, SimulatedNetwork, TestCluster, type SimulatedHost } from './simulated-network.js';

const LEASE_MS = 5000;

function world() {
  const network = new SimulatedNetwork();
  network.turn = () => new Promise((resolve) => setImmediate(resolve));
  const cluster = new TestCluster();
  const exchange = new SimulatedExchange(network);
  const learned = new Map<string, string[]>();
  const start = (options: Partial<DiscoveryOptions> = {}): SimulatedHost => {
    const member = cluster.member();
    const lists: string[] = [];
    learned.set(member.host, lists);
    const given = { exchange: exchange.of(member.host), onRevocations: (list: string) => lists.push(list) };
    return network.start(member, { leaseMs: LEASE_MS, ...given, ...options });
  };
  const heardBy = ({ id }: SimulatedHost): readonly string[] => learned.get(id) ?? [];
  return { network, cluster, exchange, start, heardBy };
}

const problemsOf = ({ discovery }: SimulatedHost): string[] =>
  discovery.status().problems.map(({ code, subject }) => `${code} ${subject}`);

describe('discovery: a list of revoked hosts', () => {
  it('that one host is given shuts the revoked one out on all others, on those that come later too', async () => {
    const { network, cluster, start, heardBy } = world();
    const [a, b, thief] = [start(), start(), start()];
    thief.discovery.advertise('db');
    await network.until(() => [a, b].every((host) => holdersOf(host, 'db').length === 1), 3000);
    const list = revokeHosts(cluster.root, [thief.id]);
    a.discovery.revoke(list);
    await network.until(() => holdersOf(b, 'db').length === 0, 1000);
    expect(heardBy(b)).toEqual([list]);
    const late = start();
    await network.until(() => heardBy(late).length === 1, 3000);
    await network.pass(10 * LEASE_MS);
    for (const { discovery } of [a, b, late]) {
      expect(discovery.hosts().map(({ host }) => host)).toEqual([a.id, b.id, late.id].sort());
      expect(discovery.status().refused.revoked).toBeGreaterThan(0);
    }
    // Each was told once, and who was given it by hand is not told.
    expect([a, b, late].map((host) => heardBy(host).length)).toEqual([0, 1, 1]);
    expect(problemsOf(thief)).toEqual([`key_revoked ${thief.id}`]);
  });

  it('reaches who was away meanwhile, through any host that has it, and the newest one counts', async () => {
    const { network, cluster, exchange, start, heardBy } = world();
    const [a, b, c] = [start(), start(), start()];
    await network.pass(2000);
    network.move(c, 1);
    exchange.connect(c.id, false);
    const first = revokeHosts(cluster.root, ['1'.repeat(32)]);
    const second = revokeHosts(cluster.root, ['2'.repeat(32)], first);
    a.discovery.revoke(first);
    a.discovery.revoke(second);
    await network.until(() => heardBy(b).at(-1) === second, 1000);
    a.kill();
    exchange.connect(a.id, false);
    await network.pass(2 * LEASE_MS);
    expect(heardBy(c)).toEqual([]);
    network.move(c, 0);
    exchange.connect(c.id, true);
    await network.until(() => heardBy(c).at(-1) === second, LEASE_MS);
  });

  it('that the broker changes, or that another root has signed, is not followed, and asked for again', async () => {
    const { network, cluster, exchange, start, heardBy } = world();
    const [a, b] = [start(), start()];
    await network.pass(2000);
    const forged = revokeHosts(new TestCluster().root, [a.id]);
    exchange.tamper = () => Buffer.from(forged);
    const list = revokeHosts(cluster.root, ['1'.repeat(32)]);
    a.discovery.revoke(list);
    await network.pass(LEASE_MS);
    expect(heardBy(b)).toEqual([]);
    expect(problemsOf(b)).toEqual([`revocations_out_of_reach ${a.id}`]);
    expect(b.discovery.hosts()).toHaveLength(2);
    exchange.tamper = (answer) => answer;
    const { refused } = b.discovery.status().revocations;
    expect(refused).toBeGreaterThan(0);
    await network.until(() => heardBy(b).length === 1, LEASE_MS);
    expect(heardBy(b)).toEqual([list]);
    await network.until(() => problemsOf(b).length === 0, LEASE_MS);
    const list1 = { number: 1, refused };
    expect(b.discovery.status().revocations).toEqual(list1);
    await network.pass(10 * LEASE_MS);
    expect(b.discovery.status().revocations).toEqual(list1);
  });

  it('that a host refuses to give is told and counted; that one is not reached is not', async () => {
    const { network, cluster, exchange, start } = world();
    const [a, b] = [start(), start()];
    await network.pass(2000);
    let why = new CallError('timeout', 'the broker is slow');
    exchange.tamper = () => Promise.reject(why);
    a.discovery.revoke(revokeHosts(cluster.root, []));
    await network.pass(3 * LEASE_MS);
    expect([problemsOf(b), b.discovery.status().revocations]).toEqual([[], { number: 0, refused: 0 }]);
    why = new CallError('no_such_operation', 'nobody here answers');
    await network.until(() => b.discovery.status().revocations.refused > 1, 3 * LEASE_MS);
    expect(problemsOf(b)).toEqual([`revocations_out_of_reach ${a.id}`]);
    expect(b.discovery.status().problems[0]?.message).toContain('nobody here answers');
  });

  it('that is older than the one a host says it has is followed, and told and counted as refused', async () => {
    const { network, cluster, exchange, start, heardBy } = world();
    const [a, b] = [start(), start()];
    await network.pass(2000);
    const first = revokeHosts(cluster.root, ['1'.repeat(32)]);
    const second = revokeHosts(cluster.root, ['2'.repeat(32)], first);
    exchange.tamper = () => Buffer.from(first);
    a.discovery.revoke(second);
    await network.until(() => b.discovery.status().revocations.refused > 1, 3 * LEASE_MS);
    expect(heardBy(b)).toEqual([first]);
    expect(problemsOf(b)).toEqual([`revocations_out_of_reach ${a.id}`]);
    expect(b.discovery.status().problems[0]?.message).toContain('gave an older one');
    exchange.tamper = (answer) => answer;
    await network.until(() => heardBy(b).length === 2, LEASE_MS);
    await network.until(() => problemsOf(b).length === 0, LEASE_MS);
  });

  it('that could not be taken here is told, whatever the error', async () => {
    const { network, cluster, start } = world();
    const a = start();
    const b = start({
      onRevocations: () => {
        throw new TypeError('a defect of whoever listens');
      },
      onProblem: ({ message }) => told.push(message),
    });
    const told: string[] = [];
    await network.pass(2000);
    a.discovery.revoke(revokeHosts(cluster.root, []));
    await network.until(() => b.discovery.status().revocations.number === 1, LEASE_MS);
    await network.pass(1);
    expect(told).toEqual([expect.stringContaining('a defect of whoever listens')]);
  });

  it('that a host refuses after it has gone is no problem that stays', async () => {
    const { network, cluster, exchange, start } = world();
    const [a, b] = [start(), start()];
    await network.pass(2000);
    const refuse: (() => void)[] = [];
    exchange.tamper = () =>
      new Promise((_resolve, reject) => {
        refuse.push(() => reject(new CallError('no_such_operation', 'nobody here answers')));
      });
    a.discovery.revoke(revokeHosts(cluster.root, []));
    await network.until(() => refuse.length === 1, LEASE_MS);
    a.kill();
    exchange.connect(a.id, false);
    await network.until(() => b.discovery.hosts().length === 1, LEASE_MS + 50);
    refuse[0]?.();
    await network.pass(10);
    expect(problemsOf(b)).toEqual([]);
  });

  it('that never comes is asked for once at a time, and at rest nobody asks', async () => {
    const { network, cluster, exchange, start, heardBy } = world();
    const [a, b] = [start(), start()];
    await network.pass(2000);
    exchange.tamper = () => new Promise<never>(() => undefined);
    a.discovery.revoke(revokeHosts(cluster.root, []));
    await network.pass(9000);
    expect(exchange.asked).toEqual([a.id]);
    exchange.tamper = (answer) => answer;
    await network.until(() => heardBy(b).length === 1, 10_000);
    expect(exchange.asked).toEqual([a.id, a.id]);
    await network.pass(60_000);
    expect(exchange.asked).toHaveLength(2);
  });

  it('cannot be had without a broker: who hears of one says so, with a remedy', async () => {
    const { network, cluster, start } = world();
    const a = start();
    const alone = network.start(cluster.member(), { leaseMs: LEASE_MS });
    const list = revokeHosts(cluster.root, []);
    a.discovery.revoke(list);
    await network.until(() => problemsOf(alone).length === 1, 3000);
    expect(problemsOf(alone)).toEqual([`revocations_out_of_reach ${a.id}`]);
    expect(alone.discovery.status().problems[0]?.remedy).toContain('newest list');
    alone.discovery.revoke(list);
    await network.until(() => problemsOf(alone).length === 0, LEASE_MS);
  });
});
