import { mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { getPriority, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { LIMITS, testWall, type TestWall } from './thread-fixture.js';

let walls: TestWall;
let folder: string;
let largeFile: string;

beforeAll(() => {
  walls = testWall();
  folder = mkdtempSync(join(tmpdir(), 'espalier-guard-'));
  largeFile = join(folder, 'large');
  writeFileSync(largeFile, '');
  truncateSync(largeFile, 200 * 1024 * 1024);
});

afterAll(async () => {
  await walls.close();
  rmSync(folder, { recursive: true });
});

/** Each exceeds 64 MB of heap, or 128 MB with what is off the heap; none of them may end the process. */
const LEAKS: readonly (readonly [string, string, string])[] = [
  ['a leaking Map', 'heapMb', `const m = new Map(); for (let i = 0; ; i++) m.set(i, {});`],
  ['push onto one array', 'heapMb', `const a = []; for (;;) a.push({ a: 1 });`],
  ['push of numbers', 'heapMb', `const a = []; for (;;) a.push(1.5);`],
  ['a leaking Set', 'heapMb', `const s = new Set(); for (let i = 0; ; i++) s.add('k' + i);`],
  ['an object as a dictionary', 'heapMb', `const d = {}; for (let i = 0; ; i++) d['key' + i] = i;`],
  ['a closure chain', 'heapMb', `let f = () => 0; for (;;) { const g = f; f = () => g; }`],
  [
    'joined strings',
    'heapMb',
    `const parts = []; for (let i = 0; ; i++) { parts.push('x'.repeat(1000) + i); if (i % 1000 === 0) keep.push(parts.join(',')); }`,
  ],
  [
    'JSON.parse of a large text',
    'heapMb',
    `const text = '[' + '{"a":[1,2,3],"b":"text"},'.repeat(400000) + '0]'; for (;;) keep.push(JSON.parse(text));`,
  ],
  ['a file read into a Buffer', 'memoryMb', `keep.push(require('fs').readFileSync(FILE)); for (;;);`],
  [
    'a file read into a string',
    'memoryMb',
    `keep.push(require('fs').readFileSync(FILE, 'latin1')); for (;;);`,
  ],
  ['Buffers in small steps', 'memoryMb', `for (;;) keep.push(Buffer.alloc(100_000, 1));`],
  [
    'shared memory',
    'memoryMb',
    `for (;;) keep.push(new Uint8Array(new SharedArrayBuffer(1_000_000)).fill(1));`,
  ],
  [
    'a leak where the stack has no room for a call',
    'heapMb',
    `let depth = 0;
    const down = (left) => {
      if (left === 0) for (;;) keep.push([keep.length, 1, 2, 3, 4, 5, 6, 7]);
      depth += 1; down(left - 1);
    };
    try { down(Infinity); } catch {}
    down(depth - 100);`,
  ],
  [
    'one thing in each turn',
    'heapMb',
    `setInterval(() => { for (let i = 0; i < 5000; i++) keep.push({ i }); }, 1);`,
  ],
];

describe('guard: what exceeds a limit ends one thread', () => {
  test.each(LEAKS)('%s ends with the limit %s', async (_name, limit, body) => {
    const [leaker, neighbour] = await Promise.all([walls.start(), walls.start()]);
    leaker.post(
      `() => { const keep = (globalThis.keep = []); const FILE = ${JSON.stringify(largeFile)}; ${body} }`,
    );
    const end = await leaker.ended;
    expect(end).toMatchObject({ kind: 'reason', reason: { tag: 'limit', detail: { limit } } });
    expect(await neighbour.run('() => 1')).toEqual({ value: 1 });
    neighbour.thread.terminate();
    await neighbour.ended;
  });

  test('a guest that tampers with every read-out it has is ended all the same', async () => {
    const forger = await walls.start();
    forger.post(`() => {
      const nothing = () => ({ used_heap_size: 0, external_memory: 0, heapUsed: 0, external: 0 });
      require('v8').getHeapStatistics = nothing;
      process.memoryUsage = nothing;
      Array.prototype[Symbol.iterator] = function* () {};
      Object.defineProperty(Array.prototype, '0', { get: () => 0, set() {}, configurable: true });
      const m = new Map(); for (let i = 0; ; i++) m.set(i, {});
    }`);
    expect(await forger.ended).toMatchObject({ kind: 'reason', reason: { tag: 'limit' } });
  });
});

describe('guard: what stays under its limit goes on', () => {
  test('garbage made ten times over the limit, in one turn, with a live half', async () => {
    const churner = await walls.start();
    const answer = await churner.run(`() => {
      const live = Array.from({ length: 100000 }, (_, i) => ({ i, text: 'x' + i }));
      let made = 0;
      for (let round = 0; round < 60; round++) {
        const list = []; for (let i = 0; i < 200000; i++) list.push({ i }); made += list.length;
      }
      return [made, live.length];
    }`);
    expect(answer).toEqual({ value: [12_000_000, 100_000] });
  });

  test('garbage of Buffers, with more than half of the limit alive', async () => {
    const churner = await walls.start();
    const answer = await churner.run(`async () => {
      const live = [];
      for (let n = 0; n < 1500; n++) {
        live[n % 80] = Buffer.alloc(1024 * 1024, 1);
        if (n % 10 === 0) await new Promise((resolve) => setImmediate(resolve));
      }
      return live.length;
    }`);
    expect(answer).toEqual({ value: 80 });
  });

  test('reading runs no promise reaction of the guest in the middle of its turn', async () => {
    const busy = await walls.start();
    const answer = await busy.run(`() => {
      let ran = false; Promise.resolve().then(() => { ran = true; });
      const until = performance.now() + 300; let early = false;
      while (performance.now() < until) early ||= ran;
      return early;
    }`);
    expect(answer).toEqual({ value: false });
  });

  test('a thread in an endless loop is still read', async () => {
    const looping = await walls.start({ title: 'looping' });
    looping.post(`() => { say('go'); for (;;); }`);
    await looping.next();
    const heap = (): number | undefined =>
      walls.wall.facts().threads.find(({ title }) => title === 'looping')?.heapMb;
    while (heap() === undefined) await new Promise((resolve) => setImmediate(resolve));
    expect(heap()).toBeGreaterThan(1);
    looping.thread.terminate();
    expect(await looping.ended).toEqual({ kind: 'unexplained', exitCode: 1 });
  });
});

describe('guard: a share of a core', () => {
  const LOOP = `() => { say('go'); for (;;); }`;

  test('who uses more than its share ends with the limit, and what it used, where that is asked for', async () => {
    const hog = await walls.start({ limits: { ...LIMITS, cpu: { share: 0.05, over: 'end' } } });
    hog.post(LOOP);
    expect(await hog.ended).toMatchObject({
      kind: 'reason',
      reason: { tag: 'limit', detail: { limit: 'cpu', share: 0.05, used: expect.any(Number) } },
    });
  });

  test('who uses more than its share makes way for others, once, and goes on', async () => {
    const hog = await walls.start({
      title: 'hog',
      limits: { ...LIMITS, cpu: { share: 0.05, over: 'lower' } },
    });
    const tid = walls.wall.facts().threads.find(({ title }) => title === 'hog')?.tid as number;
    expect(getPriority(tid)).toBe(0);
    hog.post(
      `() => { say('go'); const until = performance.now() + 4000; while (performance.now() < until); }`,
    );
    await hog.next();
    while (getPriority(tid) === 0) await new Promise((resolve) => setImmediate(resolve));
    expect(getPriority(tid)).toBe(19);
    // What the loop returned, and then this.
    expect(await hog.run('() => 1')).toEqual({ value: null });
    expect(await hog.next()).toEqual({ value: 1 });
    expect(walls.problems).toEqual([
      expect.stringMatching(/^'hog' used \d+ % of a core, more than its share/),
    ]);
    hog.thread.terminate();
    await hog.ended;
  });

  test('who waits uses nothing, however long it lives', async () => {
    const idle = await walls.start({ limits: { ...LIMITS, cpu: { share: 0.2, over: 'end' } } });
    const busy = await walls.start();
    busy.post(
      `() => { const until = performance.now() + 2500; while (performance.now() < until); say('over'); }`,
    );
    await busy.next();
    expect(await idle.run('() => 1')).toEqual({ value: 1 });
    for (const { thread, ended } of [idle, busy]) {
      thread.terminate();
      await ended;
    }
  });
});

describe('guard: a spare', () => {
  test('is held to the limits of who takes it', async () => {
    const own = testWall({ spares: { perClass: 1, total: 1 } });
    await own.start();
    while (own.wall.facts().spares[0]?.ready !== true) await new Promise((resolve) => setImmediate(resolve));
    const [spare] = own.wall.facts().spares;
    const taker = await own.start({ title: 'taker', limits: { ...LIMITS, memoryMb: 40 } });
    expect(own.wall.facts().threads.find(({ title }) => title === 'taker')?.tid).toBe(spare?.tid);
    taker.post(
      `() => { const keep = (globalThis.keep = []); for (;;) keep.push(Buffer.alloc(100_000, 1)); }`,
    );
    expect(await taker.ended).toMatchObject({ reason: { detail: { limit: 'memoryMb', limitMb: 40 } } });
    await own.close();
  });
});

describe('guard: a share of the processor where that is hard to tell', () => {
  test('one who uses more inside one long native call has exceeded it, whatever comes after the call', async () => {
    const hog = await walls.start({ limits: { ...LIMITS, cpu: { share: 0.05, over: 'end' } } });
    hog.post(`() => {
      require('crypto').pbkdf2Sync('a', 'b', 5_000_000, 64, 'sha512');
      process.exit(7);
    }`);
    expect(await hog.ended).toMatchObject({
      kind: 'reason',
      reason: { tag: 'limit', detail: { limit: 'cpu', share: 0.05 } },
    });
  }, 60_000);

  test('where the system does not tell, that is said, once, and only if somebody has such a limit', async () => {
    const blind = testWall({ bootstrap: new URL('./no-proc-fixture.mjs', import.meta.url) });
    try {
      const free = await blind.start();
      expect(await free.run('() => 1')).toEqual({ value: 1 });
      expect(blind.problems).toEqual([]);
      for (const title of ['tree/a', 'tree/b'])
        await blind.start({ title, limits: { ...LIMITS, cpu: { share: 0.5, over: 'lower' } } });
      expect(blind.problems).toEqual([expect.stringContaining("the limit `cpu` of 'tree/a'")]);
    } finally {
      await blind.close();
    }
  });
});
