/**
 * A run against what it stands for: a caller that waits for each reply before it sends the next call. Servers and loops,
 * whatever their handlers do, must not see a difference, and the caller must be told the same.
 */
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { answering } from '../../src/guest/behaviour.js';
import { concurrent, environment, Refusal, server } from '../../src/index.js';
import type { CallError, Context, ReceivedCall } from '../../src/index.js';
import type { RunCaller, RunOutcome } from '../../src/internal/bridge.js';
import { Simulation } from '../../src/testing/index.js';

type Handling = 'ok' | 'promise' | 'later' | 'refuse' | 'unfit' | 'missing' | 'throw';

interface Step {
  readonly how: Handling;
  readonly ms: number;
}

const step = fc.record({
  how: fc.oneof(
    { arbitrary: fc.constantFrom<Handling>('ok', 'promise', 'later'), weight: 12 },
    { arbitrary: fc.constantFrom<Handling>('refuse', 'unfit', 'missing', 'throw'), weight: 1 },
  ),
  ms: fc.integer({ min: 0, max: 20 }),
});
const program = fc.record({
  seed: fc.nat(0xffff),
  steps: fc.array(step, { minLength: 1, maxLength: 12 }),
  kind: fc.constantFrom('server', 'loop'),
  /** Milliseconds from the start. */
  deadline: fc.oneof(fc.constant(Infinity), fc.integer({ min: 0, max: 60 })),
  noise: fc.nat(5),
});
type Program = typeof program extends fc.Arbitrary<infer P> ? P : never;

/** What the server did, and how often it had more than one message in hand. */
class Log {
  readonly begun: number[] = [];
  readonly replied: number[] = [];
  overlaps = 0;

  begin(n: number): void {
    if (this.begun.length > this.replied.length) this.overlaps++;
    this.begun.push(n);
  }
}

function server_(log: Log) {
  const replied = <T>(n: number, value: T): T => {
    log.replied.push(n);
    return value;
  };
  return server({
    calls: {
      ok: (_context, n: number) => {
        log.begin(n);
        return replied(n, 'done');
      },
      promise: concurrent(async (_context, n: number) => {
        log.begin(n);
        await Promise.resolve();
        return replied(n, undefined);
      }),
      later: answering((context: Context & { state: unknown }, call: ReceivedCall) => {
        const [n, ms] = call.arguments as [number, number];
        log.begin(n);
        context.sendAfter(ms, context.self, [n]);
        waiting.set(n, call);
      }),
      refuse: (_context, n: number) => {
        log.begin(n);
        throw new Refusal('no');
      },
      unfit: (_context, n: number) => {
        log.begin(n);
        return () => 0;
      },
      throw: (_context, n: number) => {
        log.begin(n);
        throw new TypeError('broken');
      },
    },
    info: (_context, item) => {
      if (item.type !== 'message' || !Array.isArray(item.value)) return;
      const [n] = item.value as [number];
      waiting.get(n)?.reply(replied(n, 'late'));
    },
  });
}
const waiting = new Map<number, ReceivedCall>();

/** A loop: each call is replied to before the next receive, but for those that wait for a message to itself. */
function loop(log: Log) {
  return environment(async (context) => {
    for (;;) {
      const item = await context.receive();
      if (item.type === 'message' && Array.isArray(item.value)) {
        const [n] = item.value as [number];
        log.replied.push(n);
        waiting.get(n)?.reply(undefined);
      }
      if (item.type !== 'call') continue;
      const [n, ms] = item.arguments as [number, number];
      if (item.operation === 'missing') {
        item.fail('no_such_operation', 'none');
        continue;
      }
      log.begin(n);
      if (item.operation === 'throw') throw new TypeError('broken');
      if (item.operation === 'later') {
        context.sendAfter(ms, context.self, [n]);
        waiting.set(n, item);
      } else if (item.operation === 'refuse') item.fail('refused', 'no');
      else if (item.operation === 'unfit') item.reply(() => 0);
      else {
        if (item.operation === 'promise') await Promise.resolve();
        log.replied.push(n);
        item.reply('done');
      }
    }
  });
}

interface Told {
  readonly handled: number;
  readonly failure: string | undefined;
}

type Calls = (readonly [string, ...unknown[]])[];
type Way = (context: Context & RunCaller, calls: Calls, deadline: number, now: () => number) => Promise<Told>;

const told = ({ handled, failure }: RunOutcome): Told => ({ handled, failure: failure?.code });
const never = new AbortController().signal;
const together: Way = async (context, calls, deadline) =>
  told(await context.callRun('to', calls, { deadline, signal: never }));
const singly: Way = async (context, calls, deadline, now) => {
  let handled = 0;
  for (const [operation, ...parameters] of calls) {
    if (now() >= deadline) break;
    try {
      await context.call('to', operation, parameters, { timeoutMs: Infinity });
    } catch (error) {
      return { handled, failure: (error as CallError).code };
    }
    handled++;
  }
  return { handled, failure: undefined };
};

const callsOf = (steps: readonly Step[]): Calls => steps.map(({ how, ms }, n) => [how, n, ms]);

async function opened({ seed, kind }: Pick<Program, 'seed' | 'kind'>) {
  const log = new Log();
  const simulation = new Simulation({ seed });
  const behaviour = kind === 'server' ? server_(log) : loop(log);
  await simulation.start([simulation.child('to', { behaviour })]);
  return { log, simulation, context: simulation.context as Context & RunCaller };
}

async function perform(given: Program, way: Way) {
  waiting.clear();
  const { log, simulation, context } = await opened(given);
  for (let n = 0; n < given.noise; n++) await simulation.settle(context.send('to', n));
  const now = () => simulation.clock.now();
  const outcome = await simulation.settle(way(context, callsOf(given.steps), given.deadline, now));
  await simulation.quiet();
  return { outcome, begun: log.begun, replied: log.replied, overlaps: log.overlaps };
}

