/** Nodes behind `wall: process`: they start, stop, fail and are restarted as those behind a thread. */
import { describe, expect, test } from '@jest/globals';
import type { TreeSnapshot } from '@espalier/core/internal/host.js';
import { actor, cell, cellsOf, cellStarter, gone, group, lives, openDescriptors } from './cells.js';

const startTree = cellStarter();

const paths = (node: TreeSnapshot | undefined): readonly string[] =>
  node === undefined ? [] : [`${node.path} ${node.kind} ${node.state}`, ...node.children.flatMap(paths)];

describe('a cell starts and stops', () => {
  test('cells: leaves and supervisors have processes of their own, to depth 3, and stop in reverse order', async () => {
    const running = await startTree([
      actor('a'),
      actor('b', {}, { wall: 'process' }),
      cell('c', [actor('x'), cell('d', [actor('y'), cell('e', [actor('z')])])]),
    ]);
    const { host, events } = running;
    expect(paths(await host.tree())).toEqual([
      'tree supervisor running',
      'tree/a environment running',
      'tree/b environment running',
      'tree/c supervisor running',
      'tree/c/x environment running',
      'tree/c/d supervisor running',
      'tree/c/d/y environment running',
      'tree/c/d/e supervisor running',
      'tree/c/d/e/z environment running',
    ]);
    const pids = await Promise.all(
      ['tree/a', 'tree/b', 'tree/c/x', 'tree/c/d/y', 'tree/c/d/e/z'].map((path) => running.pid(path)),
    );
    expect(pids[0]).toBe(process.pid);
    expect(new Set(pids).size).toBe(5);
    expect([...cellsOf(process.pid)].sort()).toEqual([pids[1], pids[2]].sort());
    expect(cellsOf(pids[2] as number)).toEqual([pids[3]]);
    expect(cellsOf(pids[3] as number)).toEqual([pids[4]]);

    expect(await host.stop()).toEqual({ stuck: [] });
    const stops = events.flatMap((event) =>
      event.kind === 'supervision' && event.event.kind === 'stopped' ? [event] : [],
    );
    expect(stops.map(({ path, event }) => `${path}/${event.id}`)).toEqual([
      'tree/c/d/e/z',
      'tree/c/d/e',
      'tree/c/d/y',
      'tree/c/d',
      'tree/c/x',
      'tree/c',
      'tree/b',
      'tree/a',
    ]);
    for (const { event } of stops)
      expect(event).toMatchObject({ expected: true, reason: { tag: 'shutdown' } });
    // What has ended in order is gone when it is said to be.
    expect(pids.slice(1).filter(lives)).toEqual([]);
  }, 60_000);

  test('cells: what was started later in a cell runs in its process', async () => {
    const running = await startTree([cell('c', [actor('x')])]);
    await running.host.startChild('tree/c', actor('late'));
    const child = await running.host.startChild('tree/c', cell('inner', [actor('y')]));
    expect(child.path).toBe('tree/c/inner');
    expect(await running.pid('tree/c/late')).toBe(await running.pid('tree/c/x'));
    const [inner = 0, outer = 0] = [await running.pid('tree/c/inner/y'), await running.pid('tree/c/x')];
    expect(cellsOf(outer)).toEqual([inner]);
    await running.host.terminateChild('tree/c/inner');
    expect(await gone(inner)).toBe(true);
    await running.host.deleteChild('tree/c/inner');
  }, 60_000);

  test('cells: an environment in a cell spawns another there', async () => {
    const running = await startTree([cell('c', [actor('x', { do: 'spawn' })])]);
    const { path } = await running.seen(() => running.events.find(({ kind }) => kind === 'spawned'));
    expect(path.startsWith('tree/c/x/')).toBe(true);
    expect(await running.pid(path)).toBe(await running.pid('tree/c/x'));
  }, 60_000);

  test('cells: a start that fails inside fails the start of the tree, with the reason, and nothing is left', async () => {
    const start = startTree([actor('a'), cell('c', [actor('x'), cell('d', [actor('y', { do: 'throw' })])])]);
    await expect(start).rejects.toMatchObject({
      code: 'start_failed',
      reason: { detail: { failedToStart: 'c' } },
    });
    expect(cellsOf(process.pid)).toEqual([]);
  }, 60_000);

  test('cells: one that does not stop in its time is killed with all that is in it', async () => {
    const deaf = actor('x', { do: 'hang-at-stop' }, { shutdown: 'infinity' });
    const running = await startTree([cell('c', [deaf, actor('y')], { shutdown: 100 })]);
    const pid = await running.pid('tree/c/x');
    await running.host.stop();
    const [stopped] = running.history('tree/c').filter(({ kind }) => kind === 'stopped');
    expect(stopped).toMatchObject({ reason: { tag: 'killed' }, expected: false });
    expect(lives(pid)).toBe(false);
  }, 60_000);

  test('cells: one that is halted as a whole is stopped all the same', async () => {
    const running = await startTree([cell('c', [actor('x')])]);
    const pid = await running.pid('tree/c/x');
    process.kill(pid, 'SIGSTOP');
    await running.host.stop();
    expect(lives(pid)).toBe(false);
  }, 60_000);

  test('cells: one with a thread that nothing can stop ends all the same, and so does the host', async () => {
    const running = await startTree([cell('c', [actor('x', {}, { shutdown: 'brutal_kill' })])]);
    const pid = await running.pid('tree/c/x');
    await running.host.call('x', 'getStuck', [], { timeoutMs: 1000 }).catch(() => undefined);
    expect(await running.host.stop()).toEqual({ stuck: [] });
    expect(running.events).toContainEqual({ kind: 'stuck', path: 'tree/c/x' });
    expect(lives(pid)).toBe(false);
  }, 60_000);
});

