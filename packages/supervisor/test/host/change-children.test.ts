import { describe, expect, test } from '@jest/globals';
import { SupervisionError } from '@espalier/core';
import { errorOf, GATE, hostStarter, template, there, worker, type Gate, type Worker } from './embedded.js';

const startHost = hostStarter();

describe('a path', () => {
  test('that is no text is refused by every operation, and the host goes on', async () => {
    const { host } = await startHost([worker('a')]);
    const noPath = { path: 'tree/a' } as unknown as string;
    for (const slip of [
      () => host.startChild(noPath, worker('b')),
      () => host.terminateChild(noPath),
      () => host.restartChild(noPath),
      () => host.deleteChild(noPath),
      () => host.whichChildren(noPath),
      () => host.countChildren(noPath),
      () => host.getChildSpec(noPath),
      () => host.address(noPath),
      () => host.kill(noPath),
      () => host.state(noPath),
    ]) {
      expect(await errorOf(slip())).toMatchObject({ code: 'operation_refused', field: 'path' });
    }
    expect(await host.whichChildren('tree')).toMatchObject([{ id: 'a', state: 'running' }]);
  });
});

describe('terminateChild', () => {
  test('stops the child and keeps its spec; its name is free', async () => {
    const { host, history } = await startHost([worker('a'), worker('b')]);
    await host.terminateChild('tree/a');
    expect(history().at(-1)).toBe('stopped a');
    expect(await host.whichChildren('tree')).toMatchObject([
      { id: 'a', state: 'stopped' },
      { id: 'b', state: 'running' },
    ]);
    expect((await errorOf(host.call('a', 'args', []))).code).toBe('noproc');
    expect(await host.startChild('tree', worker('c', { name: 'a' }))).toMatchObject({ name: 'a' });
  });

  test('of a child that does not run is no error', async () => {
    const { host } = await startHost([worker('a', { args: { start: 'ignore' } })]);
    await host.terminateChild('tree/a');
    expect(await host.whichChildren('tree')).toMatchObject([{ id: 'a', state: 'stopped' }]);
  });

  test('of a temporary child forgets it', async () => {
    const { host } = await startHost([worker('a', { restart: 'temporary' })]);
    await host.terminateChild('tree/a');
    expect(await host.whichChildren('tree')).toEqual([]);
    expect(await errorOf(host.terminateChild('tree/a'))).toMatchObject({ code: 'not_found' });
  });

  test('of a supervisor stops all below it in reverse order, and keeps its spec', async () => {
    const { host, history } = await startHost([{ id: 'inner', children: [worker('x'), worker('y')] }]);
    await host.terminateChild('tree/inner');
    expect(history().slice(-3)).toEqual(['stopped y', 'stopped x', 'stopped inner']);
    await host.restartChild('tree/inner');
    expect(await host.countChildren('tree/inner')).toMatchObject({ active: 2 });
  });

  test('of a child of a template forgets it; once it has ended, that is no error', async () => {
    const { host } = await startHost([template('jobs')]);
    await host.startChild('tree/jobs');
    await host.terminateChild('tree/jobs/#1');
    expect(await host.whichChildren('tree/jobs')).toEqual([]);
    await host.terminateChild('tree/jobs/#1');
    expect(await errorOf(host.terminateChild('tree/jobs/#2'))).toMatchObject({ code: 'not_found' });
    expect(await errorOf(host.terminateChild('tree/jobs/t'))).toMatchObject({ code: 'simple_one_for_one' });
  });

  test('ends the wait of a child that is to be restarted', async () => {
    const { host, reported } = await startHost([
      worker('a', { backoff: { initialMs: 60_000, maxMs: 60_000 } }),
    ]);
    await host.kill('tree/a');
    await reported(({ kind }) => kind === 'restarting');
    await host.terminateChild('tree/a');
    expect(await host.whichChildren('tree')).toMatchObject([{ state: 'stopped', incarnation: 1 }]);
    expect((await errorOf(host.call('a', 'args', []))).code).toBe('noproc');
  });

  test('of a path that names no child', async () => {
    const { host } = await startHost([worker('a')]);
    for (const path of ['tree', '', '/', 'tree/', 'tree/b']) {
      const error = await errorOf(host.terminateChild(path));
      expect(error).toBeInstanceOf(SupervisionError);
      expect(error).toMatchObject({ code: 'not_found', field: 'path', value: path });
    }
    expect(await errorOf(host.terminateChild('tree/a/b'))).toMatchObject({ code: 'noproc', value: 'tree/a' });
  });
});