const RUNS = { numRuns: 300 };

describe('a run of calls', () => {
  test('is handled as calls are that wait for each other, and its caller is told the same', async () => {
    await fc.assert(
      fc.asyncProperty(program, async (given) => {
        const run = await perform(given, together);
        expect(run).toEqual(await perform(given, singly));
        expect(run.overlaps).toBe(0);
      }),
      RUNS,
    );
  }, 60_000);

  test('begins nothing more when its caller gives up, who is told how far it came', async () => {
    const good = fc.record({ how: fc.constant<Handling>('later'), ms: fc.integer({ min: 1, max: 20 }) });
    const given = fc.record({
      seed: fc.nat(0xffff),
      kind: fc.constantFrom('server', 'loop'),
      steps: fc.array(good, { minLength: 1, maxLength: 8 }),
      at: fc.nat(60),
      dies: fc.boolean(),
    });
    await fc.assert(
      fc.asyncProperty(given, async ({ seed, kind, steps, at, dies }) => {
        waiting.clear();
        const { log, simulation } = await opened({ seed, kind });
        const controller = new AbortController();
        let outcome: Told | undefined;
        const caller = environment(async (context) => {
          await context.register('caller');
          const options = { deadline: Infinity, signal: controller.signal };
          outcome = told(await (context as Context & RunCaller).callRun('to', callsOf(steps), options));
          await context.receive();
        });
        simulation.module('caller', { behaviour: caller });
        await simulation.settle(simulation.context.spawn({ module: 'caller' }));
        await simulation.advance(at);
        const over = outcome;
        if (dies) simulation.context.kill('caller');
        else controller.abort();
        await simulation.quiet();
        const begun = log.begun.length;
        // What was in hand may still be replied to.
        await simulation.advance(1000);
        expect(log.begun).toHaveLength(begun);
        if (!dies || over !== undefined) {
          expect(outcome?.failure).toBeUndefined();
          const inHand = outcome?.handled === begun ? 0 : 1;
          expect(outcome?.handled).toBe(begun - inHand);
        }
      }),
      RUNS,
    );
  }, 60_000);
});

describe('a run', () => {
  const many = (count: number): Calls => Array.from({ length: count }, () => ['ok', 0] as const);

  test('holds its room in the mailbox until it is over, and gives it back then', async () => {
    waiting.clear();
    const log = new Log();
    const simulation = new Simulation();
    const terms = { capacityBytes: 64 * 1024, messageBytes: 64 * 1024 };
    await simulation.start([simulation.child('to', { behaviour: server_(log), terms })]);
    const context = simulation.context as Context & RunCaller;
    // A first window and the mailbox: two of them.
    const body = new Uint8Array(60_000);
    const runs = [0, 1, 2].map((n) =>
      context.callRun('to', [['later', n, 1000, body]], { deadline: Infinity, signal: never }),
    );
    await simulation.quiet();
    expect(log.begun).toEqual([0, 1]);
    await simulation.advance(999);
    expect(log.begun).toEqual([0, 1]);
    await simulation.advance(1);
    expect(log.begun).toEqual([0, 1, 2]);
    for (const run of runs) expect(told(await simulation.settle(run)).handled).toBe(1);
  });

  test('is refused where messages are counted by time, for it counts as one', async () => {
    const simulation = new Simulation();
    const terms = { messagesPerSecond: 10 };
    const behaviour = server_(new Log());
    await simulation.start([simulation.child('to', { behaviour, terms })]);
    const context = simulation.context as Context & RunCaller;
    const run = context.callRun('to', many(2), { deadline: Infinity, signal: never });
    await expect(simulation.settle(run)).rejects.toMatchObject({ code: 'too_large' });
  });

  test('rejects with `down` where the thread was killed: nobody knows how far it came', async () => {
    waiting.clear();
    const { log, simulation, context } = await opened({ seed: 1, kind: 'server' });
    const run = context.callRun('to', callsOf([step_('ok'), step_('later'), step_('ok')]), {
      deadline: Infinity,
      signal: never,
    });
    const ended = expect(simulation.settle(run)).rejects.toMatchObject({ code: 'down' });
    await simulation.until(() => log.begun.length === 2);
    simulation.crash('tree/to');
    await ended;
    expect(log.begun).toEqual([0, 1]);
  });

  test.each([
    ['fails where the first look at it ended the server', 'throws', { handled: 0, failure: 'down' }],
    [
      'has not failed where the server passed it over and ended',
      'passes',
      { handled: 0, failure: undefined },
    ],
  ])('%s', async (_, how, outcome) => {
    const simulation = new Simulation();
    const behaviour = environment(async (context) => {
      const match = ({ type }: { readonly type: string }): boolean => {
        if (type === 'call' && how === 'throws') throw new TypeError('unreadable');
        return type === 'message';
      };
      await context.receive({ match });
    });
    await simulation.start([simulation.child('to', { behaviour })]);
    const context = simulation.context as Context & RunCaller;
    const run = context.callRun('to', many(2), { deadline: Infinity, signal: never });
    await simulation.quiet();
    if (how === 'passes') await context.send('to', 'end');
    expect(told(await simulation.settle(run))).toEqual(outcome);
  });

  test('rejects with `cancelled` if it had not left', async () => {
    const { context } = await opened({ seed: 1, kind: 'server' });
    const controller = new AbortController();
    const run = context.callRun('to', many(2), { deadline: Infinity, signal: controller.signal });
    controller.abort();
    await expect(run).rejects.toMatchObject({ code: 'cancelled' });
  });
});

function step_(how: Handling): Step {
  return { how, ms: 50 };
}
