/** The test clock over a tree of real threads: what follows it, in which order, and what it waits for. */
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, test } from '@jest/globals';
import type { Received } from '@espalier/core';
import { testClock, type TestClock, type TestClockOptions } from '@espalier/core/testing';
import { start, type Host, type StartOptions, type TreeEvent, type TreeSpec } from '../src/index.js';

const base = new URL('./fixtures/test-clock/', import.meta.url);
const hosts: Host[] = [];

afterEach(async () => {
  await Promise.all(hosts.splice(0).map((host) => host.stop()));
});

type Child = TreeSpec['children'] extends readonly (infer C)[] | undefined ? C : never;

interface Tree {
  readonly host: Host;
  readonly clock: TestClock;
  /** `[virtual time, what, who]` for each event, the beginning of a restart apart. */
  readonly log: unknown[];
}

const child = (module: string, fields: object = {}): Child => ({
  id: module,
  module: `./${module}.ts`,
  ...fields,
});

function starting(
  children: readonly Child[],
  fields: object = {},
  { clock = testClock(), ...options }: Partial<StartOptions> = {},
): { clock: TestClock; log: unknown[]; started: Promise<Host> } {
  const log: unknown[] = [];
  const onEvent = (event: TreeEvent): void => {
    const told = event.kind === 'supervision' ? event.event : event;
    if (told.kind !== 'restarting') log.push([clock.now, told.kind, ...('id' in told ? [told.id] : [])]);
  };
  const spec = { children, ...fields } as TreeSpec;
  const started = start(spec, { embedded: true, base, clock, onEvent, ...options });
  return { clock, log, started: started.then((host) => (hosts.push(host), host)) };
}

async function tree(
  children: readonly Child[],
  fields: object = {},
  options: TestClockOptions = {},
): Promise<Tree> {
  const { started, ...rest } = starting(children, fields, { clock: testClock(options) });
  return { host: await started, ...rest };
}

/** Everything in the application's mailbox. */
async function received(host: Host): Promise<unknown[]> {
  const values = [];
  for (;;) {
    const item: Received | undefined = await host.context.receive({ timeoutMs: 0 });
    if (item === undefined) return values;
    values.push(item.type === 'message' ? item.value : item.type);
  }
}