describe('restartChild', () => {
  test('starts a stopped child again: with its name, its arguments and a new incarnation', async () => {
    const { host } = await startHost([worker('a', { args: [7] })]);
    await host.terminateChild('tree/a');
    const again = there(await host.restartChild<Worker>('tree/a'));
    expect(again).toMatchObject({ path: 'tree/a', incarnation: 2, name: 'a' });
    expect(await again.ref.call.args()).toEqual([7]);
  });

  test('is refused while the child runs, or is about to run again', async () => {
    const { host, reported } = await startHost([
      worker('a', { backoff: { initialMs: 60_000, maxMs: 60_000 } }),
    ]);
    for (const op of ['restartChild', 'deleteChild'] as const) {
      expect(await errorOf(host[op]('tree/a'))).toMatchObject({
        code: 'running',
        field: 'path',
        value: 'tree/a',
      });
    }
    await host.kill('tree/a');
    await reported(({ kind }) => kind === 'restarting');
    expect(await host.whichChildren('tree')).toMatchObject([{ state: 'restarting' }]);
    for (const op of ['restartChild', 'deleteChild'] as const) {
      expect(await errorOf(host[op]('tree/a'))).toMatchObject({
        code: 'restarting',
        field: 'path',
        value: 'tree/a',
      });
    }
    expect(await errorOf(host.startChild('tree', worker('a')))).toMatchObject({ code: 'already_present' });
  });

  test('of a child that is not there, or of a template', async () => {
    const { host } = await startHost([template('jobs')]);
    await host.startChild('tree/jobs');
    for (const op of ['restartChild', 'deleteChild'] as const) {
      expect(await errorOf(host[op]('tree/b'))).toMatchObject({ code: 'not_found', value: 'tree/b' });
      expect(await errorOf(host[op]('tree/jobs/#1'))).toMatchObject({ code: 'simple_one_for_one' });
    }
  });

  test('whose start fails leaves the child as it was, and is not tried again', async () => {
    const { host, history } = await startHost([worker('a')]);
    // Its name is another's meanwhile.
    await host.terminateChild('tree/a');
    await host.startChild('tree', worker('thief', { name: 'a' }));
    expect(await errorOf(host.restartChild('tree/a'))).toMatchObject({ code: 'start_failed' });
    expect(history().at(-1)).toBe('failed a');
    expect(await host.whichChildren('tree')).toMatchObject([{ id: 'a', state: 'stopped' }, { id: 'thief' }]);
    await host.terminateChild('tree/thief');
    expect(await host.restartChild('tree/a')).toMatchObject({ incarnation: 3 });
  });

  test('of a child that says `ignore` gives undefined', async () => {
    const { host } = await startHost([worker('a', { args: { start: 'ignore' } })]);
    expect(await host.restartChild('tree/a')).toBeUndefined();
  });
});

describe('deleteChild', () => {
  test('forgets a stopped child: its id can be used again', async () => {
    const { host } = await startHost([worker('a')]);
    await host.terminateChild('tree/a');
    await host.deleteChild('tree/a');
    expect(await host.whichChildren('tree')).toEqual([]);
    expect(await host.startChild('tree', worker('a'))).toMatchObject({ incarnation: 1 });
  });
});

describe('order', () => {
  test('changes are carried out in the order of the calls, however long each takes to prepare', async () => {
    const { host, history } = await startHost([worker('z')]);
    await Promise.all([
      host.startChild('tree', worker('a')),
      host.terminateChild('tree/a'),
      host.deleteChild('tree/a'),
      host.startChild('tree', worker('b')),
      host.startChild('tree', worker('a')),
    ]);
    expect(history()).toEqual(['started z', 'started a', 'stopped a', 'started b', 'started a']);
    expect((await host.whichChildren('tree')).map(({ id }) => id)).toEqual(['z', 'b', 'a']);
  });

  test('one that could not be prepared does not hold up those after it', async () => {
    const { host } = await startHost([]);
    const missing = errorOf(host.startChild('tree', { id: 'a', module: './missing.ts' }));
    expect(await host.startChild('tree', worker('b'))).toMatchObject({ id: 'b' });
    expect((await missing).code).toBe('module_missing');
  });

  test('what waits for one supervisor holds up no other', async () => {
    const { host } = await startHost([GATE, { id: 'one', children: [] }, { id: 'two', children: [] }]);
    const held = host.startChild('tree/one', worker('a', { args: { start: 'gate' } }));
    await host.ref<Gate>('gate').call.somebody();
    expect(await host.startChild('tree/two', worker('b'))).toMatchObject({ path: 'tree/two/b' });
    await host.ref<Gate>('gate').call.open();
    expect(await held).toMatchObject({ path: 'tree/one/a' });
  });
});
