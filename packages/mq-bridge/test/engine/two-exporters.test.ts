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
  /** What the bridge of who imports the name has told its stand-in. */
  const told: string[] = [];
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
      appeared: () => 'imports' in terms && told.push('appeared'),
      ended: (_name, { tag }) => 'imports' in terms && told.push(tag),
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
    const heard: string[] = [];
    bridge(
      membership,
      { exports: { [NAME]: {} } },
      {
        awaitHolder: () => Promise.resolve(isThere ? ({} as Address) : undefined),
        watch: (_target, told) => (ended = told),
        sendExit: (_target, { tag }) => void heard.push(tag),
        tie: () => Promise.resolve({ end: ({ tag }) => heard.push(tag), undo: () => heard.push('undone') }),
        callCancellable: () => new Promise((reply, fail) => held.push({ reply, fail })),
      },
    );
    return {
      heard,
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
    links: undefined,
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
  return { exporter, importer, smaller, larger, call, turns, told };
}

test('who has the name keeps it while another one comes, and has the calls; with its end the other one has it', async () => {
  const { exporter, smaller, larger, call, turns, told } = await world();
  const first = exporter(larger);
  await turns();
  const before = call();
  await turns();
  const second = exporter(smaller);
  await turns();
  const after = call();
  await turns();
  expect([first.inHand(), second.inHand()]).toEqual([2, 0]);
  told.length = 0;
  first.end({ tag: 'killed' });
  await turns();
  // The end of the stand-in tells who has called, and the next one stands for the other mailbox.
  expect([before(), after(), told]).toEqual([undefined, undefined, ['killed', 'appeared']]);
  const next = call();
  await turns();
  expect(second.inHand()).toBe(1);
  second.reply('still here');
  await turns();
  expect(next()).toBe('still here');
});

test.each([
  ['smaller', 'larger'],
  ['larger', 'smaller'],
] as const)('a link with the one of the %s id is that, though the %s comes', async (one, another) => {
  const { exporter, importer, turns, told, ...hosts } = await world();
  const first = exporter(hosts[one]);
  await turns();
  await importer.pass(NAME, { kind: 'link' });
  await turns();
  const second = exporter(hosts[another]);
  await turns();
  told.length = 0;
  await importer.pass(NAME, { kind: 'exit', tag: 'error', detail: undefined, isLast: true });
  await turns();
  expect([first.heard, second.heard]).toEqual([['error', 'undone'], []]);
  second.end({ tag: 'killed' });
  await turns();
  expect(told).toEqual([]);
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
