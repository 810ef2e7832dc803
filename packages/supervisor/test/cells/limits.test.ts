/** Limits of processes as a whole, held from outside: what runs in one is not asked. */
import { readdirSync, readFileSync } from 'node:fs';
import { getPriority } from 'node:os';
import { describe, expect, test } from '@jest/globals';
import type { EnvironmentLimitsSpec, EnvironmentSpec, ProcessLimitsSpec } from '../../src/index.js';
import { cell, cellStarter, gone, type Running } from './cells.js';

const startTree = cellStarter();

const eater = (id: string, limits: EnvironmentLimitsSpec, fields: Partial<EnvironmentSpec> = {}) => ({
  id,
  module: './eater.ts',
  limits,
  ...fields,
});
const alone = (limits: EnvironmentLimitsSpec, fields: Partial<EnvironmentSpec> = {}) =>
  eater('x', limits, { wall: 'process', ...fields });

/** How the child at that path ended for the first time. */
async function firstEnd(running: Running, path: string): Promise<unknown> {
  const event = await running.happened(path, 'failed');
  return 'reason' in event ? event.reason : undefined;
}

const memory = (limitMb: number) => ({
  tag: 'limit',
  detail: { limit: 'memoryMb', usedMb: expect.any(Number), limitMb },
});

describe('memoryMb', () => {
  test('cell limits: memory that no thread of the tree is charged with ends the process, which starts anew', async () => {
    const running = await startTree([alone({ memoryMb: 100 })]);
    await running.host.context.cast('x', 'workerKeeps', [400]);
    expect(await firstEnd(running, 'tree/x')).toEqual(memory(294));
    await running.happened('tree/x', 'restarted');
  }, 60_000);

  test('cell limits: memory of a process that it has started is its own', async () => {
    const running = await startTree([alone({ memoryMb: 120 })]);
    await running.host.context.cast('x', 'processKeeps', [400]);
    expect(await firstEnd(running, 'tree/x')).toEqual(memory(324));
  }, 60_000);

  test('cell limits: a supervisor’s process is a pool: none of two exceeds its own limit, both together exceed it', async () => {
    const own = { memoryMb: 400, heapMb: 64 };
    const limits: ProcessLimitsSpec = { memoryMb: 180 };
    const running = await startTree([cell('c', [eater('x', own), eater('y', own)], { limits })]);
    const { context } = running.host;
    await context.call('x', 'keep', [120]);
    // The end may come before the answer.
    await context.call('y', 'keep', [120]).catch(() => undefined);
    expect(await firstEnd(running, 'tree/c')).toEqual(memory(180));
    await running.happened('tree/c', 'restarted');
    expect(running.history('tree/c/x').filter(({ kind }) => kind === 'failed')).toEqual([]);
  }, 60_000);

  test('cell limits: garbage is collected before anything is ended', async () => {
    const running = await startTree([alone({ memoryMb: 100 })]);
    expect(await running.host.context.call('x', 'churn', [600])).toBe(600);
    await running.host.context.call('x', 'keep', [40]);
    expect(running.history('tree/x').map(({ kind }) => kind)).toEqual(['started']);
  }, 60_000);

  test('cell limits: behind them stands one of the system, from the first cell on', async () => {
    const running = await startTree([
      alone({ memoryMb: 100 }),
      eater('y', { memoryMb: 100 }, { wall: 'process', walls: { required: ['rlimits'] } }),
    ]);
    for (const path of ['tree/x', 'tree/y']) {
      const pid = await running.pid(path);
      let limitMb = Infinity;
      while (!Number.isFinite(limitMb)) {
        const [, bytes] = /^Max data size +(\S+)/m.exec(readFileSync(`/proc/${pid}/limits`, 'utf8')) ?? [];
        limitMb = Number(bytes) / 1024 / 1024;
        if (Number.isNaN(limitMb)) limitMb = Infinity;
        await new Promise((resolve) => setImmediate(resolve));
      }
      // Twice the limit of the process and 512 MB, beyond what this Node takes.
      expect(limitMb).toBeGreaterThan(1100);
      expect(limitMb).toBeLessThan(1100 + 800);
    }
  }, 60_000);
});

describe('stdioBytesPerSecond', () => {
  test('cell limits: what its process prints past the threads is held to it', async () => {
    const running = await startTree([alone({ stdioBytesPerSecond: 2_000 })]);
    await running.host.context.call('x', 'write', [60_000]);
    await running.seen(() => running.printed.find(({ text }) => text.includes('xx')));
    await running.host.stop();
    const length = running.printed.reduce((sum, { text }) => sum + text.length, 0);
    expect(length).toBeLessThan(20_000);
  }, 60_000);
});

describe('cpu', () => {
  test('cell limits: a share that threads of nobody use up ends the process', async () => {
    const running = await startTree([alone({ cpu: 0.05, cpuOver: 'end' })]);
    await running.host.context.cast('x', 'workerLoops', []);
    expect(await firstEnd(running, 'tree/x')).toEqual({
      tag: 'limit',
      detail: { limit: 'cpu', used: expect.any(Number), share: 0.05 },
    });
    await running.happened('tree/x', 'restarted');
  }, 60_000);

  test('cell limits: who uses more than its share makes way with all of its threads', async () => {
    const running = await startTree([cell('c', [eater('x', {})], { limits: { cpu: 0.05 } })]);
    const pid = await running.pid('tree/c/x');
    await running.host.context.cast('x', 'workerLoops', []);
    const warning = await running.seen(() => running.warnings.find((text) => text.includes('tree/c')));
    expect(warning).toMatch(/'tree\/c' used \d+ % of a core/);
    const threads = readdirSync(`/proc/${pid}/task`).map(Number);
    expect(threads.map((tid) => getPriority(tid))).toEqual(threads.map(() => 19));
    const autogroup = readFileSync(`/proc/${pid}/autogroup`, 'utf8');
    if (autogroup !== '') expect(autogroup).toContain('nice 19');
    await running.host.stop();
    expect(await gone(pid)).toBe(true);
  }, 60_000);

  test('cell limits: a small share bears the start', async () => {
    const running = await startTree([alone({ cpu: 0.05, cpuOver: 'end' }, { restart: 'temporary' })]);
    // More than one window of a second.
    await running.host.context.call('x', 'rest', [2_100]);
    expect(running.history('tree/x').map(({ kind }) => kind)).toEqual(['started']);
  }, 60_000);
});

describe('children', () => {
  test.each(['thread', 'process'] as const)(
    'limits: in a %s, one more than may be spawned is refused',
    async (wall) => {
      const running = await startTree([eater('x', { children: 2 }, { wall })]);
      const { context } = running.host;
      const spawned = await Promise.allSettled([1, 2, 3].map(() => context.call('x', 'spawn', [])));
      // It is the caller's own affair that it does not bear the refusal: it ends.
      expect(spawned.map(({ status }) => status)).toContain('rejected');
      expect(await firstEnd(running, 'tree/x')).toMatchObject({
        tag: 'error',
        detail: { message: expect.stringContaining('`children`: 2 of them live') },
      });
    },
    60_000,
  );
});