describe('what follows the clock', () => {
  test('sendAfter: a message of an hour later comes after an hour, and not a millisecond before', async () => {
    const { host, clock } = await tree([child('diary')]);
    await host.call('diary', 'later', [3_600_000, 'an hour later']);
    await clock.advance(3_599_999);
    expect(await host.call('diary', 'entries', [])).toEqual([]);
    await clock.advance(1);
    expect(await host.call('diary', 'entries', [])).toEqual([[3_600_000, 'an hour later']]);
  });

  test('no time passes by itself', async () => {
    const { host, clock } = await tree([child('diary')]);
    await host.call('diary', 'later', [1, 'too early']);
    for (let n = 0; n < 200; n++) await host.call('diary', 'now', []);
    expect(await host.call('diary', 'entries', [])).toEqual([]);
    expect(clock.now).toBe(0);
  });

  test('calls: one without an answer ends by its timeout, between threads and from the application', async () => {
    const { host, clock } = await tree([child('diary'), child('diary', { id: 'silent' })]);
    const between = host.call('diary', 'calls', ['silent', 'never', [], 59_999], { timeoutMs: Infinity });
    const own = host.call('silent', 'never', [], { timeoutMs: 60_000 }).catch((error: { code: string }) => {
      return [clock.now, error.code];
    });
    await clock.advance(60_000);
    expect(await between).toEqual([59_999, 'timeout']);
    expect(await own).toEqual([60_000, 'timeout']);
  });

  test('receive: its timeout passes again and again', async () => {
    const { host, clock } = await tree([child('diary'), child('patient', { args: 'diary' })]);
    await clock.advance(150_000);
    await host.send('patient', 'here');
    await clock.advance(60_000);
    expect(await host.call('diary', 'entries', [])).toEqual([
      [60_000, 'nothing in minute 1'],
      [120_000, 'nothing in minute 2'],
      // The message has come in the third.
      [210_000, 'nothing in minute 4'],
    ]);
  });

  test('backoff: waits of minutes between crashes are as long as the spec says', async () => {
    const backoff = { initialMs: 60_000, factor: 10, maxMs: 3_600_000, jitter: 0, resetAfterMs: 86_400_000 };
    const { clock, log } = await tree([child('failing', { backoff })], { intensity: 100 });
    await clock.advance(2 * 3_600_000);
    expect(log).toEqual([
      [0, 'started', 'failing'],
      [1000, 'failed', 'failing'],
      [61_000, 'restarted', 'failing'],
      [62_000, 'failed', 'failing'],
      [662_000, 'restarted', 'failing'],
      [663_000, 'failed', 'failing'],
      [4_263_000, 'restarted', 'failing'],
      [4_264_000, 'failed', 'failing'],
    ]);
  });

  test('backoff: its jitter is drawn from the seed of the clock', async () => {
    const backoff = { initialMs: 60_000, factor: 1, maxMs: 60_000, jitter: 1, resetAfterMs: 86_400_000 };
    const logs: unknown[] = [];
    for (const seed of [7, 7, 8]) {
      const { host, clock, log } = await tree([child('failing', { backoff })], { intensity: 9 }, { seed });
      await clock.advance(120_000);
      await host.stop();
      logs.push(JSON.stringify(log));
    }
    expect(logs[1]).toBe(logs[0]);
    expect(logs[2]).not.toBe(logs[0]);
  });

  test('intensity: a restart is forgotten when its period is over, and counts until then', async () => {
    const { host, clock, log } = await tree([child('diary')], { intensity: 1, periodMs: 5000 });
    const crash = async (): Promise<void> => {
      await host.call('diary', 'exit', ['error']).catch(() => undefined);
      await clock.quiet();
    };
    await crash();
    await clock.advance(5001);
    await crash();
    expect(log.at(-1)).toEqual([5001, 'restarted', 'diary']);
    await clock.advance(5000);
    await crash();
    expect(log.at(-1)).toEqual([10_001, 'tree-ended']);
  });

  test('startTimeoutMs: a start that takes an hour is given up in time', async () => {
    const slow = child('slow', { args: 3_600_000, startTimeoutMs: 30_000 });
    const { clock, started } = starting([slow]);
    await expect(clock.settle(started)).rejects.toMatchObject({ code: 'start_failed' });
    expect(clock.now).toBe(30_000);
  });

  test('start: one that needs time gets it while it is waited for', async () => {
    const { clock, started } = starting([child('slow', { args: 20_000 })]);
    await clock.advance(19_999);
    let up = false;
    void started.then(() => (up = true));
    await clock.quiet();
    expect(up).toBe(false);
    await clock.advance(1);
    expect(up).toBe(true);
  });

  test('shutdown: one that does not end is killed after its time, and stopping lets it pass', async () => {
    const { host, clock, log } = await tree([child('stubborn', { shutdown: 30_000 }), child('diary')]);
    await host.stop();
    expect(log.slice(2)).toEqual([
      [0, 'stopped', 'diary'],
      [30_000, 'stopped', 'stubborn'],
      [30_000, 'tree-ended'],
    ]);
    expect(clock.now).toBe(30_000);
  });

  test('sendTimeoutMs: a send without room is refused in its time', async () => {
    const full = child('full', { sendTimeoutMs: 45_000, limits: { mailbox: 10 } });
    const { host, clock } = await tree([child('diary'), full]);
    const filling = host.call('diary', 'fills', ['full'], { timeoutMs: Infinity });
    expect(await clock.settle(filling)).toEqual([45_000, 'full']);
  });

  test('unresponsiveMs: an endless loop is found and ended, and another takes its place', async () => {
    const limits = { unresponsiveMs: 20_000 };
    const { host, clock, log } = await tree([child('diary', { limits })], {}, { hungAfterMs: 1000 });
    const spinning = host.call('diary', 'spin', [], { timeoutMs: Infinity });
    const ended = spinning.catch((error: { reason?: { tag: string } }) => error.reason?.tag);
    await clock.advance(60_000);
    expect(await ended).toBe('unresponsive');
    expect(log.map((entry) => (entry as unknown[])[1])).toEqual(['started', 'failed', 'restarted']);
    const [failedAt] = log[1] as [number];
    expect(failedAt).toBeGreaterThanOrEqual(20_000);
    expect(failedAt).toBeLessThan(40_000);
  });

  test('spares: a restart in a warm spare follows the clock like a first start', async () => {
    const { host, clock } = await tree([child('diary')], { intensity: 10 });
    for (let life = 1; life <= 3; life++) {
      await host.call('diary', 'later', [1000, `life ${String(life)}`]);
      await clock.advance(1000);
      expect(await host.call('diary', 'entries', [])).toEqual([[life * 1000, `life ${String(life)}`]]);
      await host.call('diary', 'exit', ['error']).catch(() => undefined);
      await clock.quiet();
    }
  });
});

