import { afterEach, describe, expect, test } from '@jest/globals';
import type { WallEnd } from '../../src/kernel/wall.js';
import { nodeClock } from '../../src/threads/node-clock.js';
import { openThread, type OpenThread } from '../../src/threads/open-thread.js';
import { portLinks } from '../../src/threads/port-link.js';
import { LIMITS, testWall, TestGuest, type TestWall } from './thread-fixture.js';

let walls: TestWall;

afterEach(() => walls.close());

describe('thread wall: a thread', () => {
  test('starts with the environment given, none of the host, and no arguments of the host', async () => {
    walls = testWall();
    const guest = await walls.start({ env: { ONE: '1', TWO: 'zwei' } });
    expect((await guest.run('() => ({ ...process.env })')).value).toEqual({ ONE: '1', TWO: 'zwei' });
    expect((await guest.run('() => process.execArgv')).value).toEqual([]);
  });

  test('that is told to end while it loops ends, once, and whoever asks late is told too', async () => {
    walls = testWall();
    const guest = await walls.start();
    guest.post('() => { say(0); for (;;); }');
    await guest.next();
    guest.thread.terminate();
    guest.thread.terminate();
    expect(await guest.ended).toEqual({ kind: 'unexplained', exitCode: 1 });
    const late: WallEnd[] = [];
    guest.thread.onEnd((end) => late.push(end));
    expect(late).toEqual([{ kind: 'unexplained', exitCode: 1 }]);
  });

  test('is seen waiting while it has nothing to do, without being woken, and not while it is blocked', async () => {
    const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
    for (const block of ['for (;;);', 'Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);']) {
      walls = testWall();
      const guest = await walls.start();
      while (!guest.thread.isWaiting()) await turn();
      for (let n = 0; n < 100; n++) expect(guest.thread.isWaiting()).toBe(true);
      guest.post(`() => { say(0); ${block} }`);
      await guest.next();
      for (let n = 0; n < 100; n++) {
        expect(guest.thread.isWaiting()).toBe(false);
        await turn();
      }
      await walls.close();
      expect(guest.thread.isWaiting()).toBe(false);
    }
  });

  test('whose bootstrap is missing is reported as an end, with the error as output', async () => {
    walls = testWall({ bootstrap: new URL('./no-such-file.mjs', import.meta.url) });
    const guest = new TestGuest(walls.wall.start({ title: 'none', env: {}, limits: LIMITS }));
    expect((await guest.ended).kind).toBe('unexplained');
    expect(walls.printed.map(({ text }) => text).join('')).toContain('no-such-file');
  });

  test('delivers what it had sent before its end', async () => {
    walls = testWall();
    const guest = await walls.start();
    guest.post('() => { for (let i = 0; i < 300; i++) say(i); process.exit(); }');
    await guest.ended;
    guest.thread.link.drain();
    for (let at = 0; at < 300; at += 1) expect(await guest.next()).toBe(at);
  });

  test('reaches another over a link whose ends came, in order, over the control links', async () => {
    walls = testWall();
    const [first, second] = await Promise.all([walls.start(), walls.start()]);
    const [near, far] = portLinks.pair();
    first.thread.link.send(new Uint8Array(1), [near]);
    second.thread.link.send(new Uint8Array(1), [far]);
    second.post(
      `() => new Promise((resolve) => channel.receive({ batch: (b) => resolve([...b]), end() {} }))`,
    );
    await first.run(`() => { channel.send(new Uint8Array([4, 2])); }`);
    expect(await second.next()).toEqual({ value: [4, 2] });
    second.post(`() => new Promise((resolve) => { channel = null; resolve(0); })`);
    await second.next();
  });

  test('that sends a port to the kernel has left the protocol', async () => {
    walls = testWall();
    const guest = await walls.start();
    guest.post(`() => {
      const inner = new (require('worker_threads').MessageChannel)();
      link.send(new Uint8Array(1), [inner.port1]);
    }`);
    while (walls.problems.length === 0) await new Promise((resolve) => setImmediate(resolve));
    expect(walls.problems).toEqual(['a transfer that has no place on this link']);
  });
});

