/** `start` without `embedded`: the whole tree in one cell, which a supervisor above the root keeps running. */
import { describe, expect, test } from '@jest/globals';
import { testClock } from '@espalier/core/testing';
import { start } from '../../src/index.js';
import { actor, cellsOf, cellStarter, FOLDER, gone, group, lives, type Running } from './cells.js';

const startTree = cellStarter({});

const pidOf = async (running: Running, name: string): Promise<number> =>
  (await running.host.call(name, 'pid', [], { timeoutMs: 30_000 })) as number;

describe('the tree runs in one process of its own', () => {
  test('default: every environment is in it, with the paths and operations of an embedded tree', async () => {
    const running = await startTree([actor('a'), group('s', [actor('x')])]);
    const { host } = running;
    const pid = await pidOf(running, 'a');
    expect(cellsOf(process.pid)).toEqual([pid]);
    expect(await pidOf(running, 'x')).toBe(pid);
    expect(await host.tree()).toMatchObject({
      path: 'tree',
      kind: 'supervisor',
      children: [{ path: 'tree/a' }, { path: 'tree/s', children: [{ path: 'tree/s/x' }] }],
    });
    expect((await host.startChild('tree/s', actor('late')))?.path).toBe('tree/s/late');
    expect((await host.whichChildren('tree')).map(({ path }) => path)).toEqual(['tree/a', 'tree/s']);
    await host.kill('tree/s/x');
    await running.happened('tree/s/x', 'restarted');
    await host.terminateChild('tree/a');
    expect(await host.getChildSpec('tree/a')).toMatchObject({ id: 'a', kind: 'environment' });
    expect(await host.stop()).toEqual({ stuck: [] });
    expect(lives(pid)).toBe(false);
    // Nothing is told of the process that the tree does not tell itself.
    expect(running.history('tree')).toEqual([]);
    expect(running.events.at(-1)).toEqual({ kind: 'tree-ended', path: 'tree', reason: { tag: 'shutdown' } });
  }, 60_000);

  test('default: a start that fails says why, as if there were no process', async () => {
    const given = [actor('a'), group('s', [actor('x', { do: 'throw' })])];
    const failed = { failedToStart: 's', reason: { tag: 'shutdown', detail: { failedToStart: 'x' } } };
    await expect(startTree(given)).rejects.toMatchObject({
      code: 'start_failed',
      reason: { detail: failed },
    });
    expect(cellsOf(process.pid)).toEqual([]);
  }, 60_000);

  test('default: a thread that nothing can stop ends the process in the end, and the tree is started anew', async () => {
    const running = await startTree([actor('a'), actor('b')]);
    const first = await pidOf(running, 'b');
    await running.host.call('a', 'getStuck', [], { timeoutMs: 100 }).catch(() => undefined);
    await running.host.kill('tree/a');
    await running.happened('tree/a', 'restarted');
    expect(running.events).toContainEqual({ kind: 'stuck', path: 'tree/a' });
    expect(await gone(first)).toBe(true);
    expect(await running.pid('tree/b', 2)).not.toBe(first);
  }, 60_000);

  test('default: a root that gives up ends the tree, and its process is not started again', async () => {
    const running = await startTree([actor('a')], { intensity: 0 });
    const pid = await pidOf(running, 'a');
    await running.host.kill('tree/a');
    expect(await running.host.ended).toEqual({
      kind: 'tree-ended',
      path: 'tree',
      reason: { tag: 'shutdown' },
    });
    expect(running.history('tree')).toEqual([]);
    expect(await gone(pid)).toBe(true);
  }, 60_000);

  test('default: a task with a name that is over at once has run all the same', async () => {
    const task = { id: 'quick', module: './quick.ts', restart: 'temporary' } as const;
    const running = await startTree([task, actor('a')]);
    const { reason } = (await running.happened('tree/quick', 'ended')) as { reason?: unknown };
    expect(reason).toMatchObject({ tag: 'normal', detail: 42 });
    expect(running.history('tree/quick').map(({ kind }) => kind)).toEqual(['started', 'ended']);
  }, 60_000);
});

