/** Sender, queue and receiver under random schedules and faults. */
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { ManualClock } from '@espalier/core/testing';
import { InQueue } from '../../src/protocol/in-queue.js';
import { OutStream, STREAM_BOUNDS } from '../../src/protocol/out-stream.js';
import { SimulatedBroker, type SimulatedFrame } from './simulated-broker.js';

/** As the bridge's: more than a window of each sender. */
const PREFETCH = 20;
const PATIENCE_MS = 5000;

type Step =
  | { readonly do: 'offer'; readonly sender: number; readonly count: number }
  | {
      readonly do:
        'take' | 'take twice' | 'deliver' | 'handled' | 'crash' | 'lose consumer' | 'restart' | 'wait';
    }
  | { readonly do: 'tell'; readonly which: number }
  | { readonly do: 'lose publisher'; readonly after: number };

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constant('offer' as const),
      sender: fc.nat(1),
      count: fc.integer({ min: 1, max: 9 }),
    }),
  },
  { weight: 20, arbitrary: fc.record({ do: fc.constantFrom('take' as const, 'deliver', 'handled') }) },
  { weight: 6, arbitrary: fc.record({ do: fc.constant('tell' as const), which: fc.nat(20) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('lose publisher' as const), after: fc.nat(5) }) },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constantFrom('crash' as const, 'lose consumer', 'restart', 'take twice') }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('wait' as const) }) },
);

interface Handling {
  readonly id: string;
  readonly incarnation: number;
}

class World {
  readonly clock = new ManualClock();
  readonly broker: SimulatedBroker;
  readonly senders: { readonly stream: OutStream; sent: number; confirmed: string[] }[] = [];
  readonly handlings: Handling[] = [];
  incarnation = 0;
  receiver!: InQueue<SimulatedFrame>;
  #done: ((isHandled: boolean) => void) | undefined;

  constructor(capacity: number, requeues: 'in place' | 'to the back', window: number) {
    this.broker = new SimulatedBroker(capacity, requeues);
    for (const name of ['a', 'b']) {
      const stream = new OutStream({
        bounds: { ...STREAM_BOUNDS, window, frameItems: 3, items: 60 },
        clock: this.clock,
        random: { next: () => 0.5 },
        publish: (frame, fate) => this.broker.publish(name, frame, fate),
        room: () => undefined,
      });
      stream.connected();
      this.senders.push({ stream, sent: 0, confirmed: [] });
    }
    this.#receive();
  }

  #receive(): void {
    this.incarnation++;
    const { incarnation } = this;
    this.#done = undefined;
    this.receiver = new InQueue<SimulatedFrame>({
      prefetch: PREFETCH,
      patienceMs: PATIENCE_MS,
      isOrdered: true,
      clock: this.clock,
      awaited: () => true,
      handle: (frame, done) => {
        for (const id of frame.items) this.handlings.push({ id, incarnation });
        this.#done = done;
      },
    });
  }

  run(action: Step): void {
    switch (action.do) {
      case 'offer': {
        const sender = this.senders[action.sender];
        if (sender === undefined) return;
        for (let n = 0; n < action.count; n++) {
          const id = `${action.sender}:${String(sender.sent)}`;
          if (sender.stream.offer(Buffer.from(id), () => sender.confirmed.push(id))) sender.sent++;
        }
        sender.stream.flush();
        return;
      }
      case 'take':
      case 'take twice':
        this.broker.take(action.do === 'take twice');
        return;
      case 'tell':
        this.broker.tell(action.which);
        return;
      case 'deliver': {
        const next = this.broker.deliver(PREFETCH);
        if (next !== undefined) this.receiver.arrived(next.frame, next.delivery);
        return;
      }
      case 'handled':
        this.handled();
        return;
      case 'crash':
        this.receiver.close();
        this.broker.loseConsumer();
        this.#receive();
        return;
      case 'lose consumer':
        this.receiver.disconnected();
        this.broker.loseConsumer();
        return;
      case 'restart':
        this.receiver.restart();
        this.broker.loseConsumer();
        return;
      case 'lose publisher':
        for (let n = 0; n < action.after; n++) this.broker.take();
        this.broker.losePublisher();
        for (const { stream } of this.senders) {
          stream.disconnected();
          stream.connected();
        }
        return;
      case 'wait':
        this.#pass(300);
    }
  }

  #pass(ms: number): void {
    const until = this.clock.now() + ms;
    while (this.clock.fireNext(until));
    this.clock.moveTo(until);
  }

  handled(): void {
    const done = this.#done;
    this.#done = undefined;
    done?.(true);
  }

  /** No more faults, until nothing is left to happen. */
  settle(): void {
    for (let round = 0; round < 10_000; round++) {
      this.broker.take();
      this.broker.tell(0);
      const next = this.broker.deliver(PREFETCH);
      if (next !== undefined) this.receiver.arrived(next.frame, next.delivery);
      this.handled();
      if (next === undefined && this.broker.idle) {
        if (this.broker.empty && this.senders.every(({ stream }) => stream.settled)) return;
        this.#pass(500);
      }
    }
    throw new Error('it does not come to rest');
  }
}

const worlds = fc.record({
  capacity: fc.integer({ min: 2, max: 40 }),
  window: fc.integer({ min: 1, max: 8 }),
  steps: fc.array(step, { maxLength: 200, size: 'max' }),
});

function runWorld(
  { capacity, window, steps }: { capacity: number; window: number; steps: readonly Step[] },
  requeues: 'in place' | 'to the back',
): World {
  const world = new World(capacity, requeues, window);
  for (const action of steps) world.run(action);
  world.settle();
  return world;
}

function expectAllOnce({ senders, handlings }: World): void {
  const handled = new Set(handlings.map(({ id }) => id));
  for (const [at, { sent, confirmed }] of senders.entries()) {
    for (let n = 0; n < sent; n++) expect(handled).toContain(`${String(at)}:${String(n)}`);
    expect(new Set(confirmed).size).toBe(sent);
    expect(confirmed).toHaveLength(sent);
  }
  const perIncarnation = handlings.map(({ id, incarnation }) => `${id}@${String(incarnation)}`);
  expect(new Set(perIncarnation).size).toBe(perIncarnation.length);
}

describe('a stream through a queue', () => {
  test('loses nothing, handles nothing twice in one incarnation, and keeps the order where the broker does', () => {
    fc.assert(
      fc.property(worlds, (plan) => {
        const world = runWorld(plan, 'in place');
        expectAllOnce(world);
        for (const at of world.senders.keys()) {
          const own = world.handlings.filter(({ id }) => id.startsWith(`${String(at)}:`)).map(({ id }) => id);
          const first = [...new Set(own)];
          expect(first).toEqual(first.map((_, n) => `${String(at)}:${String(n)}`));
        }
      }),
      { numRuns: 150 },
    );
  });

  test('loses nothing and handles nothing twice in one incarnation even if the broker requeues to the back', () => {
    fc.assert(
      fc.property(worlds, (plan) => {
        expectAllOnce(runWorld(plan, 'to the back'));
      }),
      { numRuns: 150 },
    );
  });
});
