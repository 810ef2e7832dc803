/** Walls that a spec asks for around its cells. */
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { getPriority } from 'node:os';
import { describe, expect, test } from '@jest/globals';
import { HostError } from '@espalier/core';
import { probeMachine, type Machine } from '@espalier/core/internal/host.js';
import { testClock } from '@espalier/core/testing';
import { normaliseSpec, start, type CellWallName } from '../../src/index.js';
import { CellWalls } from '../../src/host/cell-walls.js';
import {
  actor,
  cell,
  cellsOf,
  cellStarter,
  descendantsOf,
  FOLDER,
  gone,
  group,
  isCell,
  onlyCellBelow,
} from './cells.js';

const startTree = cellStarter();
const machine = await probeMachine({ files: [] });
const offers = (...names: CellWallName[]): boolean => names.every((name) => machine.walls[name].available);
const testOf = (...names: CellWallName[]): typeof test | typeof test.skip =>
  offers(...names) ? test : test.skip;

const without = (name: CellWallName): Machine => {
  const wall = { available: false, why: 'there is no `it`', remedy: 'Install it.' };
  return { ...machine, walls: { ...machine.walls, [name]: wall } };
};
const rootWith = (fields: object) =>
  normaliseSpec({ children: [{ id: 'g', children: [{ ...actor('x'), ...fields }] }] }, { base: FOLDER }).root;

describe('what a machine lacks', () => {
  test('walls: the machine is tried out once, and only for a tree that has cells', async () => {
    let probes = 0;
    const walls = new CellWalls(async () => {
      probes += 1;
      return machine;
    }, false);
    await walls.check(rootWith({}));
    expect(probes).toBe(0);
    await walls.check(rootWith({ wall: 'process' }));
    await walls.check(rootWith({ wall: 'process' }));
    expect(probes).toBe(1);
  });

  test('walls: a required one that is missing is refused with its name, a preferred one is not', async () => {
    const walls = new CellWalls(() => Promise.resolve(without('net')), false);
    await walls.check(rootWith({ wall: 'process', walls: { preferred: ['net'] } }));
    const checked = walls.check(rootWith({ wall: 'process', walls: { required: ['net'] } }));
    await expect(checked).rejects.toThrow(HostError);
    await expect(checked).rejects.toMatchObject({
      code: 'host_unfit',
      value: ['net'],
      remedy: 'Install it.',
    });
  });

  test('walls: a process is refused under a test clock, before anything is started', async () => {
    const clock = testClock();
    const spec = { children: [actor('x', {}, { wall: 'process' })] };
    const started = start(spec, { embedded: true, base: FOLDER, clock });
    await expect(clock.settle(started)).rejects.toMatchObject({ code: 'spec_not_built' });
  });
});

describe('what a cell has around it', () => {
  test('walls: by default it dumps no core, and is chosen first where memory runs out', async () => {
    const running = await startTree([actor('x', {}, { wall: 'process' })]);
    const pid = await running.pid('tree/x');
    if (offers('rlimits')) {
      expect(readFileSync(`/proc/${pid}/limits`, 'utf8')).toMatch(/Max core file size +0 +0 /);
    }
    if (offers('oomScore')) expect(readFileSync(`/proc/${pid}/oom_score_adj`, 'utf8').trim()).toBe('500');
    expect(running.warnings).toEqual([]);
  }, 60_000);

  testOf('net', 'ipc')(
    'walls: what is required is there',
    async () => {
      const running = await startTree([
        actor('x', {}, { wall: 'process', walls: { required: ['net', 'ipc'] } }),
      ]);
      const pid = await running.pid('tree/x');
      const namespace = (of: string | number, kind: string) => readlinkSync(`/proc/${of}/ns/${kind}`);
      for (const kind of ['net', 'ipc']) expect(namespace(pid, kind)).not.toBe(namespace('self', kind));
    },
    60_000,
  );

  testOf('pid', 'proc')(
    'walls: in a process namespace it sees no process but its own, and is started anew after a kill',
    async () => {
      const walls = { required: ['pid', 'proc'] satisfies CellWallName[] };
      const running = await startTree([cell('c', [actor('x')], { walls })]);
      expect(await running.pid('tree/c/x')).toBeLessThan(20);
      process.kill(onlyCellBelow(process.pid), 'SIGKILL');
      expect(await running.happened('tree/c', 'failed')).toMatchObject({ reason: { tag: 'cell' } });
      await running.happened('tree/c', 'restarted');
    },
    60_000,
  );

  testOf('pid')(
    'walls: behind `pid` alone, where /proc shows numbers from outside, a cell in the cell is measured and held by its own',
    async () => {
      const eater = (id: string, limits: object) => ({ id, module: './eater.ts', limits });
      const inner = { ...eater('x', { memoryMb: 100 }), wall: 'process' } as const;
      const walls = { required: ['pid'] satisfies CellWallName[] };
      const running = await startTree([cell('c', [inner, eater('y', { cpu: 0.05 })], { walls })]);
      const { context } = running.host;
      await context.cast('y', 'loop', []);
      await running.seen(() => running.warnings[0]);
      const threads = descendantsOf(process.pid)
        .filter(isCell)
        .flatMap((pid) => readdirSync(`/proc/${pid}/task`));
      expect(threads.filter((tid) => getPriority(Number(tid)) === 19)).toHaveLength(1);
      await context.cast('x', 'workerKeeps', [400]);
      const failed = await running.happened('tree/c/x', 'failed');
      expect(failed).toMatchObject({ reason: { tag: 'limit', detail: { limit: 'memoryMb', limitMb: 294 } } });
    },
    60_000,
  );

  testOf('proc')(
    'walls: a child of an isolating node has a process namespace by default, and so has one of an isolating node in there',
    async () => {
      const houses = group('houses', [actor('y')], { siblings: 'isolate' });
      const running = await startTree([
        group('tenants', [group('c', [actor('x'), houses])], { siblings: 'isolate' }),
      ]);
      const pids = [await running.pid('tree/tenants/c/x'), await running.pid('tree/tenants/c/houses/y')];
      for (const pid of pids) expect(pid).toBeLessThan(20);
      // Of the outer one and, unless the host may make no others, of the inner one.
      const cells = descendantsOf(process.pid).filter(isCell);
      expect(cells).toHaveLength(2);
      const spaces = new Set(cells.map((pid) => readlinkSync(`/proc/${pid}/ns/pid`)));
      expect(spaces.size).toBe(machine.inUserNamespace ? 1 : 2);
      expect(spaces).not.toContain(readlinkSync('/proc/self/ns/pid'));
      expect(running.warnings).toEqual([]);
      const [outer, inner] = cells as [number, number];
      // The end of a namespace's first process is the end of all that is in there.
      process.kill(outer, 'SIGKILL');
      expect(await gone(inner)).toBe(true);
      await running.happened('tree/tenants/c', 'restarted');
    },
    60_000,
  );

  testOf('otherUser', 'uts')(
    'walls: a cell in a cell cannot have what the outer one may have taken away',
    async () => {
      const inner = cell('d', [actor('x')], { walls: { required: ['uts'] } });
      const outer = cell('c', [inner], { walls: { required: ['otherUser'] } });
      await expect(startTree([outer])).rejects.toMatchObject({ code: 'start_failed' });
      expect(cellsOf(process.pid)).toEqual([]);
    },
    60_000,
  );
});
