import { describe, expect, test } from '@jest/globals';
import { CallError, EnvironmentError, HostError, SpecError, SupervisionError } from '@espalier/core';
import type { EnvironmentSpec } from '../../src/index.js';
import { errorOf, GATE, hostStarter, template, there, worker, type Gate, type Worker } from './embedded.js';

const startHost = hostStarter();

describe('startChild: a child with a spec', () => {
  test('is added at the end of the order, and stopped first', async () => {
    const { host, history } = await startHost([worker('a'), worker('b')]);
    const c = there(await host.startChild<Worker>('tree', worker('c', { args: [1] })));
    expect(c).toMatchObject({ path: 'tree/c', id: 'c', incarnation: 1, name: 'c' });
    expect(await c.ref.call.args()).toEqual([1]);
    expect((await host.tree())?.children.map(({ path }) => path)).toEqual(['tree/a', 'tree/b', 'tree/c']);
    await host.stop();
    expect(history().slice(-3)).toEqual(['stopped c', 'stopped b', 'stopped a']);
  });

  test('is reached by its name in later lives, and by its address in this one', async () => {
    const { host, reported } = await startHost([]);
    const { ref, address } = there(await host.startChild<Worker>('tree', worker('a', { args: 5 })));
    await errorOf(ref.call.exit({ tag: 'error' }));
    expect(await ref.call.args()).toBe(5);
    expect(await reported(({ kind }) => kind === 'restarted')).toMatchObject({ id: 'a', incarnation: 2 });
    expect((await errorOf(host.ref<Worker>(address).call.args())).code).toBe('noproc');
    expect(await host.address('tree/a')).toBe(await ref.address());
  });

  test('has no name if its spec says so, and is reached by its address', async () => {
    const { host } = await startHost([]);
    const { name, ref, address } = there(
      await host.startChild<Worker>('tree', worker('a', { name: null, args: 'x' })),
    );
    expect([name, ref.target]).toEqual([null, address]);
    expect(await ref.call.args()).toBe('x');
    expect((await errorOf(host.call('a', 'args', []))).code).toBe('noproc');
  });

  test('may be a supervisor: its children are started in order before it counts as started', async () => {
    const { host, history } = await startHost([]);
    const inner = { id: 'inner', children: [worker('x'), worker('y')] };
    const started = await host.startChild('tree', inner);
    expect(started).toMatchObject({ path: 'tree/inner', id: 'inner', incarnation: 1 });
    expect(history()).toEqual(['started x', 'started y', 'started inner']);
    const deeper = there(await host.startChild('tree/inner', worker('z')));
    expect(deeper.path).toBe('tree/inner/z');
  });

  test('may be a pool', async () => {
    const { host } = await startHost([]);
    const module = new URL('../fixtures/pool/tasks.ts', import.meta.url);
    const pool = await host.startChild<typeof import('../fixtures/pool/tasks.js')>('tree', {
      id: 'pool',
      pool: { module, maxThreads: 1 },
    });
    expect(await there(pool).ref.call.run(21)).toBe(42);
  });

  test('has its relative module taken from the folder of the host’s spec', async () => {
    const { host } = await startHost([]);
    const error = await errorOf(host.startChild('tree', { id: 'a', module: './nowhere.ts' }));
    expect(error).toBeInstanceOf(EnvironmentError);
    expect(error.code).toBe('module_missing');
    expect(error.message).toMatch(/espalier-host-.*nowhere\.ts/);
  });

  test('that says `ignore` gives undefined; its spec stays, unless it is temporary', async () => {
    const { host } = await startHost([]);
    const ignoring = { args: { start: 'ignore' } };
    expect(await host.startChild('tree', worker('kept', ignoring))).toBeUndefined();
    expect(
      await host.startChild('tree', worker('gone', { ...ignoring, restart: 'temporary' })),
    ).toBeUndefined();
    expect(await host.whichChildren('tree')).toMatchObject([
      { id: 'kept', state: 'stopped', incarnation: 1 },
    ]);
  });
});