describe('thread wall: what a thread prints', () => {
  test('arrives as text, by stream, with characters that were cut between two writes whole', async () => {
    walls = testWall();
    const guest = await walls.start();
    await guest.run(`() => {
      console.log('out'); console.error('err');
      const euro = Buffer.from('€'); process.stdout.write(euro.subarray(0, 1)); process.stdout.write(euro.subarray(1));
    }`);
    const text = (wanted: string): string =>
      walls.printed
        .filter(({ stream }) => stream === wanted)
        .map((entry) => entry.text)
        .join('');
    await guest.run('() => 0');
    expect(text('stdout')).toBe('out\n€');
    expect(text('stderr')).toBe('err\n');
  });

  test('beyond its quota is dropped and counted, and nothing piles up', async () => {
    walls = testWall();
    const guest = await walls.start({ limits: { ...LIMITS, stdioBytesPerSecond: 10_000 } });
    const answer = await guest.run(`() => {
      for (let i = 0; i < 20000; i++) console.log('x'.repeat(99)); return process.stdout.writableLength;
    }`);
    expect(answer).toEqual({ value: 0 });
    const passed = walls.printed.reduce((sum, { text }) => sum + text.length, 0);
    expect(passed).toBeGreaterThanOrEqual(10_000);
    expect(passed).toBeLessThan(200_000);
    // The count comes with the next text that passes: on a slow machine some of it in the middle, the rest at the end.
    const { printed } = walls;
    const dropped = (): number => printed.reduce((sum, one) => sum + one.dropped, 0);
    while (dropped() <= 1_000_000) await guest.run(`() => console.log('more')`);
  });

  test('on a stream of Node’s own that was kept cannot be forged: its port is out of reach', async () => {
    walls = testWall();
    const guest = await walls.start();
    const found = await guest.run(`async () => {
      const seen = new Set(); const { MessagePort } = require('worker_threads'); let ports = 0;
      const walk = (value, depth) => {
        if ((typeof value !== 'object' && typeof value !== 'function') || value === null || seen.has(value) || depth > 6) return;
        seen.add(value);
        if (value instanceof MessagePort && value !== MessagePort.prototype) ports += 1;
        for (const key of Reflect.ownKeys(value)) { try { walk(value[key], depth + 1); } catch {} }
        walk(Object.getPrototypeOf(value), depth + 1);
      };
      walk(process, 0); walk(require('worker_threads'), 0); walk(console, 0);
      return ports;
    }`);
    expect(found).toEqual({ value: 0 });
  });
});

describe('thread wall: spares', () => {
  test('a warm spare gets the environment of the one who takes it, and is not used again', async () => {
    walls = testWall({ spares: { perClass: 1, total: 1 } });
    const first = await walls.start({ title: 'first', env: { A: '1' } });
    while (walls.wall.facts().spares.every(({ tid }) => tid === -1)) {
      await new Promise((resolve) => setImmediate(resolve));
    }
    const [spare] = walls.wall.facts().spares;
    const second = await walls.start({ title: 'second', env: { B: '2' } });
    expect((await second.run('() => ({ ...process.env })')).value).toEqual({ B: '2' });
    expect(walls.wall.facts().threads.find(({ title }) => title === 'second')?.tid).toBe(spare?.tid);
    second.thread.terminate();
    await second.ended;
    expect(walls.wall.facts().spares.map(({ tid }) => tid)).not.toContain(spare?.tid);
    expect((await first.run('() => process.env.A')).value).toBe('1');
  });

  test('close leaves none behind', async () => {
    walls = testWall({ spares: { perClass: 2 } });
    await walls.start();
    await walls.close();
    expect(walls.wall.facts()).toEqual({ threads: [], spares: [] });
  });
});