describe('the process dies', () => {
  test.each(['SIGKILL', 'SIGABRT'] as const)(
    'default: %s costs the tree a restart, senders by name wait for it, and the application lives',
    async (signal) => {
      const running = await startTree([actor('a'), group('s', [actor('x')])]);
      const { host } = running;
      const pid = await pidOf(running, 'a');
      const asked = host.context.monitor('x');
      const monitor = await asked;
      process.kill(pid, signal);
      expect(await running.happened('tree', 'failed')).toMatchObject({
        phase: 'run',
        willRestart: true,
        reason: { tag: 'cell', detail: { exitCode: null, signal } },
      });
      const again = await pidOf(running, 'x');
      expect(again).not.toBe(pid);
      const down = await host.context.receive({
        match: (item) => item.type === 'down' && item.monitor === monitor,
      });
      expect(down).toMatchObject({ reason: { tag: 'cell' } });
      await running.happened('tree', 'restarted');
      expect(running.history('tree').map(({ kind }) => kind)).toEqual(['failed', 'restarting', 'restarted']);
      expect(cellsOf(process.pid)).toEqual([again]);
    },
    60_000,
  );

  test('default: what was applied is what runs in its next life, and what was added to it is not there', async () => {
    const running = await startTree([actor('a')]);
    const { host } = running;
    const applied = await host.apply({ name: 'tree', intensity: 10, children: [actor('a'), actor('b')] });
    expect(applied.outcome).toBe('applied');
    expect(running.events).toContainEqual({ kind: 'applying', path: 'tree' });
    await host.startChild('tree', actor('c'));
    process.kill(await pidOf(running, 'a'), 'SIGKILL');
    await running.happened('tree', 'restarted');
    expect((await host.whichChildren('tree')).map(({ path }) => path)).toEqual(['tree/a', 'tree/b']);
  }, 60_000);

  test('default: an apply that does not start names who did not, and what ran before runs again', async () => {
    const running = await startTree([actor('a')]);
    const apply = running.host.apply({
      name: 'tree',
      intensity: 10,
      children: [actor('a'), group('s', [actor('x', { do: 'throw' })])],
    });
    await expect(apply).rejects.toMatchObject({ code: 'apply_undone', path: 'tree/s/x' });
    expect((await running.host.whichChildren('tree')).map(({ path }) => path)).toEqual(['tree/a']);
    const undone = running.events.find(({ kind }) => kind === 'apply-undone');
    expect(undone).toMatchObject({ path: 'tree', reason: { detail: { failedToStart: 's' } } });
  }, 60_000);

  test('default: one that dies too often ends the tree', async () => {
    const running = await startTree([actor('a')], { intensity: 1, periodMs: 600_000 });
    process.kill(await pidOf(running, 'a'), 'SIGKILL');
    await running.happened('tree', 'restarted');
    process.kill(await pidOf(running, 'a'), 'SIGKILL');
    expect(await running.host.ended).toMatchObject({ path: 'tree', reason: { tag: 'shutdown' } });
    expect(running.history('tree').map(({ kind }) => kind)).toContain('escalated');
  }, 60_000);
});

describe('what the application may not', () => {
  test('default: it spawns nothing beside itself, and cannot reach what stands above the root', async () => {
    const running = await startTree([actor('a')]);
    const { host } = running;
    await expect(host.context.spawn({ module: './actor.ts', name: 'mine' })).rejects.toMatchObject({
      code: 'operation_refused',
    });
    await expect(host.startChild('', actor('b'))).rejects.toMatchObject({ code: 'noproc' });
    await expect(host.whichChildren('')).rejects.toMatchObject({ code: 'noproc' });
  }, 60_000);

  test('default: a test clock is refused, because it would not be the time of the guests', async () => {
    const refused = start({ name: 'tree', children: [actor('a')] }, { base: FOLDER, clock: testClock() });
    await expect(refused).rejects.toMatchObject({
      code: 'spec_not_built',
      problems: [{ path: 'options.clock' }],
    });
  });
});
