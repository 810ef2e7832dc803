/** What isolated children reserve, while the tree runs: whatever is changed, together they have at most what is there. */
import { describe, expect, test } from '@jest/globals';
import { SpecError } from '@espalier/core';
import type { ChildSpecInput, EnvironmentSpec, SupervisorNodeSpec, TreeSpec } from '../../src/index.js';
import { cellStarter, group } from './cells.js';

const startTree = cellStarter();

const eater = (id: string, memoryMb: number): EnvironmentSpec => ({
  id,
  module: './eater.ts',
  limits: { memoryMb, youngMb: 8 },
});
const tenants = (
  memoryMb: number,
  children: readonly ChildSpecInput[],
  fields: Partial<SupervisorNodeSpec> = {},
): SupervisorNodeSpec => group('t', children, { siblings: 'isolate', limits: { memoryMb }, ...fields });
const tree = (...children: ChildSpecInput[]): TreeSpec => ({ name: 'tree', intensity: 10, children });

async function problemOf(change: Promise<unknown>): Promise<unknown> {
  const error: unknown = await change.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (error === undefined || !(error instanceof SpecError)) return error;
  return error.problems.map(({ path, problem }) => `${path}: ${problem}`);
}

describe('parts of what an isolating supervisor has', () => {
  test('reservations: changed limits never exceed it, from above or from below', async () => {
    const { host } = await startTree([tenants(500, [eater('a', 200), eater('b', 100)])]);
    await host.setLimits('tree/t/a', { memoryMb: 400 });
    expect(await problemOf(host.setLimits('tree/t/b', { memoryMb: 101 }))).toEqual([
      'limits.memoryMb: Its children reserve 501 of 500: a 400, b 101.',
    ]);
    expect(await problemOf(host.setLimits('tree/t', { memoryMb: 499 }))).toEqual([
      'limits.memoryMb: Its children reserve 500 of 499: a 400, b 100.',
    ]);
    expect(await host.setLimits('tree/t', { memoryMb: 501 })).toEqual({ now: ['memoryMb'], atRestart: [] });
    await host.setLimits('tree/t/b', { memoryMb: 101 });
    // A reservation of nothing in particular is none.
    expect(await problemOf(host.setLimits('tree/t', { cpu: 1 }))).toEqual([
      'limits.cpu: Its supervisor isolates and has `cpu`, and this child reserves no part of it.',
      'limits.cpu: Its supervisor isolates and has `cpu`, and this child reserves no part of it.',
    ]);
  }, 60_000);

  test('reservations: of children that are added at once, so many start as there is room for, in their order', async () => {
    const { host } = await startTree([tenants(500, [eater('a', 200)])]);
    const starts = ['b', 'c', 'd'].map((id) => problemOf(host.startChild('tree/t', eater(id, 150))));
    const refused = 'limits.memoryMb: Its children reserve 650 of 500: a 200, b 150, c 150, d 150.';
    expect(await Promise.all(starts)).toEqual([undefined, undefined, [refused]]);
    // What is stopped can be started again: it keeps its part until it is deleted.
    await host.terminateChild('tree/t/b');
    expect(await problemOf(host.startChild('tree/t', eater('d', 150)))).toEqual([expect.any(String)]);
    await host.deleteChild('tree/t/b');
    await host.startChild('tree/t', eater('d', 150));
  }, 60_000);

  test('reservations: an apply counts children that were added and limits that were changed, and restarts nobody for more', async () => {
    const running = await startTree([tenants(500, [eater('a', 200)])]);
    const { host } = running;
    await host.startChild('tree/t', eater('b', 100));
    await host.setLimits('tree/t/a', { memoryMb: 300 });
    const wanted = (memoryMb: number) => tree(tenants(memoryMb, [eater('a', 200), eater('c', 200)]));
    const problem = 'children[0].limits.memoryMb: Its children reserve 600 of 500: a 300, c 200, b 100.';
    expect(await problemOf(host.apply(wanted(500)))).toEqual([problem]);
    expect(await problemOf(host.apply(wanted(500), { check: true }))).toEqual([problem]);
    await host.apply(wanted(600));
    expect(await problemOf(host.setLimits('tree/t/a', { memoryMb: 301 }))).toEqual([expect.any(String)]);
    expect(running.history('tree/t/a').map(({ kind }) => kind)).toEqual(['started']);
  }, 60_000);

  test('reservations: those of a template are for as many as there may be', async () => {
    const fields = { strategy: 'simple_one_for_one', maxChildren: 3 } as const;
    const { host } = await startTree([tenants(500, [eater('a', 150)], fields)]);
    await host.startChild('tree/t');
    await host.setLimits('tree/t/#1', { memoryMb: 200 });
    expect(await problemOf(host.setLimits('tree/t/#1', { memoryMb: 201 }))).toEqual([
      'limits.memoryMb: Its children reserve 501 of 500: a 2 × 150, a 201.',
    ]);
  }, 60_000);

  test('reservations: a child at its limit ends, and its sibling has all of its own meanwhile', async () => {
    const running = await startTree([
      tenants(400, [eater('a', 100), eater('b', 300)], { wall: 'process', intensity: 100 }),
    ]);
    const { host } = running;
    const [a, b] = [await host.address('tree/t/a'), await host.address('tree/t/b')];
    await host.call(b, 'keep', [200], { timeoutMs: 30_000 });
    // Together with what the processes take for themselves, that is more than the supervisor has.
    await host.call(a, 'keep', [60], { timeoutMs: 30_000 });
    await host.call(a, 'keep', [300], { timeoutMs: 30_000 }).catch(() => undefined);
    const event = await running.happened('tree/t/a', 'failed');
    expect(event).toMatchObject({ reason: { tag: 'limit', detail: { limit: 'memoryMb' } } });
    await running.happened('tree/t/a', 'restarted');
    expect(running.history('tree/t/b').map(({ kind }) => kind)).toEqual(['started']);
    expect(running.history('tree/t').map(({ kind }) => kind)).toEqual(['started']);
  }, 60_000);
});