describe('something in a cell ends', () => {
  test('cells: a thread in it that nothing can stop is replaced, and later ends the cell, which says for whose sake', async () => {
    const stuck = actor('x');
    const running = await startTree([actor('a'), cell('c', [stuck, actor('y')])]);
    await running.host.call('x', 'getStuck', [], { timeoutMs: 100 }).catch(() => undefined);
    await running.host.kill('tree/c/x');
    await running.happened('tree/c/x', 'restarted');
    expect(running.events).toContainEqual({ kind: 'stuck', path: 'tree/c/x' });
    expect(await running.happened('tree/c', 'failed')).toMatchObject({
      reason: { tag: 'cell', detail: { signal: 'SIGKILL', problem: expect.stringContaining("'tree/c/x'") } },
    });
    await running.happened('tree/c', 'restarted');
    expect(await running.pid('tree/c/y', 2)).not.toBe(await running.pid('tree/c/y'));
    expect(running.history('tree/a').map(({ kind }) => kind)).toEqual(['started']);
  }, 60_000);

  test('cells: a thread of a pool in it that nothing can stop ends the cell later, though the pool goes on', async () => {
    const pool = { id: 'p', pool: { module: '../pool/stuck.ts', maxThreads: 1 } };
    const running = await startTree([actor('a'), cell('c', [pool])]);
    const { host } = running;
    await host.call('p', 'stuck', [], { timeoutMs: 100 }).catch(() => undefined);
    expect(await host.call('p', 'echo', ['replaced'])).toBe('replaced');
    expect(await running.happened('tree/c', 'failed')).toMatchObject({
      reason: { tag: 'cell', detail: { signal: 'SIGKILL', problem: expect.stringContaining("'tree/c/p'") } },
    });
    await running.happened('tree/c', 'restarted');
    expect(await host.call('p', 'echo', ['again'])).toBe('again');
    expect(running.history('tree/a').map(({ kind }) => kind)).toEqual(['started']);
  }, 60_000);

  test('cells: a thread in it is restarted there, and the process stays', async () => {
    const running = await startTree([cell('c', [actor('x'), actor('y')])], { intensity: 0 });
    await running.host.kill('tree/c/x');
    await running.happened('tree/c/x', 'restarted');
    expect(await running.pid('tree/c/x', 2)).toBe(await running.pid('tree/c/y'));
    expect(running.history('tree/c').map(({ kind }) => kind)).toEqual(['started']);
  }, 60_000);

  test('cells: a supervisor in it that gives up takes its process along, and both are started anew', async () => {
    const running = await startTree([cell('c', [actor('x')], { intensity: 0 })]);
    const first = await running.pid('tree/c/x');
    await running.host.kill('tree/c/x');
    expect(await running.happened('tree/c', 'ended')).toMatchObject({ reason: { tag: 'shutdown' } });
    await running.happened('tree/c', 'restarted');
    expect(await running.pid('tree/c/x', 2)).not.toBe(first);
    expect(await gone(first)).toBe(true);
  }, 60_000);
});