describe('order', () => {
  test('two deadlines in two threads: the earlier is over before the later begins', async () => {
    const { host, clock } = await tree([child('diary', { id: 'a' }), child('diary', { id: 'b' })]);
    const { self } = host.context;
    for (let n = 0; n < 20; n++) {
      await host.call('a', 'tellLater', [1000 + 2 * n, self, `a${String(n)}`]);
      await host.call('b', 'tellLater', [1001 + 2 * n, self, `b${String(n)}`]);
    }
    await clock.advance(2000);
    const expected = Array.from({ length: 20 }, (_, n) => [`a${String(n)}`, `b${String(n)}`]).flat();
    expect(await received(host)).toEqual(expected);
  });

  test('two deadlines at one time: those of the thread that was started first come first', async () => {
    const { host, clock } = await tree([child('diary', { id: 'a' }), child('diary', { id: 'b' })]);
    const { self } = host.context;
    for (const text of ['first', 'second']) {
      for (const id of ['b', 'a']) await host.call(id, 'tellLater', [1000, self, `${text} of ${id}`]);
    }
    await clock.advance(1000);
    expect(await received(host)).toEqual(['first of a', 'second of a', 'first of b', 'second of b']);
  });

  test('what follows from a timer is over before the next, however often it goes between threads', async () => {
    const { host, clock } = await tree([
      child('diary'),
      child('rally', { id: 'a' }),
      child('rally', { id: 'b' }),
    ]);
    await host.call('diary', 'castLater', [1000, 'a', 'ball', ['b', 'a', 999]]);
    await host.call('diary', 'castLater', [1001, 'a', 'ball', ['b', 'a', 0]]);
    await clock.advance(1000);
    expect(await host.call('a', 'returned', [])).toBe(500);
    await clock.advance(1);
    expect(await host.call('a', 'returned', [])).toBe(501);
  });

  test('moves that are asked for together are made one after the other', async () => {
    const { host, clock } = await tree([child('diary')]);
    await host.call('diary', 'later', [1500, 'in the second']);
    const first = clock.advance(1000).then(() => clock.now);
    const second = clock.advance(1000).then(() => clock.now);
    expect([await first, await second]).toEqual([1000, 2000]);
    expect(await host.call('diary', 'entries', [])).toEqual([[1500, 'in the second']]);
  });
});

