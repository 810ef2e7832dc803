/**
 * The application and environments in cells, over a kernel's pipe and a direct one beside it: whatever the order
 * of events, and whatever dies, nothing on the one overtakes what was sent before on the other.
 */
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { environment, type Address, type Monitor } from '../../../src/index.js';
import { Simulation } from '../../../src/testing/index.js';
import { restarting } from '../../conformance/restarting.js';

/** What one incarnation has done, as it knows it. */
interface Life {
  readonly key: string;
  readonly id: string;
  sent: number;
  /** It has ended in its own way, and not by force. */
  returned: boolean;
  readonly marks: number[];
  /** Exit signals of the application: so many marks were sent before, so many had come. */
  readonly signals: { readonly before: number; readonly had: number }[];
}

/** What the application has of one incarnation. */
interface Seen {
  readonly life: string;
  readonly address: Address;
  received: number;
  marks: number;
  down: boolean;
}

interface Order {
  readonly op: 'talk' | 'signal' | 'return';
  readonly n: number;
  readonly to: Address;
}

interface Command {
  readonly op: Order['op'] | 'mark' | 'exit' | 'call' | 'crash' | 'crashCell' | 'tear' | 'run' | 'wait';
  readonly who: number;
  readonly n: number;
}

const IDS = ['near', 'beside', 'deep'];
const PATHS: Readonly<Record<string, string>> = {
  near: 'tree/c/near',
  beside: 'tree/c/beside',
  deep: 'tree/c/d/deep',
};

class World {
  readonly simulation: Simulation;
  readonly lives: Life[] = [];
  readonly seen = new Map<string, Seen>();
  readonly monitors = new Map<Monitor, Seen>();
  readonly broken: string[] = [];

  constructor(seed: number) {
    this.simulation = new Simulation({ seed, logic: restarting, direct: true });
  }

  async start(): Promise<void> {
    const { simulation } = this;
    const { context } = simulation;
    const actor = environment<string>(async (own, id) => {
      const number = this.lives.filter((one) => one.id === id).length + 1;
      const life: Life = { key: `${id}#${number}`, id, sent: 0, returned: false, marks: [], signals: [] };
      this.lives.push(life);
      own.trapExits(true);
      for (;;) {
        const item = await own.receive();
        if (item.type === 'call') item.reply(life.key);
        if (item.type === 'exit') {
          if (item.from === undefined) return;
          life.signals.push({ before: item.reason.detail as number, had: life.marks.length });
        }
        if (item.type !== 'message') continue;
        if (typeof item.value === 'number') {
          life.marks.push(item.value);
          continue;
        }
        const { op, n, to } = item.value as Order;
        for (let i = 0; op === 'talk' && i < n; i += 1) {
          await own.send(to, { life: life.key, self: own.self, seq: life.sent + 1 });
          life.sent += 1;
        }
        if (op === 'signal') own.sendExit(to, { tag: 'error', detail: { life: life.key, sent: life.sent } });
        if (op === 'return') {
          life.returned = true;
          return;
        }
      }
    });
    const child = (id: string) =>
      simulation.child(id, { behaviour: actor, args: id }, { restart: 'permanent' });
    const intensity = 1_000_000;
    const deep = simulation.inCell(simulation.group('d', [child('deep')], { intensity }));
    const cell = simulation.group('c', [child('near'), child('beside'), { ...deep, restart: 'permanent' }], {
      intensity,
    });
    await simulation.start([{ ...simulation.inCell(cell), restart: 'permanent' }], { intensity });
    context.trapExits(true);
    void this.#listen();
  }

