/** Limits that are changed while their nodes run: in threads of the host, in cells, and in cells of cells. */
import { readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { SpecError } from '@espalier/core';
import type { ChildSpecInput, EnvironmentSpec, TreeSpec } from '../../src/index.js';
import { cell, cellStarter, group, type Running } from '../cells/cells.js';

const startTree = cellStarter();

const eater = (fields: Partial<EnvironmentSpec> = {}): EnvironmentSpec => ({
  id: 'x',
  module: './eater.ts',
  ...fields,
});
type Place = readonly [string, string, (child: ChildSpecInput) => ChildSpecInput];
const PLACES: readonly Place[] = [
  ['a thread of the host', 'tree/x', (child) => child],
  ['a cell', 'tree/c/x', (child) => cell('c', [child])],
  ['a cell of a cell', 'tree/c/g/d/x', (child) => cell('c', [group('g', [cell('d', [child])])])],
  ['a cell of its own', 'tree/x', (child) => ({ ...child, wall: 'process' })],
];

async function reasonOf(running: Running, path: string, nth = 1): Promise<unknown> {
  const event = await running.happened(path, 'failed', nth);
  await running.happened(path, 'restarted', nth);
  return 'reason' in event ? event.reason : undefined;
}
const overMemory = (limitMb: number) => ({
  tag: 'limit',
  detail: { limit: 'memoryMb', usedMb: expect.any(Number), limitMb },
});

describe.each(PLACES)('in %s', (_, path, placed) => {
  test('limits: a lower one acts at once and in later lives, and an apply has the last word', async () => {
    const child = eater({ limits: { heapMb: 64, memoryMb: 300 } });
    const running = await startTree([placed(child)]);
    const { host } = running;
    await host.context.call('x', 'keep', [150]);
    expect(await host.setLimits(path, { memoryMb: 100 })).toEqual({ now: ['memoryMb'], atRestart: [] });
    await host.context.call('x', 'rest', [1_000]).catch(() => undefined);
    expect(await reasonOf(running, path)).toEqual(overMemory(100));
    await host.context.call('x', 'keep', [150]).catch(() => undefined);
    expect(await reasonOf(running, path, 2)).toEqual(overMemory(100));
    const spec = (limits: object): TreeSpec => ({
      name: 'tree',
      intensity: 10,
      children: [placed({ ...child, limits })],
    });
    expect(await host.apply(spec({ heapMb: 64, memoryMb: 300 }))).toMatchObject({ outcome: 'unchanged' });
    await host.apply(spec({ heapMb: 64, memoryMb: 310 }));
    await host.context.call('x', 'keep', [150]);
    await host.context.call('x', 'rest', [200]);
    expect(running.history(path).filter(({ kind }) => kind === 'failed')).toHaveLength(2);
  }, 60_000);

  test('limits: for how long a loop may stand still, at once and in the next life', async () => {
    const running = await startTree([placed(eater())]);
    const { host } = running;
    expect(await host.setLimits(path, { unresponsiveMs: 400 })).toMatchObject({ now: ['unresponsiveMs'] });
    for (const life of [1, 2]) {
      await host.context.cast('x', 'loop', []);
      expect(await reasonOf(running, path, life)).toEqual({ tag: 'unresponsive', detail: undefined });
    }
  }, 60_000);

  test('limits: what may be printed', async () => {
    const running = await startTree([placed(eater())]);
    const { host } = running;
    await host.setLimits(path, { stdioBytesPerSecond: 0 });
    await host.context.call('x', 'print', ['unheard']);
    await host.setLimits(path, { stdioBytesPerSecond: 1_000 });
    // What the thread holds of it itself it hears of on its own way.
    while (!running.printed.some(({ text }) => text.includes('heard')))
      await host.context.call('x', 'print', ['heard']);
    expect(running.printed.filter(({ text }) => text.includes('unheard'))).toEqual([]);
  }, 60_000);

  test('limits: a share of the processor', async () => {
    const running = await startTree([placed(eater())]);
    await running.host.setLimits(path, { cpu: 0.05, cpuOver: 'end' });
    await running.host.context.cast('x', 'loop', []);
    const detail = { limit: 'cpu', used: expect.any(Number), share: 0.05 };
    expect(await reasonOf(running, path)).toEqual({ tag: 'limit', detail });
  }, 60_000);
});

describe('limits that V8 holds', () => {
  test('limits: they are those of the next life, and the answer says so', async () => {
    const running = await startTree([eater({ limits: { heapMb: 64, stackMb: 1 } })]);
    const { host } = running;
    const answer = await host.setLimits('tree/x', { stackMb: 8, youngMb: 16, heapMb: 100, cpu: 1 });
    expect(answer).toEqual({ now: ['heapMb', 'cpu'], atRestart: ['stackMb', 'youngMb', 'heapMb'] });
    const before = (await host.context.call('x', 'depth', [])) as number;
    await host.kill('tree/x');
    await running.happened('tree/x', 'restarted');
    expect(await host.context.call('x', 'depth', [])).toBeGreaterThan(4 * before);
  }, 60_000);
});

describe('limits of a process', () => {
  test('limits: they are changed for the cell as a whole, its system’s too, and for the next one', async () => {
    const limits = { memoryMb: 600 };
    const running = await startTree([cell('c', [eater({ limits: { memoryMb: 500 } })], { limits })]);
    const { host } = running;
    const dataLimit = (pid: number): number =>
      Number(/^Max data size +(\S+)/m.exec(readFileSync(`/proc/${pid}/limits`, 'utf8'))?.[1]) / 1024 / 1024;
    const first = await running.pid('tree/c/x');
    await host.context.call('x', 'keep', [200]);
    expect(await host.setLimits('tree/c', { memoryMb: 100 })).toEqual({ now: ['memoryMb'], atRestart: [] });
    expect(await reasonOf(running, 'tree/c')).toEqual(overMemory(100));
    const second = await running.pid('tree/c/x', 2);
    expect(second).not.toBe(first);
    const heldMb = dataLimit(second);
    await host.setLimits('tree/c', { memoryMb: 'unlimited' });
    await host.context.call('x', 'keep', [200]);
    while (!Number.isNaN(dataLimit(second))) await new Promise((resolve) => setImmediate(resolve));
    expect(heldMb).toBeLessThan(2 * 100 + 512 + 800);
    expect(running.history('tree/c').filter(({ kind }) => kind === 'failed')).toHaveLength(1);
  }, 60_000);
});

describe('a host with flags of V8', () => {
  test('limits: it is warned of those that override them, and cells do not have them', async () => {
    const flag = '--max-old-space-size=4000';
    const before = process.env['NODE_OPTIONS'];
    process.env['NODE_OPTIONS'] = `${before ?? ''} ${flag}`;
    try {
      const running = await startTree([eater({ wall: 'process' })]);
      expect(running.warnings).toEqual([expect.stringContaining(`${flag} (NODE_OPTIONS)`)]);
      const pid = await running.pid('tree/x');
      expect(readFileSync(`/proc/${pid}/cmdline`, 'utf8')).not.toContain(flag);
      expect(readFileSync(`/proc/${pid}/environ`, 'utf8')).not.toContain(flag);
    } finally {
      if (before === undefined) delete process.env['NODE_OPTIONS'];
      else process.env['NODE_OPTIONS'] = before;
    }
  }, 60_000);
});

describe('what is refused', () => {
  test('limits: nothing is changed where one of them is bad, and each is told with its value and remedy', async () => {
    const running = await startTree([eater({ limits: { heapMb: 64, memoryMb: 128 } })]);
    const { host } = running;
    const refused = async (path: string, limits: object): Promise<SpecError> => {
      const error: unknown = await host.setLimits(path, limits).catch((thrown: unknown) => thrown);
      if (!(error instanceof SpecError)) throw error;
      return error;
    };
    for (const [name, value] of [
      ['heapMb', '64'],
      ['heapMb', -1],
      ['heapMb', 200],
      ['memoryMb', Number.NaN],
      ['memoryMb', 1e15],
      ['stackMb', 0.2],
      ['youngMb', 65],
      ['cpu', 2],
      ['cpuOver', 'freeze'],
      ['unresponsiveMs', 1],
      ['stdioBytesPerSecond', -1],
      ['mailbox', 5],
      ['colour', 1],
    ] as const) {
      const error = await refused('tree/x', { memoryMb: 128, [name]: value });
      expect(error.code).toBe('spec_invalid');
      expect(error.problems).toMatchObject([
        { path: `limits.${name}`, value, remedy: expect.stringMatching(/./) },
      ]);
    }
    await host.context.call('x', 'keep', [60]);
    expect((await refused('tree/x', {})).problems).toHaveLength(1);
    expect((await refused('tree/x', 5 as never)).problems).toHaveLength(1);
    expect(running.history('tree/x').map(({ kind }) => kind)).toEqual(['started']);
  }, 60_000);

  test('limits: nodes that have none to change', async () => {
    const pool = { id: 'p', pool: { module: new URL('../fixtures/pool/tasks.ts', import.meta.url) } };
    const { host } = await startTree([group('g', [eater()]), pool]);
    await expect(host.setLimits('tree/p', { memoryMb: 64 })).rejects.toMatchObject({ code: 'spec_invalid' });
    await expect(host.setLimits('tree/g', { memoryMb: 64 })).rejects.toMatchObject({ code: 'spec_invalid' });
    await expect(host.setLimits('tree/y', { memoryMb: 64 })).rejects.toMatchObject({ code: 'not_found' });
    await expect(host.setLimits('tree', { memoryMb: 64 })).rejects.toMatchObject({ code: 'not_found' });
    await expect(host.setLimits('tree/h/x', { memoryMb: 64 })).rejects.toMatchObject({ code: 'noproc' });
  }, 60_000);
});

describe('messages per second', () => {
  const RATE = 40;
  const COUNT = 60;
  // A first window of 8, what is saved up, and one that has begun.
  const LEAST_MS = ((COUNT - 8 - RATE / 10 - 1) * 1000) / RATE;

  test.each([PLACES[0] as Place, PLACES[3] as Place])(
    'limits: who sends more to %s waits',
    async (_, __, placed) => {
      const { host } = await startTree([placed(eater({ limits: { messagesPerSecond: RATE } }))]);
      const began = performance.now();
      for (let n = 0; n < COUNT; n += 1) await host.context.call('x', 'rest', [0], { timeoutMs: 20_000 });
      expect(performance.now() - began).toBeGreaterThan(LEAST_MS);
    },
    60_000,
  );

  test('limits: or it is refused, where the mailbox says so, until there is room again', async () => {
    const { host } = await startTree([eater({ overflow: 'reject', limits: { messagesPerSecond: RATE } })]);
    const codes = new Set<unknown>();
    const call = () =>
      host.context.call('x', 'rest', [0]).then(
        () => 'done',
        (error: unknown) => (error as SpecError).code,
      );
    // The first one learns the terms of the mailbox. The others in one turn: one after the other they might take so
    // long that there is always room.
    codes.add(await call());
    for (const code of await Promise.all(Array.from({ length: COUNT }, call))) codes.add(code);
    expect([...codes].sort()).toEqual(['done', 'full']);
    while ((await call()) === 'full') await new Promise((resolve) => setImmediate(resolve));
  }, 60_000);
});