describe('what is waited for', () => {
  test('a flood between two threads is over before time moves', async () => {
    const { host, clock } = await tree([
      child('rally', { id: 'a' }),
      child('rally', { id: 'b' }),
      child('diary'),
    ]);
    await host.call('diary', 'later', [1, 'after the flood']);
    for (let n = 0; n < 8; n++) await host.context.cast('a', 'ball', ['b', 'a', 1000]);
    await clock.advance(1);
    expect(await host.call('a', 'returned', [])).toBe(8 * 501);
    expect(await host.call('b', 'returned', [])).toBe(8 * 500);
  });

  test('a handler that goes on and on between two threads is over before its timeout', async () => {
    const { host, clock } = await tree([child('diary', { id: 'a' }), child('diary', { id: 'b' })]);
    const chatting = host.call('a', 'chats', ['b', 500], { timeoutMs: 10 });
    await clock.advance(1000);
    expect(await chatting).toEqual([0, 500]);
  });

  test('files: a handler that reads them is waited for', async () => {
    const { host, clock } = await tree([child('diary')]);
    const reading = host.call('diary', 'reads', [fileURLToPath(base)], { timeoutMs: 10 });
    await clock.advance(1000);
    expect(await reading).toEqual([0, true]);
  });

  test('a thread that ends in the midst of it', async () => {
    const { host, clock, log } = await tree([child('diary'), child('diary', { id: 'other' })]);
    await host.call('diary', 'exitLater', [500]);
    await host.call('other', 'later', [501, 'goes on']);
    await clock.advance(1000);
    expect(log.slice(2)).toEqual([
      [500, 'failed', 'diary'],
      [500, 'restarted', 'diary'],
    ]);
    expect(await host.call('other', 'entries', [])).toEqual([[501, 'goes on']]);
  });

  test('a thread that is killed, and its replacement', async () => {
    const { host, clock, log } = await tree([child('diary')]);
    await host.call('diary', 'later', [1000, 'of a life that is over']);
    await host.kill('root/diary');
    await clock.advance(1000);
    expect(log).toEqual([
      [0, 'started', 'diary'],
      [0, 'failed', 'diary'],
      [0, 'restarted', 'diary'],
    ]);
    expect(await host.call('diary', 'entries', [])).toEqual([]);
  });

  test('messages that lie unread where a thread has ended are not waited for', async () => {
    const { host, clock } = await tree([child('full', { restart: 'temporary' }), child('diary')]);
    for (let n = 0; n < 8; n++) await host.send('full', n);
    await host.kill('root/full');
    await host.call('diary', 'later', [1000, 'on time']);
    await clock.advance(1000);
    expect(await host.call('diary', 'entries', [])).toEqual([[1000, 'on time']]);
  });

  test('a start: the images, the thread, its init', async () => {
    const { clock, started } = starting([child('diary')]);
    await clock.advance(1000);
    const host = await started;
    expect(await host.call('diary', 'now', [])).toBe(1000);
    await host.call('diary', 'later', [1000, 'later']);
    await clock.advance(1000);
    expect(await host.call('diary', 'entries', [])).toEqual([[2000, 'later']]);
  });

  test('a start that fails leaves nothing to wait for', async () => {
    const { clock, started } = starting([child('nowhere')]);
    await expect(started).rejects.toMatchObject({ code: 'module_missing' });
    await clock.advance(1000);
    expect(clock.now).toBe(1000);
  });

  test('spawn: the image is built, the child has started', async () => {
    const { host, clock } = await tree([child('diary')]);
    const spawning = host.call('diary', 'spawns', ['./patient.ts'], { timeoutMs: 10 });
    await clock.advance(1000);
    expect(await spawning).toBeUndefined();
    expect(await host.context.whereis('spawned')).toBeDefined();
  });

  test('pools: a task is waited for, though no one sees its thread', async () => {
    const pool = { id: 'pool', pool: { module: './tasks.ts', maxThreads: 1 } } as unknown as Child;
    const { host, clock } = await tree([pool]);
    const thinking = host.call('pool', 'think', [50], { timeoutMs: 10 });
    await clock.advance(1000);
    expect(await thinking).toBe(50);
  });

  test('two hosts follow one clock', async () => {
    const clock = testClock();
    const [one, two] = await Promise.all(
      ['one', 'two'].map((name) => starting([child('diary')], { name }, { clock }).started),
    );
    await one?.call('diary', 'later', [1000, 'one']);
    await two?.call('diary', 'later', [999, 'two']);
    await one?.stop();
    await clock.advance(1000);
    expect(await two?.call('diary', 'entries', [])).toEqual([[999, 'two']]);
  });
});