  async #listen(): Promise<void> {
    const { context } = this.simulation;
    for (;;) {
      const item = await context.receive();
      if (item.type === 'message') {
        const { life, self, seq } = item.value as { life: string; self: Address; seq: number };
        let seen = this.seen.get(life);
        if (seen === undefined) {
          seen = { life, address: self, received: 0, marks: 0, down: false };
          const known = seen;
          this.seen.set(life, seen);
          void context.monitor(self).then((monitor) => this.monitors.set(monitor, known));
        }
        if (seen.down) this.broken.push(`${life}: message ${seq} after its down`);
        if (seq !== seen.received + 1) this.broken.push(`${life}: message ${seq} after ${seen.received}`);
        seen.received = seq;
      } else if (item.type === 'exit' && item.from !== undefined) {
        const { life, sent } = item.reason.detail as { life: string; sent: number };
        const received = this.seen.get(life)?.received ?? 0;
        if (received < sent) this.broken.push(`${life}: its signal after ${sent} came after ${received}`);
      } else if (item.type === 'down') {
        const seen = this.monitors.get(item.monitor);
        if (seen === undefined) continue;
        seen.down = true;
        const life = this.lives.find(({ key }) => key === seen.life);
        if (life?.returned === true && seen.received !== life.sent)
          this.broken.push(`${seen.life}: has returned and sent ${life.sent}, and ${seen.received} came`);
      }
    }
  }

  async perform({ op, who, n }: Command): Promise<void> {
    const { simulation } = this;
    const { context } = simulation;
    const id = IDS[who % IDS.length] as string;
    const latest = [...this.seen.values()].findLast(({ life, down }) => life.startsWith(`${id}#`) && !down);
    const ignore = (): undefined => undefined;
    if (op === 'run') {
      for (let i = 0; i < n; i += 1) if (!(await simulation.step(simulation.clock.now()))) return;
    } else if (op === 'wait') await simulation.advance(n * 10);
    else if (op === 'tear') simulation.direct?.tear('tree/c');
    else if (op === 'crash') this.#unlessGone(() => simulation.crash(PATHS[id] as string));
    else if (op === 'crashCell')
      this.#unlessGone(() => simulation.crashCell(id === 'deep' ? 'tree/c/d' : 'tree/c'));
    else if (op === 'call') context.call(id, 'who', [], { timeoutMs: 500 }).then(ignore, ignore);
    else if (op === 'mark') {
      if (latest === undefined) return;
      for (let i = 0; i < n % 4; i += 1) {
        latest.marks += 1;
        context.send(latest.address, latest.marks).then(ignore, ignore);
      }
    } else if (op === 'exit') {
      if (latest === undefined) return;
      latest.marks += 1;
      const before = latest.marks;
      // Sent, and still in the batch of this turn.
      context
        .send(latest.address, before)
        .then(() => context.sendExit(latest.address, { tag: 'error', detail: before }), ignore);
    } else context.send(id, { op, n, to: context.self }).then(ignore, ignore);
  }

  /** Everything that can happen happens; then each is there, and answers. */
  async finish(): Promise<void> {
    await this.simulation.advance(10_000);
    for (const id of IDS) {
      const answered = this.simulation.context.call(id, 'who', [], { timeoutMs: 5_000 });
      const latest = this.lives.findLast((life) => life.id === id);
      expect(await this.simulation.settle(answered)).toBe(latest?.key);
    }
    for (const { key, marks, signals } of this.lives) {
      marks.forEach((mark, at) => {
        if (mark !== at + 1) this.broken.push(`${key}: mark ${mark} as number ${at + 1}`);
      });
      for (const { before, had } of signals)
        if (had < before) this.broken.push(`${key}: the signal after ${before} marks came after ${had}`);
    }
  }

  #unlessGone(crash: () => void): void {
    try {
      crash();
    } catch {
      // It is between two lives.
    }
  }
}

const weighted: readonly (readonly [Command['op'], number])[] = [
  ['talk', 10],
  ['signal', 5],
  ['mark', 6],
  ['exit', 4],
  ['call', 2],
  ['return', 2],
  ['run', 12],
  ['wait', 1],
];
const violent: typeof weighted = [...weighted, ['crash', 1], ['crashCell', 1], ['tear', 1]];

const programs = (of: typeof weighted) =>
  fc.record({
    seed: fc.nat(0xffff),
    commands: fc.array(
      fc.record({
        op: fc.oneof(...of.map(([op, weight]) => ({ arbitrary: fc.constant(op), weight }))),
        who: fc.nat(2),
        n: fc.integer({ min: 1, max: 12 }),
      }),
      { minLength: 20, maxLength: 70 },
    ),
  });

async function run({ seed, commands }: { seed: number; commands: readonly Command[] }): Promise<World> {
  const world = new World(seed);
  await world.start();
  for (const command of commands) await world.perform(command);
  await world.finish();
  return world;
}

describe('the direct pipe and the control link beside it', () => {
  test('order: what ends in its own way has delivered all before its `down`; no signal overtakes a message, either way', async () => {
    await fc.assert(
      fc.asyncProperty(programs(weighted), async (program) => {
        const world = await run(program);
        expect(world.broken).toEqual([]);
        expect(world.simulation.direct?.problems).toEqual([]);
        expect(world.simulation.events.filter(({ kind }) => kind === 'violation')).toEqual([]);
      }),
      { numRuns: 40 },
    );
  }, 120_000);

  test('crashes: of a thread, of a cell, of the direct pipe alone: what was lost is the end of what was sent, and no `down` comes before the rest', async () => {
    await fc.assert(
      fc.asyncProperty(programs(violent), async (program) => {
        const world = await run(program);
        const lossOnly = / and sent \d+, and \d+ came|its signal after|the signal after/;
        expect(world.broken.filter((one) => !lossOnly.test(one))).toEqual([]);
        expect(world.simulation.direct?.problems).toEqual([]);
      }),
      { numRuns: 40 },
    );
  }, 120_000);
});