describe('startChild: a child of a template', () => {
  test('gets the arguments that are given for it, and its own name is none', async () => {
    const { host } = await startHost([template('jobs')]);
    const args = { map: new Map([[1n, [new Date(0), -0]]]), text: 'ü' };
    const started = host.startChild<Worker>('tree/jobs', { args });
    args.text = 'changed after the call';
    const one = there(await started);
    expect(one).toMatchObject({ path: 'tree/jobs/#1', id: '#1', incarnation: 1, name: null });
    expect(await one.ref.call.args()).toEqual({ ...args, text: 'ü' });
    const two = there(await host.startChild<Worker>('tree/jobs'));
    expect(two.path).toBe('tree/jobs/#2');
    expect(await two.ref.call.args()).toBeUndefined();
    expect(await host.whichChildren('tree/jobs')).toMatchObject([{ id: null }, { id: null }]);
  });

  test('gets both its template’s arguments and its own', async () => {
    const { host } = await startHost([template('jobs', { args: { shared: true } })]);
    const own = there(await host.startChild<Worker>('tree/jobs', { args: null }));
    expect(await own.ref.call.args()).toEqual([{ shared: true }, null]);
    const none = there(await host.startChild<Worker>('tree/jobs', {}));
    expect(await none.ref.call.args()).toEqual({ shared: true });
  });

  test('gets its own arguments again when it is restarted, and has a new address', async () => {
    const { host, reported } = await startHost([template('jobs', { restart: 'transient' })]);
    const job = there(await host.startChild<Worker>('tree/jobs', { args: 'mine' }));
    await errorOf(job.ref.call.exit({ tag: 'error' }));
    await reported(({ kind }) => kind === 'restarted');
    expect((await errorOf(job.ref.call.args())).code).toBe('noproc');
    const again = await host.address(job.path);
    expect(again).not.toBe(job.address);
    expect(await host.ref<Worker>(again).call.args()).toBe('mine');
  });

  test('is forgotten if it says `ignore`, as with all that ends for good; numbers are not used again', async () => {
    const { host } = await startHost([template('jobs', { restart: 'temporary' })]);
    expect(await host.startChild('tree/jobs', { args: { start: 'ignore' } })).toBeUndefined();
    const two = there(await host.startChild<Worker>('tree/jobs'));
    await errorOf(two.ref.call.exit({ tag: 'normal' }));
    expect(there(await host.startChild('tree/jobs')).path).toBe('tree/jobs/#3');
    expect(await host.whichChildren('tree/jobs')).toMatchObject([{ path: 'tree/jobs/#3' }]);
  });

  test('may be a supervisor, which has no mailbox', async () => {
    const template = { id: 'session', children: [worker('cart')] };
    const { host } = await startHost([
      { id: 'sessions', strategy: 'simple_one_for_one', children: [template] },
    ]);
    const one = there(await host.startChild('tree/sessions'));
    const two = there(await host.startChild('tree/sessions'));
    expect((await host.whichChildren(two.path)).map(({ path }) => path)).toEqual(['tree/sessions/#2/cart']);
    for (const reach of [() => one.ref, () => one.address]) {
      expect(reach).toThrow(CallError);
      expect(reach).toThrow(expect.objectContaining({ code: 'noproc', value: 'tree/sessions/#1' }));
    }
  });

  test('with arguments that are no value is refused with their path, and nothing is started', async () => {
    const { host } = await startHost([template('jobs')]);
    const functions = await errorOf(host.startChild('tree/jobs', { args: { deep: [() => 1] } }));
    expect(functions).toMatchObject({ code: 'value_refused', path: 'args.deep[0]' });
    const address = await errorOf(host.startChild('tree/jobs', { args: host.context.self }));
    expect(address).toMatchObject({ code: 'value_refused' });
    expect(await host.countChildren('tree/jobs')).toMatchObject({ active: 0 });
  });
});

