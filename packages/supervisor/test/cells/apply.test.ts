/** A new spec for a tree with cells. */
import { describe, expect, test } from '@jest/globals';
import type { ChildSpecInput } from '../../src/index.js';
import { actor, cell, cellsOf, cellStarter, group, type Running } from './cells.js';

const startTree = cellStarter();

const apply = async (running: Running, ...children: ChildSpecInput[]): Promise<readonly string[]> => {
  const { difference } = await running.host.apply({ name: 'tree', intensity: 10, children });
  return difference.changes.map((change) =>
    change.what === 'changed'
      ? `${change.path} ${change.restarts ? 'anew' : 'in place'}: ${change.fields.map(({ field }) => field).join()}`
      : `${change.path} ${change.what}`,
  );
};

describe('apply', () => {
  test('apply: a leaf and a supervisor get processes of their own and lose them, and nobody else is restarted', async () => {
    const running = await startTree([actor('a'), actor('b'), group('g', [actor('x')])]);
    const changes = await apply(
      running,
      actor('a'),
      actor('b', {}, { wall: 'process' }),
      cell('g', [actor('x')]),
    );
    expect(changes).toEqual(['tree/b anew: wall,walls.preferred', 'tree/g anew: wall,walls.preferred']);
    const pids = [await running.pid('tree/b', 2), await running.pid('tree/g/x', 2)];
    expect([...cellsOf(process.pid)].sort()).toEqual([...pids].sort());

    await apply(running, actor('a'), actor('b'), group('g', [actor('x')]));
    expect(await running.pid('tree/b', 3)).toBe(process.pid);
    expect(await running.pid('tree/g/x', 3)).toBe(process.pid);
    expect(cellsOf(process.pid)).toEqual([]);
    expect(running.pids('tree/a')).toHaveLength(1);
  }, 60_000);

  test('apply: what changes inside of a cell is changed there, and the process stays', async () => {
    const running = await startTree([cell('c', [actor('x'), actor('y')])]);
    const pid = await running.pid('tree/c/x');
    const changed = actor('y', {}, { env: { X: '1' } });
    expect(await apply(running, cell('c', [actor('x'), changed, actor('z')]))).toEqual([
      'tree/c/y anew: env.X',
      'tree/c/z added',
    ]);
    expect([await running.pid('tree/c/y', 2), await running.pid('tree/c/z')]).toEqual([pid, pid]);
    expect(running.pids('tree/c/x')).toHaveLength(1);
    expect(await apply(running, cell('c', [actor('x'), changed, actor('z')]))).toEqual([]);
  }, 60_000);
});