describe('what is not waited for', () => {
  test('an endless loop: time goes on without it, and it can be killed', async () => {
    const { host, clock, log } = await tree(
      [child('diary'), child('diary', { id: 'other' })],
      {},
      { hungAfterMs: 1000 },
    );
    const spinning = host.call('diary', 'spin', [], { timeoutMs: 60_000 });
    const ended = spinning.catch((error: { code: string }) => [clock.now, error.code]);
    await host.call('other', 'later', [30_000, 'meanwhile']);
    await clock.advance(60_000);
    expect(await ended).toEqual([60_000, 'timeout']);
    expect(clock.hung).toEqual(['root/diary']);
    expect(await host.call('other', 'entries', [])).toEqual([[30_000, 'meanwhile']]);
    await host.kill('root/diary');
    await clock.advance(1000);
    expect(clock.hung).toEqual([]);
    expect(log.slice(2)).toEqual([
      [60_000, 'failed', 'diary'],
      [60_000, 'restarted', 'diary'],
    ]);
    expect(await host.call('diary', 'now', [])).toBe(61_000);
  });

  test('pools: a task that never ends is timed out, and its thread replaced', async () => {
    const pool = { id: 'pool', pool: { module: './tasks.ts', maxThreads: 1 } } as unknown as Child;
    const { host, clock } = await tree([pool], {}, { hungAfterMs: 1000 });
    const spinning = host.call('pool', 'spin', [], { timeoutMs: 60_000 });
    const ended = spinning.catch((error: { code: string }) => [clock.now, error.code]);
    await clock.advance(60_000);
    expect(await ended).toEqual([60_000, 'timeout']);
    expect(await host.call('pool', 'think', [1])).toBe(1);
  });

  test('an endless exchange is an error that names who does not come to rest', async () => {
    const { host, clock } = await tree(
      [child('rally', { id: 'a' }), child('rally', { id: 'b' })],
      {},
      { patienceMs: 4000 },
    );
    await host.context.cast('a', 'ball', ['b', 'a', Infinity]);
    await expect(clock.advance(1)).rejects.toMatchObject({ code: 'clock_stalled' });
    await host.kill('root/a');
    await host.kill('root/b');
    await clock.advance(1);
    expect(clock.now).toBe(1);
  });

  test('settle: a promise that nothing can bring is an error', async () => {
    const { host, clock } = await tree([child('diary')], {}, { patienceMs: 3000 });
    const never = host.call('diary', 'never', [], { timeoutMs: Infinity });
    never.catch(() => undefined);
    await expect(clock.settle(never)).rejects.toMatchObject({ code: 'clock_stalled' });
  });

  test('settle: what comes from outside of the tree is awaited for real', async () => {
    const { clock } = await tree([child('diary')]);
    const outside = new Promise((resolve) => {
      setTimeout(resolve, 20, 'from outside');
    });
    expect(await clock.settle(outside)).toBe('from outside');
  });

  test.each([NaN, -1, Infinity])('advance: %d is no time to go on by', async (ms) => {
    await expect(testClock().advance(ms)).rejects.toMatchObject({ code: 'operation_refused', value: ms });
  });

  test('a clock without a host moves, too', async () => {
    const clock = testClock();
    await clock.advance(10);
    await clock.quiet();
    expect(await clock.settle(Promise.resolve('done'))).toBe('done');
    expect(clock.now).toBe(10);
    expect(clock.hung).toEqual([]);
  });
});