describe('thread wall: a thread that was opened before there was a wall', () => {
  function opened(limits = LIMITS): OpenThread {
    const bootstrap = new URL('./guest-fixture.mjs', import.meta.url);
    return openThread({ bootstrap, code: undefined, token: 'espalier:early', title: 'spare', limits });
  }
  const idOf = ({ worker }: OpenThread): number => (worker as { readonly threadId: number }).threadId;
  const ID = "() => require('node:worker_threads').threadId";

  test.each([
    ['starts still', false],
    ['runs already', true],
  ])('is the first that is started, and held to its limits by the guard: it %s', async (_which, runs) => {
    const early = opened();
    const { worker } = early;
    if (runs && 'once' in worker) await new Promise((resolve) => worker.once('online', resolve));
    walls = testWall({ early, spares: { perClass: 1, total: 1, beside: false } });
    const guest = await walls.start();
    expect((await guest.run(ID)).value).toBe(idOf(early));
    guest.post('() => { const all = new Map(); for (let i = 0; ; i++) all.set(i, { i }); }');
    expect(await guest.ended).toMatchObject({ kind: 'reason', reason: { tag: 'limit' } });
  });

  test('is not taken for others limits than its own, and ends with the wall', async () => {
    const early = opened({ ...LIMITS, heapMb: 32 });
    const { worker } = early;
    const ended = new Promise((resolve) => 'on' in worker && worker.on('exit', resolve));
    walls = testWall({ early, spares: { perClass: 1, total: 1, beside: false } });
    const guest = await walls.start();
    expect((await guest.run(ID)).value).not.toBe(idOf(early));
    await walls.close();
    await ended;
  });

  test('is not missed where it has ended before', async () => {
    const early = opened();
    if ('terminate' in early.worker) await early.worker.terminate();
    walls = testWall({ early, spares: { perClass: 1, total: 1, beside: false } });
    expect((await (await walls.start()).run('() => 7')).value).toBe(7);
  });
});

describe('a thread that was told to end and does not', () => {
  /** So many steps in which nothing interrupts it: some 600 a millisecond. */
  const uninterrupted = (steps: number): string =>
    `() => { setTimeout(() => Array.prototype.includes.call({ length: 2 ** 53 - 1 }, 1, 2 ** 53 - 1 - ${steps})); }`;
  const LONG_MS = 5_000;

  /** Real but for the long wait, which passes when the test says so. */
  function wallThatWaits(): { stuck: string[]; waitIsOver: () => Promise<() => void> } {
    const stuck: string[] = [];
    const clock = nodeClock();
    let over: (() => void) | undefined;
    let waiting: (wake: () => void) => void = () => undefined;
    walls = testWall({
      stuckForGood: (title) => stuck.push(title),
      clock: {
        now: () => clock.now(),
        after: (delayMs, wake) => {
          if (delayMs < LONG_MS) return clock.after(delayMs, wake);
          over = wake;
          waiting(wake);
          return () => undefined;
        },
      },
    });
    const waitIsOver = () =>
      new Promise<() => void>((resolve) => {
        if (over === undefined) waiting = resolve;
        else resolve(over);
      });
    return { stuck, waitIsOver };
  }

  test('is told of once it has not ended for long', async () => {
    const { stuck, waitIsOver } = wallThatWaits();
    const guest = await walls.start({ title: 'slow' });
    await guest.run(uninterrupted(1e6));
    guest.thread.terminate();
    guest.thread.markStuck();
    (await waitIsOver())();
    expect(stuck).toEqual(['slow']);
  });

  test('is not told of when it ends meanwhile', async () => {
    const { stuck, waitIsOver } = wallThatWaits();
    const guest = await walls.start({ title: 'slow' });
    await guest.run(uninterrupted(2e5));
    guest.thread.terminate();
    guest.thread.markStuck();
    await guest.ended;
    (await waitIsOver())();
    expect(stuck).toEqual([]);
  });
});
