/**
 * The deadline of a run, against all that may lie between a message and its turn: other work in the mailbox, a mailbox
 * that delivers nothing for a while, a deadline that is moved, and one that comes at once.
 */
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { environment, server } from '../../src/index.js';
import type { Context } from '../../src/index.js';
import type { RunCall, RunCaller, RunOutcome, RunUnderWay } from '../../src/internal/bridge.js';
import { Simulation } from '../../src/testing/index.js';

const KINDS = ['server', 'loop', 'selective loop'] as const;
type Kind = (typeof KINDS)[number];

interface Begun {
  readonly operation: string;
  readonly at: number;
}

/** Who handles each call for as many milliseconds as it says, one at a time. */
async function opened(kind: Kind, terms = {}, seed = 1) {
  const simulation = new Simulation({ seed });
  const { clock } = simulation;
  const begun: Begun[] = [];
  const ended: string[] = [];
  const handle = async (operation: string, ms: number): Promise<void> => {
    begun.push({ operation, at: clock.now() });
    if (ms > 0) await new Promise<void>((resolve) => clock.after(ms, resolve));
    ended.push(operation);
  };
  const operations = ['durable', 'local'];
  const calls = operations.map((name) => [name, (_: unknown, ms: number) => handle(name, ms)] as const);
  const match = kind === 'loop' ? {} : { match: () => true };
  const loop = environment(async (context) => {
    for (;;) {
      const item = await context.receive(match);
      if (item.type !== 'call') continue;
      await handle(item.operation, item.arguments[0] as number);
      item.reply(undefined);
    }
  });
  const behaviour = kind === 'server' ? server({ calls: Object.fromEntries(calls) }) : loop;
  await simulation.start([simulation.child('to', { behaviour, terms })]);
  const context = simulation.context as Context & RunCaller;
  const local = (ms: number): void =>
    void context.call('to', 'local', [ms], { timeoutMs: Infinity }).catch(() => undefined);
  const run = (calls: readonly RunCall[], deadline: number) => {
    let moves: RunUnderWay | undefined;
    let outcome: RunOutcome | undefined;
    const underWay = (way: RunUnderWay): void => void (moves = way);
    const over = context.callRun('to', calls, { deadline, signal: new AbortController().signal, underWay });
    over.then(
      (told) => (outcome = told),
      () => undefined,
    );
    return { over, outcome: () => outcome, moves: moves as unknown as RunUnderWay };
  };
  const durable = (): Begun[] => begun.filter(({ operation }) => operation === 'durable');
  const handled = (): number => ended.filter((operation) => operation === 'durable').length;
  return { simulation, context, begun, durable, handled, local, run };
}

describe.each(KINDS)('the deadline of a run holds when a %s takes the message', (kind) => {
  test.each([1, 3])('that lay behind a slow call of somebody else (a run of %d)', async (count) => {
    const { simulation, durable, local, run } = await opened(kind);
    local(100);
    await simulation.quiet();
    const one = run(Array<RunCall>(count).fill(['durable', 0]), 99);
    await simulation.advance(1000);
    expect(durable()).toEqual([]);
    expect(one.outcome()).toEqual({ handled: 0, failure: undefined });
  });

  test('that lay behind the slow call of somebody else when the one before it was replied to', async () => {
    const { simulation, durable, local, run } = await opened(kind);
    const one = run([['durable', 50], ['durable', 0]], 120); // prettier-ignore
    await simulation.quiet();
    local(100);
    await simulation.advance(1000);
    expect(durable()).toHaveLength(1);
    expect(one.outcome()).toEqual({ handled: 1, failure: undefined });
  });

  test('that lay in a mailbox which delivered nothing', async () => {
    const { simulation, durable, run } = await opened(kind);
    simulation.inspect('tree/to', 'suspend');
    await simulation.quiet();
    const one = run([['durable', 0]], 100);
    await simulation.advance(100);
    simulation.inspect('tree/to', 'resume');
    await simulation.quiet();
    expect(durable()).toEqual([]);
    expect(one.outcome()?.handled).toBe(0);
  });
});