describe('guest code', () => {
  const began = '2000-01-01T00:00:00.000Z';

  test('Date, performance and hrtime follow the clock', async () => {
    const { host, clock } = await tree([child('clocks')]);
    await clock.advance(1500);
    expect(await host.call('clocks', 'read', [])).toEqual({
      now: Date.parse(began) + 1500,
      date: '2000-01-01T00:00:01.500Z',
      text: new Date(Date.parse(began) + 1500).toString(),
      given: '1970-01-01T00:00:00.000Z',
      kinds: [true, true],
      performance: [1500, 1500, Date.parse(began)],
      hrtime: [[1, 500_000_000], 1_500_000_000n],
      value: new Date('2000-01-01T00:00:01.500Z'),
    });
  });

  test.each<[string, number]>([
    ['global', 1000],
    ['imported', 1000],
    ['promise', 1000],
    ['promisified', 1000],
    ['scheduler', 1000],
    ['signal', 1000],
    ['interval', 1000],
    ['iterated', 1000],
    ['refreshed', 1000],
    ['byNumber', 1000],
    ['atOnce', 0],
    ['tooLong', 1],
  ])('timers: %s waits %d ms', async (way, ms) => {
    const { host, clock } = await tree([child('clocks')]);
    expect(await clock.settle(host.call('clocks', 'waits', [way], { timeoutMs: Infinity }))).toBe(ms);
  });

  test('timers: one can be aborted, gets its arguments and its context, and what it throws ends the guest', async () => {
    const { host, clock } = await tree([child('clocks', { restart: 'temporary' })]);
    expect(await host.call('clocks', 'aborted', [])).toEqual(['AbortError', 'ABORT_ERR', 'enough']);
    expect(await clock.settle(host.call('clocks', 'passes', []))).toEqual(['kept', 1, 'two']);
    const monitor = await host.context.monitor('clocks');
    await host.call('clocks', 'throwsLater', []);
    await clock.advance(1000);
    const down = await host.context.receive({ timeoutMs: 0 });
    expect(down).toMatchObject({ type: 'down', monitor, reason: { tag: 'error' } });
  });

  test('epoch: the day on which the test takes place', async () => {
    const { host } = await tree([child('clocks')], {}, { epoch: new Date('2038-01-19T03:14:07Z') });
    expect(await host.call('clocks', 'read', [])).toMatchObject({ date: '2038-01-19T03:14:07.000Z' });
  });

  test('globals: turned off, guest code has the real time, and its context the virtual one', async () => {
    const { host, clock } = await tree([child('clocks'), child('diary')], {}, { globals: false });
    const before = Date.now();
    const { now } = (await host.call('clocks', 'read', [])) as { now: number };
    expect(now).toBeGreaterThanOrEqual(before);
    await host.call('diary', 'later', [3_600_000, 'by the clock']);
    await clock.advance(3_600_000);
    expect(await host.call('diary', 'entries', [])).toHaveLength(1);
  });
});

test('fifty runs of one story are told alike', async () => {
  const backoff = { initialMs: 30_000, factor: 2, maxMs: 3_600_000, jitter: 0.5, resetAfterMs: 600_000 };
  const story = async (): Promise<unknown> => {
    const { clock, log, started } = starting(
      [
        child('diary'),
        child('failing', { backoff }),
        child('rally', { id: 'a' }),
        child('rally', { id: 'b' }),
      ],
      { intensity: 10, periodMs: 600_000 },
      { spares: { total: 0 } },
    );
    const host = await started;
    await host.call('diary', 'later', [90_000, 'note']);
    await host.context.cast('a', 'ball', ['b', 'a', 50]);
    const timeout = host
      .call('diary', 'never', [], { timeoutMs: 200_000 })
      .catch(() => [clock.now, 'timeout']);
    await clock.advance(100_000);
    await host.kill('root/b');
    await clock.advance(150_000);
    const result = [await timeout, await host.state('root/diary'), await host.call('a', 'returned', [])];
    await host.stop();
    return [log, result, clock.now];
  };
  const told: unknown[] = [];
  while (told.length < 50) told.push(...(await Promise.all(Array.from({ length: 5 }, story))));
  for (const one of told) expect(one).toEqual(told[0]);
  expect(JSON.stringify(told[0])).toContain('note');
}, 240_000);
