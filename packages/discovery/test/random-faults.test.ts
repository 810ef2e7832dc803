/**
 * Random faults over simulated links: hosts that die, come back, lose their link or each other, names that come and
 * go. When it is over and the links are whole, everybody knows the same, and it is what the living offer.
 */
import { expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { Advertisement } from '@espalier/core/directory';
import type { NameState } from '../src/directory/name-state.js';
import type { Membership } from '@espalier/core/identity';
import { SimulatedNetwork, TestCluster, type SimulatedHost } from './simulated-network.js';

const LEASE_MS = 3000;
/**
 * From the end of the last fault to agreement: what is dead is lost within a lease, what lives is heard within a beat or
 * has just been started, and a page that went astray is asked for with the beat after.
 */
const CONVERGED_MS = 2 * LEASE_MS;

const HOSTS = 3;
const who = fc.nat({ max: HOSTS - 1 });
const name = fc.constantFrom('db', 'web', 'mail');

type Fault =
  | { readonly do: 'kill' | 'close' | 'start' | 'unplug' | 'plug'; readonly who: number }
  | { readonly do: 'segment'; readonly who: number; readonly segment: number }
  | { readonly do: 'loss'; readonly share: number }
  | { readonly do: 'advertise' | 'withdraw'; readonly who: number; readonly name: string };

const fault: fc.Arbitrary<Fault> = fc.oneof(
  fc.record({ do: fc.constantFrom('kill' as const, 'close' as const, 'start' as const), who }),
  fc.record({ do: fc.constantFrom('unplug' as const, 'plug' as const), who }),
  fc.record({ do: fc.constant('segment' as const), who, segment: fc.nat({ max: 1 }) }),
  fc.record({ do: fc.constant('loss' as const), share: fc.constantFrom(0, 0.3, 0.6) }),
  fc.record({ do: fc.constantFrom('advertise' as const, 'withdraw' as const), who, name }),
  fc.record({ do: fc.constant('advertise' as const), who, name }),
);

class Machine {
  readonly offers = new Map<string, Advertisement>();
  host: SimulatedHost | undefined;
  plugged = true;
  readonly #network: SimulatedNetwork;
  readonly #member: Membership;
  /** What its watchers were told last of each name. */
  told = new Map<string, NameState>();

  constructor(network: SimulatedNetwork, member: Membership) {
    this.#network = network;
    this.#member = member;
    this.start();
  }

  start(): void {
    if (this.host !== undefined) return;
    this.plugged = true;
    // Of this life: the one before may go on in its own, where nobody hears it.
    const told = new Map<string, NameState>();
    this.told = told;
    const host = this.#network.start(this.#member, { leaseMs: LEASE_MS });
    this.host = host;
    for (const each of ['db', 'web', 'mail']) {
      host.discovery.watch(each, ({ kind, before, after }) => {
        // Each event goes on where the last one ended, and says what happened.
        expect(before).toEqual(told.get(each) ?? expect.objectContaining({ state: 'absent' }));
        expect(kind === 'appeared').toBe(before.state === 'absent');
        expect(kind === 'disappeared').toBe(after.state === 'absent');
        told.set(each, after);
      });
    }
  }

  end(): void {
    this.host = undefined;
    this.offers.clear();
  }
}

it('after any faults, everybody knows the same names, holders and hosts once the links are whole', async () => {
  const steps = fc.array(fc.tuple(fault, fc.integer({ min: 0, max: 4000 })), { minLength: 4, maxLength: 14 });
  await fc.assert(
    fc.asyncProperty(steps, fc.integer(), async (faults, seed) => {
      const network = new SimulatedNetwork(seed);
      const cluster = new TestCluster();
      const machines = Array.from({ length: HOSTS }, () => new Machine(network, cluster.member()));
      for (const [one, ms] of faults) {
        if (one.do === 'loss') network.loss = one.share;
        else strike(network, machines[one.who]!, one);
        await network.pass(ms);
      }
      network.loss = 0;
      for (const { host, plugged } of machines) {
        if (host === undefined) continue;
        network.move(host, 0);
        if (!plugged) host.plug();
      }
      await network.pass(CONVERGED_MS);
      const living = machines.filter(({ host }) => host !== undefined);
      const offered = new Set(living.flatMap(({ offers }) => [...offers.keys()]));
      const [first] = living;
      for (const { host, told } of living) {
        const { discovery } = host!;
        expect(discovery.names()).toEqual(first?.host?.discovery.names());
        expect(new Set(discovery.names().map((state) => state.name))).toEqual(offered);
        expect(discovery.hosts()).toEqual(first?.host?.discovery.hosts());
        expect(discovery.hosts()).toHaveLength(living.length);
        for (const state of discovery.names()) {
          expect(told.get(state.name)).toEqual(state);
          const claims = living
            .filter(({ offers }) => offers.has(state.name))
            .map((machine) => ({
              id: machine.host!.id,
              incarnation: machine.offers.get(state.name)!.incarnation,
            }))
            .sort((a, b) => b.incarnation - a.incarnation || (a.id < b.id ? -1 : 1));
          expect([...state.holders, ...state.contenders].map((holder) => holder.host)).toEqual(
            claims.map(({ id }) => id),
          );
        }
      }
    }),
    { numRuns: 25 },
  );
}, 120_000);

function strike(network: SimulatedNetwork, machine: Machine, one: Exclude<Fault, { do: 'loss' }>): void {
  const { host, offers } = machine;
  if (one.do === 'start') machine.start();
  if (host === undefined) return;
  switch (one.do) {
    case 'kill':
      host.kill();
      machine.end();
      break;
    case 'close':
      void host.discovery.close();
      machine.end();
      break;
    case 'plug':
      if (!machine.plugged) host.plug();
      machine.plugged = true;
      break;
    case 'unplug':
      host.unplug();
      machine.plugged = false;
      break;
    case 'segment':
      network.move(host, one.segment);
      break;
    case 'advertise':
      offers.set(one.name, host.discovery.advertise(one.name));
      break;
    case 'withdraw':
      offers.get(one.name)?.withdraw();
      offers.delete(one.name);
      break;
    case 'start':
  }
}