describe('the deadline of a run is moved', () => {
  test('by who may still have it handled: what waits for long is begun all the same, in its turn', async () => {
    const { simulation, begun, local, run } = await opened('server');
    local(1000);
    await simulation.quiet();
    const one = run([['durable', 0]], 100);
    await simulation.quiet();
    local(0);
    for (let until = 150; until < 1300; until += 50) {
      one.moves.prolong(until);
      await simulation.advance(50);
    }
    expect(begun.map(({ operation }) => operation)).toEqual(['local', 'durable', 'local']);
    expect(one.outcome()).toEqual({ handled: 1, failure: undefined });
  });

  test.each([
    ['lies in the mailbox: who has called hears of it at once', 100, 0, 0],
    ['is in hand: that one goes on, and who has called hears how it ended', 0, 1, 1],
  ])('to at once, where the first one %s', async (_, backlogMs, begins, handled) => {
    const { simulation, durable, local, run } = await opened('server');
    if (backlogMs > 0) local(backlogMs);
    await simulation.quiet();
    const one = run([['durable', 50], ['durable', 0]], Infinity); // prettier-ignore
    await simulation.advance(10);
    one.moves.beginNoMore();
    // It does not come back.
    one.moves.prolong(10_000);
    await simulation.quiet();
    expect(one.outcome()?.handled).toBe(handled === 0 ? 0 : undefined);
    await simulation.advance(1000);
    expect(one.outcome()).toEqual({ handled, failure: undefined });
    expect(durable()).toHaveLength(begins);
  });

  test('to at once before it has left: then it never leaves', async () => {
    const { simulation, durable, run } = await opened('server');
    const one = run([['durable', 0]], Infinity);
    one.moves.beginNoMore();
    await expect(one.over).rejects.toMatchObject({ code: 'cancelled' });
    await simulation.advance(1000);
    expect(durable()).toEqual([]);
  });
});

test('what lay in the mailbox of a server that ends was not begun, and has not failed', async () => {
  const { simulation, local, run } = await opened('server');
  local(100);
  await simulation.quiet();
  const one = run([['durable', 0]], Infinity);
  await simulation.quiet();
  simulation.context.sendExit('to', { tag: 'shutdown', detail: undefined });
  await simulation.quiet();
  expect(one.outcome()).toEqual({ handled: 0, failure: undefined });
});

test('a run of one is taken where messages are counted by time, and counts as one', async () => {
  const { simulation, durable, run } = await opened('server', { messagesPerSecond: 10 });
  const runs = Array.from({ length: 30 }, () => run([['durable', 0]], Infinity));
  await simulation.advance(1000);
  expect(durable().length).toBeLessThanOrEqual(10 * 1.1 + 1 + 8);
  await simulation.advance(10_000);
  expect(runs.map((one) => one.outcome()?.handled)).toEqual(Array(30).fill(1));
});

const step = fc.oneof(
  { arbitrary: fc.record({ do: fc.constant('wait' as const), ms: fc.nat(60) }), weight: 4 },
  { arbitrary: fc.record({ do: fc.constant('local' as const), ms: fc.nat(60) }), weight: 2 },
  { arbitrary: fc.record({ do: fc.constant('prolong' as const), ms: fc.nat(80) }), weight: 3 },
  {
    arbitrary: fc.record({ do: fc.constantFrom('over', 'suspend', 'resume'), ms: fc.constant(0) }),
    weight: 1,
  },
);

test('whatever happens, none is begun after the deadline, who has called hears exactly what was handled, and all of it is if the deadline never came', async () => {
  const given = fc.record({
    seed: fc.nat(0xffff),
    kind: fc.constantFrom(...KINDS),
    calls: fc.array(fc.nat(40), { minLength: 1, maxLength: 6 }),
    firstMs: fc.integer({ min: 1, max: 80 }),
    steps: fc.array(step, { maxLength: 30 }),
  });
  await fc.assert(
    fc.asyncProperty(given, async ({ seed, kind, calls, firstMs, steps }) => {
      const { simulation, durable, handled, local, run } = await opened(kind, {}, seed);
      const { clock } = simulation;
      local(10);
      await simulation.quiet();
      let deadline = firstMs;
      const one = run(
        calls.map((ms) => ['durable', ms]),
        deadline,
      );
      let checked = 0;
      let wasLate = false;
      const check = (): void => {
        for (; checked < durable().length; checked++) expect(durable()[checked]?.at).toBeLessThan(deadline);
      };
      await simulation.quiet();
      for (const { do: what, ms } of [...steps, { do: 'resume', ms: 0 }]) {
        if (what === 'wait') await simulation.advance(ms);
        else if (what === 'local') local(ms);
        else if (what === 'over') one.moves.beginNoMore();
        else if (what === 'prolong') one.moves.prolong(clock.now() + ms);
        else simulation.inspect('tree/to', what as 'suspend' | 'resume');
        await simulation.quiet();
        check();
        wasLate ||= clock.now() >= deadline;
        if (what === 'over') deadline = -Infinity;
        else if (what === 'prolong') deadline = Math.max(deadline, clock.now() + ms);
        wasLate ||= clock.now() >= deadline;
      }
      if (!wasLate) one.moves.prolong(1e9);
      if (!wasLate) deadline = 1e9;
      await simulation.advance(10_000);
      check();
      expect(one.outcome()?.handled).toBe(handled());
      if (!wasLate) expect(handled()).toBe(calls.length);
    }),
    { numRuns: 300 },
  );
}, 60_000);
