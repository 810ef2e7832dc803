/** Two hosts that export one transient name, seen by who calls it: whole bridges, and a broker that is a map of queues. */
import { expect, test } from '@jest/globals';
import { CallError, type Address, type ExitReason } from '@espalier/core';
import { createKeyPair, issueJoinTicket, openJoinTicket, type Membership } from '@espalier/core/identity';
import { SeededRandom, Simulation } from '@espalier/core/testing';
import { Bridge } from '../../src/engine/bridge.js';
import type { TransportMaker } from '../../src/engine/bridge-options.js';
import type { LocalSide } from '../../src/engine/local-side.js';
import { completeTerms } from '../../src/engine/settings.js';
import { standIn } from '../../src/engine/stand-in.js';
import type { Consumption } from '../../src/transport/transport.js';
import { newDhKey } from '../../src/trust/dh-key.js';

const NAME = 'ledger';

/** Nothing gets lost, and everything comes at once. */
class QueuesInMemory {
  readonly #queues = new Map<string, Consumption>();
  readonly #listeners: ((body: Buffer) => void)[] = [];

  readonly transport: TransportMaker = ({ events }) => ({
    connected: true,
    start: () => {
      this.#listeners.push(events.presence);
      events.connected();
    },
    publish: (queue, body, _persistent, fate) =>
      void setImmediate(() => {
        this.#queues.get(queue)?.arrived(body, { ack: () => undefined }, false);
        fate.confirmed();
      }),
    sayPresence: (body) => void setImmediate(() => this.#listeners.forEach((heard) => heard(body))),
    consume: async (consumption) => void this.#queues.set(consumption.queue, consumption),
    declare: () => undefined,
    release: async (queue) => Number(this.#queues.delete(queue)) - 1,
    stop: async () => undefined,
  });
}

async function world() {
  const simulation = new Simulation();
  const broker = new QueuesInMemory();
  const root = createKeyPair();
  const member = (): Membership => {
    const key = createKeyPair();
    return openJoinTicket(issueJoinTicket(root, { publicKey: key.publicKey }), key);
  };
  /** The one with the smaller id has the name. */
  const [smaller, larger] = [member(), member()].sort((a, b) => (a.host < b.host ? -1 : 1)) as [
    Membership,
    Membership,
  ];
  let seed = 0;
  const bridge = (membership: Membership, terms: object, local: Partial<LocalSide>): Bridge => {
    const one = new Bridge({
      settings: completeTerms(terms),
      membership,
      local: local as LocalSide,
      clock: simulation.clock,
      random: new SeededRandom(++seed),
      afterTurn: (callback) => setImmediate(callback),
      newKey: newDhKey,
      transport: broker.transport,
      onEvent: () => undefined,
      appeared: () => undefined,
      ended: () => undefined,
      awaited: () => undefined,
    });
    one.start();
    return one;
  };
  const turns = async (): Promise<void> => {
    for (let turn = 0; turn < 50; turn++) {
      await new Promise((resolve) => setImmediate(resolve));
      await simulation.quiet();
    }
  };
  /** A host whose environment keeps each call in hand, until it ends or is told to reply. */
  const exporter = (membership: Membership) => {
    let held: { readonly reply: (value: string) => void; readonly fail: (error: CallError) => void }[] = [];
    let ended = (_reason: ExitReason): void => undefined;
    let isThere = true;
    bridge(
      membership,
      { exports: { [NAME]: {} } },
      {
        awaitHolder: () => Promise.resolve(isThere ? ({} as Address) : undefined),
        watch: (_target, told) => (ended = told),
        callCancellable: () => new Promise((reply, fail) => held.push({ reply, fail })),
      },
    );
    return {
      inHand: () => held.length,
      reply: (value: string) => held.splice(0).forEach((one) => one.reply(value)),
      end: (reason: ExitReason) => {
        isThere = false;
        for (const { fail } of held) fail(new CallError('down', 'it has ended', { reason }));
        held = [];
        ended(reason);
      },
    };
  };
  const importer = bridge(member(), { imports: { [NAME]: {} } }, {});
  const behaviour = standIn({
    beyond: importer,
    name: NAME,
    lost: () => undefined,
    begun: () => undefined,
    turn: Promise.resolve(true),
    passesSignals: true,
    over: () => undefined,
  });
  await simulation.start([simulation.child('book', { behaviour })]);
  /** What becomes of a call by who imports the name. */
  const call = () => {
    let end: string | undefined;
    simulation.context.call('book', 'get', [], { timeoutMs: Infinity }).then(
      (value) => (end = String(value)),
      (error: unknown) => (end = (error as CallError).code),
    );
    return () => end;
  };
  return { exporter, smaller, larger, call, turns };
}

test('a call in hand at the host that had the name alone is answered when that one ends, though another has the name by then', async () => {
  const { exporter, smaller, larger, call, turns } = await world();
  const first = exporter(larger);
  await turns();
  const before = call();
  await turns();
  expect([first.inHand(), before()]).toEqual([1, undefined]);
  const second = exporter(smaller);
  await turns();
  const after = call();
  await turns();
  expect([first.inHand(), second.inHand()]).toEqual([1, 1]);
  first.end({ tag: 'killed' });
  await turns();
  // The stand-in stays, for the name has a holder: it cannot tell by its own end.
  expect([before(), after()]).toEqual(['noproc', undefined]);
  second.reply('still here');
  await turns();
  expect(after()).toBe('still here');
});

test('a call in hand at the host that had the name is told by the end of its stand-in, and by no answer before', async () => {
  const { exporter, smaller, call, turns } = await world();
  const only = exporter(smaller);
  await turns();
  const told = call();
  await turns();
  expect(only.inHand()).toBe(1);
  only.end({ tag: 'killed' });
  await turns();
  expect(told()).toBeUndefined();
});
