/** Hosts with more names than the link is to carry: they serve them to each other, over a broker that is not trusted. */
import { describe, expect, it } from '@jest/globals';
import { decodePacket } from '../src/mdns/packet.js';
import { SimulatedExchange } from './simulated-exchange.js';
import { holdersOf, SimulatedNetwork, TestCluster, type SimulatedHost } from './simulated-network.js';

const LEASE_MS = 5000;

function world() {
  const network = new SimulatedNetwork();
  network.turn = () => new Promise((resolve) => setImmediate(resolve));
  const cluster = new TestCluster();
  const exchange = new SimulatedExchange(network);
  const start = (options = {}): SimulatedHost => {
    const member = cluster.member();
    return network.start(member, { exchange: exchange.of(member.host), leaseMs: LEASE_MS, ...options });
  };
  return { network, cluster, exchange, start };
}

function advertise({ discovery }: SimulatedHost, count: number, prefix = 'name'): void {
  for (let i = 0; i < count; i += 1) discovery.advertise(`${prefix}-${i}`);
}

function namesOnLink(network: SimulatedNetwork): string[] {
  return network.sent.flatMap(({ bytes }) => {
    const { answers = [], authorities = [] } = decodePacket(bytes) ?? {};
    return [...answers, ...authorities].flatMap((record) =>
      record.type === 'TXT' && record.ttl > 0
        ? record.strings.map((text) => Buffer.from(text).toString()).filter((text) => /^n\d+=/.test(text))
        : [],
    );
  });
}

describe('discovery: more names than the link carries', () => {
  it('a host with 3,000 names says on the link that it is there, and others know all of them', async () => {
    const { network, exchange, start } = world();
    const a = start();
    const b = start();
    advertise(a, 3000);
    await network.until(() => b.discovery.names().length === 3000, 3000);
    expect(a.discovery.names()).toHaveLength(3000);
    expect(new Set(exchange.asked)).toEqual(new Set([a.id]));
    expect(namesOnLink(network)).toEqual([]);
    expect(holdersOf(b, 'name-7')).toEqual([a.id]);
    // A change is told as one, and soon.
    exchange.asked.length = 0;
    a.discovery.advertise('late');
    await network.until(() => holdersOf(b, 'late').length === 1, 500);
    expect(exchange.asked).toHaveLength(1);
    // At rest nobody asks.
    await network.pass(60_000);
    expect(exchange.asked).toHaveLength(1);
    a.kill();
    exchange.connect(a.id, false);
    await network.until(() => b.discovery.names().length === 0, LEASE_MS + 50);
  });

  it('the 401st name takes the others from the link, and none of them ends for it', async () => {
    const { network, start } = world();
    const a = start();
    const b = start();
    advertise(a, 400);
    await network.until(() => b.discovery.names().length === 400, 10_000);
    await network.pass(3000);
    expect(namesOnLink(network).length).toBeGreaterThan(0);
    const kinds: string[] = [];
    for (const { name } of b.discovery.names()) b.discovery.watch(name, ({ kind }) => kinds.push(kind));
    const offer = a.discovery.advertise('one-more');
    await network.until(() => b.discovery.names().length === 401, 1000);
    network.sent.length = 0;
    await network.pass(60_000);
    expect(namesOnLink(network)).toEqual([]);
    expect(kinds).toEqual([]);
    offer.withdraw();
    await network.until(() => b.discovery.names().length === 400, 1000);
    expect(kinds).toEqual([]);
  });

  it('a host that wants no name on the link says none there, not even its first', async () => {
    const { network, start } = world();
    const a = start({ linkNames: 0 });
    const b = start();
    const offer = a.discovery.advertise('secret');
    await network.until(() => holdersOf(b, 'secret').length === 1, 2000);
    offer.withdraw();
    await network.until(() => b.discovery.names().length === 0, 1000);
    expect(namesOnLink(network)).toEqual([]);
  });

  it('without an exchange one more than the limit is refused, and who has none knows the host alone, and says why', async () => {
    const { network, start } = world();
    const a = start({ exchange: undefined });
    advertise(a, 400);
    expect(() => a.discovery.advertise('one-more')).toThrow(
      expect.objectContaining({ code: 'host_unfit', field: 'names' }),
    );
    const many = start();
    advertise(many, 500, 'other');
    await network.pass(10_000);
    expect(a.discovery.hosts()).toHaveLength(2);
    expect(a.discovery.names()).toHaveLength(400);
    expect(a.discovery.status().problems).toMatchObject([{ code: 'names_out_of_reach', subject: many.id }]);
  });

  it('an answer that is forged, of another life, cut or played back changes nothing, and the next beat asks again', async () => {
    const { network, cluster, exchange, start } = world();
    const b = start();
    const member = cluster.member();
    const options = { exchange: exchange.of(member.host), leaseMs: LEASE_MS, linkNames: 0 };
    const first = network.start(member, options);
    first.discovery.advertise('former');
    let recorded = new Uint8Array();
    exchange.tamper = (answer) => (recorded = Uint8Array.from(answer));
    await network.until(() => holdersOf(b, 'former').length === 1, 2000);
    first.kill();
    exchange.connect(first.id, false);
    await network.until(() => b.discovery.hosts().length === 1, LEASE_MS + 50);

    const second = network.start(member, options);
    second.discovery.advertise('present');
    const refused = (): Partial<Record<string, number>> => b.discovery.status().refused;
    exchange.tamper = () => recorded;
    await network.until(() => refused()['stale'] !== undefined, 2000);
    exchange.tamper = (answer) => Buffer.from(Buffer.from(answer).toString().replace('present', 'another'));
    await network.until(() => refused()['forged'] !== undefined, LEASE_MS);
    exchange.tamper = (answer) => answer.subarray(0, 20);
    await network.until(() => refused()['malformed'] !== undefined, LEASE_MS);
    exchange.tamper = () => new Promise(() => undefined);
    await network.pass(3 * LEASE_MS);
    expect(b.discovery.status().problems).toMatchObject([{ code: 'names_out_of_reach', subject: second.id }]);
    expect(b.discovery.names()).toEqual([]);
    exchange.tamper = (answer) => answer;
    await network.until(() => holdersOf(b, 'present').length === 1, 10_000 + LEASE_MS);
    expect(b.discovery.names().map(({ name }) => name)).toEqual(['present']);
    expect(b.discovery.status().problems).toEqual([]);
  });

  it('a host that goes takes with it the problem that its names were out of reach', async () => {
    const { network, start } = world();
    const a = start({ exchange: undefined });
    const many = start();
    advertise(many, 500);
    await network.until(() => a.discovery.status().problems.length === 1, 10_000);
    many.kill();
    await network.until(() => a.discovery.hosts().length === 1, LEASE_MS + 50);
    expect(a.discovery.status().problems).toEqual([]);
  });

  it('a host that goes while it is asked leaves no problem behind when its answer does not come', async () => {
    const { network, exchange, start } = world();
    const told: string[] = [];
    const a = start({ onProblem: ({ code }: { readonly code: string }) => told.push(code) });
    const many = start({ linkNames: 0 });
    exchange.tamper = () => new Promise(() => undefined);
    many.discovery.advertise('served');
    await network.pass(2000);
    expect([a.discovery.hosts().length, a.discovery.names()]).toEqual([2, []]);
    many.kill();
    exchange.connect(many.id, false);
    await network.until(() => a.discovery.hosts().length === 1, LEASE_MS + 50);
    await network.pass(20_000);
    expect([a.discovery.status().problems, told]).toEqual([[], []]);
  });
});
