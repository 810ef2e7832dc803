import { describe, expect, test } from '@jest/globals';
import { normaliseSpec } from '../../src/index.js';
import {
  errorOf,
  fixture,
  GATE,
  hostStarter,
  template,
  there,
  worker,
  type Gate,
  type Worker,
} from './embedded.js';

const startHost = hostStarter();

const BASE = 'file:///';

describe('whichChildren and countChildren', () => {
  test('list all children in start order, running or not, with what each is', async () => {
    const pool = {
      id: 'pool',
      pool: { module: new URL('../fixtures/pool/tasks.ts', import.meta.url), maxThreads: 1 },
    };
    const { host } = await startHost([
      worker('a', { restart: 'transient' }),
      { id: 'inner', children: [] },
      pool,
      worker('idle', { args: { start: 'ignore' } }),
    ]);
    expect(await host.whichChildren('tree')).toEqual([
      {
        path: 'tree/a',
        id: 'a',
        kind: 'environment',
        restart: 'transient',
        state: 'running',
        incarnation: 1,
      },
      {
        path: 'tree/inner',
        id: 'inner',
        kind: 'supervisor',
        restart: 'permanent',
        state: 'running',
        incarnation: 1,
      },
      { path: 'tree/pool', id: 'pool', kind: 'pool', restart: 'permanent', state: 'running', incarnation: 1 },
      {
        path: 'tree/idle',
        id: 'idle',
        kind: 'environment',
        restart: 'permanent',
        state: 'stopped',
        incarnation: 1,
      },
    ]);
    expect(await host.countChildren('tree')).toEqual({
      specs: 4,
      active: 3,
      supervisors: 1,
      environments: 3,
    });
    expect(await host.countChildren('tree/inner')).toEqual({
      specs: 0,
      active: 0,
      supervisors: 0,
      environments: 0,
    });
  });

  test('are answered while an operation is under way, and show it', async () => {
    const { host } = await startHost([GATE]);
    const held = host.startChild('tree', worker('a', { args: { start: 'gate' } }));
    await host.ref<Gate>('gate').call.somebody();
    expect(await host.whichChildren('tree')).toMatchObject([{ id: 'gate' }, { id: 'a', state: 'starting' }]);
    expect(await host.countChildren('tree')).toMatchObject({ specs: 2, active: 1 });
    await host.ref<Gate>('gate').call.open();
    await held;
    expect(await host.countChildren('tree')).toMatchObject({ specs: 2, active: 2 });
  });

  test('of a path at which there is no supervisor', async () => {
    const { host } = await startHost([worker('a')]);
    for (const query of ['whichChildren', 'countChildren'] as const) {
      expect(await errorOf(host[query]('tree/a'))).toMatchObject({ code: 'noproc', value: 'tree/a' });
    }
  });
});

describe('getChildSpec', () => {
  test('gives the spec with every default filled in, as the tree spec would have it', async () => {
    const given = worker('a', {
      args: new Map([[1, new Date(5)]]),
      bindings: { flag: true },
      limits: { heapMb: 64 },
      backoff: { initialMs: 10 },
    });
    const nested = { id: 'inner', strategy: 'one_for_all' as const, children: [worker('x'), worker('y')] };
    const { root } = normaliseSpec({ children: [given, nested] }, { base: BASE });
    const { host } = await startHost([given]);
    await host.startChild('tree', nested);
    const [a, inner] = root.children;
    // The modules are absolute; only where a relative one would be taken from differs.
    const portable = (value: unknown): unknown =>
      JSON.parse(JSON.stringify(value, (key, part: unknown) => (key === 'base' ? undefined : part)));
    expect(portable(await host.getChildSpec('tree/a'))).toEqual(portable(a));
    expect(await host.getChildSpec('tree/a')).toMatchObject({ args: new Map([[1, new Date(5)]]) });
    expect(portable(await host.getChildSpec('tree/inner'))).toEqual(portable(inner));
  });

  test('of a template is the same by its own id and by each of its children', async () => {
    const { host } = await startHost([template('jobs', { args: 'shared', restart: 'temporary' })]);
    await host.startChild('tree/jobs', { args: 'own' });
    const spec = await host.getChildSpec('tree/jobs/t');
    expect(spec).toMatchObject({ id: 't', args: 'shared', restart: 'temporary' });
    expect(await host.getChildSpec('tree/jobs/#1')).toEqual(spec);
  });

  test('of a temporary child has neither arguments nor bindings, and none is left when it has ended', async () => {
    const { host } = await startHost([
      worker('a', { restart: 'temporary', args: 'once', bindings: { key: 'secret' } }),
    ]);
    expect(await host.ref<Worker>('a').call.bindings()).toEqual({ key: 'secret' });
    expect(await host.getChildSpec('tree/a')).toMatchObject({ id: 'a', args: undefined, bindings: {} });
    await errorOf(host.ref<Worker>('a').call.exit({ tag: 'normal' }));
    expect(await errorOf(host.getChildSpec('tree/a'))).toMatchObject({ code: 'not_found', value: 'tree/a' });
  });

  test('of a stopped child is there until it is deleted, and can be started from again', async () => {
    const { host } = await startHost([worker('a', { args: 3 })]);
    await host.terminateChild('tree/a');
    const spec = await host.getChildSpec('tree/a');
    await host.deleteChild('tree/a');
    expect(await errorOf(host.getChildSpec('tree/a'))).toMatchObject({ code: 'not_found' });
    expect(spec).toMatchObject({ kind: 'environment', module: { specifier: fixture('worker').href } });
  });
});

describe('address', () => {
  test('is that of the environment which runs at the path now', async () => {
    const { host } = await startHost([worker('a')]);
    const address = await host.address('tree/a');
    expect(await host.ref<Worker>('a').address()).toBe(address);
    const started = there(await host.startChild('tree', worker('b')));
    expect(await host.address(started.path)).toBe(started.address);
    for (const path of ['tree', 'tree/c', '']) {
      expect(await errorOf(host.address(path))).toMatchObject({ code: 'noproc', field: 'path', value: path });
    }
  });
});