describe('startChild: what is refused adds nothing', () => {
  test('an id that is there: already_started if it runs, already_present if not', async () => {
    const { host } = await startHost([worker('a')]);
    const running = await errorOf(host.startChild('tree', worker('a')));
    expect(running).toBeInstanceOf(SupervisionError);
    expect(running).toMatchObject({ code: 'already_started', field: 'id', value: 'a' });
    expect(running.remedy).toContain('address');
    await host.terminateChild('tree/a');
    const stopped = await errorOf(host.startChild('tree', worker('a')));
    expect(stopped).toMatchObject({ code: 'already_present', field: 'id', value: 'a' });
    expect(stopped.message).toContain("'tree/a'");
  });

  test('one child too many: max_children, with a spec and from a template', async () => {
    const { host } = await startHost([template('jobs', {}, { maxChildren: 1 })], { maxChildren: 1 });
    const full = { code: 'max_children', field: 'maxChildren' };
    expect(await errorOf(host.startChild('tree', worker('b')))).toMatchObject(full);
    await host.startChild('tree/jobs');
    expect(await errorOf(host.startChild('tree/jobs'))).toMatchObject(full);
    await host.terminateChild('tree/jobs/#1');
    expect(await host.startChild('tree/jobs')).toMatchObject({ id: '#2' });
  });

  test('a significant child where no end counts, or that is always restarted', async () => {
    const { host } = await startHost([{ id: 'any', autoShutdown: 'any_significant', children: [] }]);
    const transient = worker('b', { significant: true, restart: 'transient' });
    const never = await errorOf(host.startChild('tree', transient));
    expect(never).toMatchObject({ code: 'bad_combination', field: 'significant', value: true });
    expect(never.message).toContain('autoShutdown');
    // That it contradicts itself is seen before anybody is asked.
    const permanent = await errorOf(host.startChild('tree/any', worker('b', { significant: true })));
    expect(permanent).toBeInstanceOf(SpecError);
    expect(await host.startChild('tree/any', transient)).toMatchObject({ path: 'tree/any/b' });
  });

  test('a spec for a template, arguments for others, arguments for what takes none: bad_argument', async () => {
    const pool = { id: 'p', pool: { module: new URL('../fixtures/pool/tasks.ts', import.meta.url) } };
    const { host } = await startHost([
      template('jobs'),
      { id: 'pools', strategy: 'simple_one_for_one', children: [pool] },
    ]);
    expect(await errorOf(host.startChild('tree/jobs', worker('b')))).toMatchObject({
      code: 'bad_argument',
      field: 'child',
    });
    const noTemplate = { code: 'bad_argument', field: 'args' };
    expect(await errorOf(host.startChild('tree', { args: 1 }))).toMatchObject(noTemplate);
    expect(await errorOf(host.startChild('tree'))).toMatchObject(noTemplate);
    expect(await errorOf(host.startChild('tree/pools', { args: 1 }))).toMatchObject(noTemplate);
  });

  test('a start that fails gives the reason of the child, of a subtree with the child that failed', async () => {
    const { host } = await startHost([]);
    const failing = worker('a', { args: { start: 'fail' } });
    const error = await errorOf(host.startChild('tree', failing));
    expect(error).toBeInstanceOf(EnvironmentError);
    expect(error).toMatchObject({
      code: 'start_failed',
      reason: { tag: 'error', detail: { name: 'RangeError', message: 'not today' } },
      cause: { message: 'not today' },
    });
    const inner = { id: 'inner', children: [worker('x'), failing] };
    expect((await errorOf(host.startChild('tree', inner))).reason).toMatchObject({
      tag: 'shutdown',
      detail: { failedToStart: 'a', reason: { tag: 'error', detail: { message: 'not today' } } },
    });
    expect(await host.whichChildren('tree')).toEqual([]);
  });

  test('a name that another holds', async () => {
    const { host } = await startHost([worker('a')]);
    const error = await errorOf(host.startChild('tree', worker('b', { name: 'a' })));
    expect(error).toMatchObject({ code: 'start_failed', reason: { tag: 'error' } });
    expect(await host.startChild('tree', worker('b'))).toMatchObject({ name: 'b' });
  });

  test('a spec with problems, all of them at once, and one that is none', async () => {
    const { host } = await startHost([]);
    const wrong = { id: 7, module: './x.ts', limits: { heapMb: '64' } } as unknown as EnvironmentSpec;
    const error = await errorOf(host.startChild('tree', wrong));
    expect(error).toBeInstanceOf(SpecError);
    expect((error as SpecError).problems.map(({ path }) => path)).toEqual(['id', 'limits.heapMb']);
    for (const none of [null, [], 'a', 5]) {
      expect((await errorOf(host.startChild('tree', none as never))).code).toBe('spec_invalid');
    }
  });

  test('a module without a behaviour', async () => {
    const { host } = await startHost([]);
    const module = new URL('../fixtures/pool/tasks.ts', import.meta.url);
    const error = await errorOf(host.startChild('tree', { id: 'a', module }));
    expect(error).toMatchObject({ code: 'start_failed', cause: { code: 'module_unfit' } });
  });

  test('a path at which there is no supervisor', async () => {
    const { host } = await startHost([worker('a')]);
    for (const path of ['tree/a', 'tree/b', 'other', '', 'tree/b/c']) {
      const error = await errorOf(host.startChild(path, worker('x')));
      expect(error).toMatchObject({ code: 'noproc', field: 'path', value: path });
      expect(error.remedy).toContain('tree()');
    }
  });

  test('a child of a supervisor that is ending: shutdown, when it waits and when it is under way', async () => {
    const { host } = await startHost([GATE, { id: 'inner', children: [] }]);
    const underWay = errorOf(host.startChild('tree/inner', worker('a', { args: { start: 'gate' } })));
    await host.ref<Gate>('gate').call.somebody();
    const waiting = errorOf(host.startChild('tree/inner', worker('b')));
    await host.countChildren('tree/inner');
    await host.terminateChild('tree/inner');
    for (const error of [await underWay, await waiting]) {
      expect(error).toBeInstanceOf(SupervisionError);
      expect(error).toMatchObject({ code: 'shutdown', field: 'path', value: 'tree/inner' });
    }
  });

  test('after the host was stopped', async () => {
    const { host } = await startHost([]);
    await host.stop();
    const asks = [
      () => host.startChild('tree', worker('a')),
      () => host.whichChildren('tree'),
      () => host.facts(),
    ];
    for (const ask of asks) {
      const error = await errorOf(ask());
      expect(error).toBeInstanceOf(HostError);
      expect(error.code).toBe('host_stopped');
    }
  });
});

