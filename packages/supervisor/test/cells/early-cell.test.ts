/** The cell of a tree is started with `start`, before anything is known to be well: nothing of it stays where it is not. */
import { readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { nodeClock } from '@espalier/core/internal/clock.js';
import { start, type TreeSpec } from '../../src/index.js';
import { startEarlyCell } from '../../src/host/early-cell.js';
import { normaliseSpec } from '../../src/spec/index.js';
import { actor, cell, cellsOf, cellStarter, FOLDER, gone, lives } from './cells.js';

const startTree = cellStarter({ spares: {} });

async function noneLeft(): Promise<boolean> {
  const all = await Promise.all(cellsOf(process.pid).map(gone));
  return all.every(Boolean);
}

describe('a start that fails leaves no process', () => {
  test.each<[string, TreeSpec]>([
    ['a spec that is refused', { name: 'tree', children: [{ id: 'a', module: 7 as unknown as string }] }],
    ['a module that is missing', { name: 'tree', children: [{ id: 'a', module: './nowhere.ts' }] }],
    ['a child that throws', { name: 'tree', children: [actor('a', { do: 'throw' })] }],
  ])(
    'early: %s',
    async (_, spec) => {
      await expect(start(spec, { base: FOLDER, onOutput: () => undefined })).rejects.toThrow();
      expect(await noneLeft()).toBe(true);
    },
    60_000,
  );
});

describe('the process of a tree', () => {
  test('early: where it does not come up, the kernel starts another', async () => {
    const starting = startTree([actor('a')]);
    // Spawned before `start` has waited for anything, by this thread.
    const children = readFileSync(`/proc/${process.pid}/task/${process.pid}/children`, 'utf8');
    const early = children.trim().split(' ').map(Number).at(-1) as number;
    process.kill(early, 'SIGKILL');
    const pid = await (await starting).pid('tree/a');
    expect(pid).not.toBe(early);
    expect(cellsOf(process.pid)).toEqual([pid]);
  }, 60_000);

  test('early: it is one, also where a cell in it needs the machine tried out', async () => {
    const inner = cell('c', [actor('x')]);
    const running = await startTree([actor('a'), { ...inner, walls: { preferred: ['uts', 'rlimits'] } }]);
    const pid = await running.pid('tree/a');
    expect(cellsOf(process.pid)).toEqual([pid]);
    expect(await running.pid('tree/c/x')).not.toBe(pid);
  }, 60_000);

  test('early: a child in a cell of its own can be added later, behind walls that were not tried out at the start', async () => {
    const running = await startTree([actor('a')]);
    const inner = cell('c', [actor('x')]);
    await running.host.startChild('tree', { ...inner, walls: { required: ['rlimits', 'deathSignal'] } });
    expect(await running.pid('tree/c/x')).not.toBe(await running.pid('tree/a'));
  }, 60_000);

  test('early: it is started again while the thread of the application that started it is blocked', async () => {
    const running = await startTree([actor('a')]);
    const pid = await running.pid('tree/a');
    process.kill(pid, 'SIGKILL');
    let again: readonly number[] = [];
    const until = performance.now() + 20_000;
    while (again.length === 0 && performance.now() < until) {
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 20);
      again = cellsOf(process.pid).filter((other) => other !== pid);
    }
    expect(again).toHaveLength(1);
    expect(await running.happened('tree', 'failed')).toMatchObject({
      reason: { tag: 'cell', detail: { exitCode: null, signal: 'SIGKILL' } },
    });
    expect(lives(pid)).toBe(false);
  }, 60_000);

  test('early: walls that have to be tried out are not taken for granted', () => {
    const tree = normaliseSpec({ name: 'tree', children: [] }, { base: FOLDER });
    const root = { ...tree.root, walls: { required: ['net'], preferred: [] } } as const;
    const files = { compiled: '', guest: '', loader: '', compiledCell: '', cell: '' };
    const spawnLimits = { heapMb: 1, youngMb: 1, stackMb: 1 };
    const parts = {
      clock: nodeClock(),
      files,
      spawnBase: '',
      spawnLimits,
      spares: { perClass: 0, total: 0 },
    };
    expect(startEarlyCell({ ...tree, root }, parts)).toBeUndefined();
  });
});