describe('a cell ends', () => {
  const cases = [
    ['a kill', 'SIGKILL'],
    ['an abort', 'SIGABRT'],
    ['a segmentation fault', 'SIGSEGV'],
  ] as const;
  for (const [what, signal] of cases) {
    test(`cells: ${what} of its process is seen with its cause, and it is started anew`, async () => {
      const running = await startTree([
        actor('a'),
        cell('b', [actor('w')]),
        cell('c', [actor('x'), group('s', [actor('y')])]),
      ]);
      const pid = await running.pid('tree/c/s/y');
      process.kill(pid, signal);
      expect(await running.happened('tree/c', 'failed')).toMatchObject({
        phase: 'run',
        reason: { tag: 'cell', detail: { exitCode: null, signal } },
      });
      await running.happened('tree/c', 'restarted');
      expect(await running.pid('tree/c/s/y', 2)).not.toBe(pid);
      expect([running.pids('tree/a').length, running.pids('tree/b/w').length]).toEqual([1, 1]);
      expect(
        running
          .history('tree/a')
          .concat(running.history('tree/b'))
          .map(({ kind }) => kind),
      ).toEqual(['started', 'started']);
      expect(cellsOf(process.pid)).toHaveLength(2);
    }, 60_000);
  }

  test('cells: one that is halted as a whole is ended, and holds nobody up until then', async () => {
    const running = await startTree([
      cell('b', [actor('w')]),
      cell('c', [actor('x'), cell('d', [actor('y')])]),
    ]);
    const [outer, inner] = [await running.pid('tree/c/x'), await running.pid('tree/c/d/y')];
    process.kill(inner, 'SIGSTOP');
    expect(paths(await running.host.tree())).toEqual([
      'tree supervisor running',
      'tree/b supervisor running',
      'tree/b/w environment running',
      'tree/c supervisor running',
      'tree/c/x environment running',
      'tree/c/d environment running',
    ]);
    process.kill(outer, 'SIGSTOP');
    expect(paths(await running.host.tree())).toEqual([
      'tree supervisor running',
      'tree/b supervisor running',
      'tree/b/w environment running',
      'tree/c environment running',
    ]);
    expect(await running.happened('tree/c', 'failed')).toMatchObject({ reason: { tag: 'unresponsive' } });
    await running.happened('tree/c', 'restarted');
    expect([await gone(outer), await gone(inner)]).toEqual([true, true]);
    expect(await running.pid('tree/c/d/y', 2)).not.toBe(inner);
    expect(running.history('tree/b').map(({ kind }) => kind)).toEqual(['started']);
  }, 60_000);

  test('cells: memory that V8 cannot do without costs a cell, and its sibling notices nothing', async () => {
    const running = await startTree([cell('b', [actor('w')]), cell('c', [actor('x')])]);
    const pid = await running.pid('tree/c/x');
    const leaking = actor('leaky', { do: 'leak' }, { restart: 'temporary', limits: { heapMb: 110 } });
    // The supervisor that was asked is there no more.
    await expect(running.host.startChild('tree/c', leaking)).rejects.toMatchObject({ code: 'noproc' });
    expect(await running.happened('tree/c', 'failed')).toMatchObject({ reason: { tag: 'cell' } });
    await running.happened('tree/c', 'restarted');
    expect(await running.pid('tree/c/x', 2)).not.toBe(pid);
    expect(running.history('tree/b').map(({ kind }) => kind)).toEqual(['started']);
    expect(lives(await running.pid('tree/b/w'))).toBe(true);
  }, 60_000);

  test('cells: with the process ends what runs in processes below it', async () => {
    const running = await startTree([cell('c', [cell('d', [cell('e', [actor('z')])]), actor('x')])]);
    const [outer, inner] = [await running.pid('tree/c/x'), await running.pid('tree/c/d/e/z')];
    process.kill(outer, 'SIGKILL');
    await running.happened('tree/c', 'restarted');
    expect(await gone(inner)).toBe(true);
    expect(lives(await running.pid('tree/c/d/e/z', 2))).toBe(true);
  }, 60_000);

  test('cells: twenty restarts leave no process and no descriptor behind', async () => {
    const running = await startTree([cell('c', [actor('x')])], { intensity: 100 });
    const killTimes = async (from: number, to: number): Promise<void> => {
      for (let life = from; life <= to; life += 1) {
        process.kill(await running.pid('tree/c/x', life), 'SIGKILL');
        await running.happened('tree/c', 'restarted', life);
        await running.pid('tree/c/x', life + 1);
      }
    };
    await killTimes(1, 3);
    const before = openDescriptors();
    await killTimes(4, 20);
    // Closed by another thread, some time after the next life is told of.
    while (openDescriptors() > before) await new Promise((resolve) => setImmediate(resolve));
    const pids = running.pids('tree/c/x');
    expect(pids).toHaveLength(21);
    expect(cellsOf(process.pid)).toEqual([pids[20]]);
  }, 120_000);
});