describe('startChild: the start timeout', () => {
  test('a child that is not ready in time has failed to start, and is really gone', async () => {
    const { host, reported } = await startHost([]);
    const slow = worker('a', { args: { start: 'never' }, startTimeoutMs: 100 });
    const error = await errorOf(host.startChild('tree', slow));
    expect(error).toMatchObject({ code: 'start_failed', reason: { tag: 'error' } });
    expect(await reported(({ kind }) => kind === 'failed')).toMatchObject({ id: 'a', phase: 'start' });
    expect((await host.tree())?.children).toEqual([]);
    expect((await host.facts()).threads).toEqual([]);
    // Its name is free again.
    expect(await host.startChild('tree', worker('a'))).toMatchObject({ name: 'a' });
  });

  test('of a supervisor counts for all below it', async () => {
    const { host, history } = await startHost([]);
    const inner = {
      id: 'inner',
      // Enough for the first of them, on whatever machine.
      startTimeoutMs: 3000,
      children: [worker('x'), worker('y', { args: { start: 'never' } })],
    };
    expect((await errorOf(host.startChild('tree', inner))).code).toBe('start_failed');
    expect(history()).toEqual(expect.arrayContaining(['started x', 'stopped x', 'failed inner']));
    expect((await host.facts()).threads).toEqual([]);
  });
});
