/** Isolated children over real processes: their grants, by spec and by the host, and what outlives what. */
import { describe, expect, test } from '@jest/globals';
import type { SpecError } from '@espalier/core';
import type { ChildSpecInput, EnvironmentSpec, SupervisorNodeSpec, TreeSpec } from '../../src/index.js';
import { cellStarter, group, SAME_NUMBERS, type Running } from './cells.js';

const mail = (id: string, fields: Partial<EnvironmentSpec> = {}): EnvironmentSpec => ({
  id,
  module: './mail.ts',
  ...fields,
});
const GRANTED = { grants: { shop: { send: '/store' } } };
const tenants = (children: readonly ChildSpecInput[]): SupervisorNodeSpec =>
  group(
    'tenants',
    children.map((child) => ({ ...child, ...SAME_NUMBERS })),
    { siblings: 'isolate' },
  );
const tree = (...houses: readonly ChildSpecInput[]): TreeSpec => ({
  name: 'tree',
  intensity: 10,
  children: [mail('store'), tenants(houses)],
});

/** By its path, for the application has no name for it. */
async function call(running: Running, path: string, operation: string, ...parameters: unknown[]) {
  return running.host.call(await running.host.address(path), operation, parameters, { timeoutMs: 30_000 });
}

/** What an isolated child gets who asks by a name: the answer, or the code of the refusal. */
function ask(running: Running, path: string, name: string): Promise<unknown> {
  return call(running, path, 'reach', name);
}

const codeOf = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => 'done',
    (error: unknown) => (error as SpecError).code,
  );

describe.each([
  ['the application’s process', { embedded: true }],
  ['a cell', { embedded: false }],
])('isolation, the tree in %s', (_, options) => {
  const startTree = cellStarter(options);

  test('isolated: each child has a process and names of its own, and reaches what its spec grants, until it is revoked', async () => {
    const running = await startTree(
      tree(mail('blue', { name: 'me', ...GRANTED }), mail('green', { name: 'me' })).children,
    );
    const { host } = running;
    const [store, blue, green] = [
      await running.pid('tree/store'),
      await running.pid('tree/tenants/blue'),
      await running.pid('tree/tenants/green'),
    ];
    expect(new Set([store, blue, green]).size).toBe(3);
    expect(await ask(running, 'tree/tenants/blue', 'shop')).toBe(store);
    expect(await ask(running, 'tree/tenants/blue', 'store')).toBe('noproc');
    expect(await ask(running, 'tree/tenants/green', 'shop')).toBe('noproc');
    // From outside, nobody inside is found by a name, and everybody by who administers the tree.
    expect(await codeOf(host.call('me', 'pid', []))).toBe('noproc');
    expect(await call(running, 'tree/tenants/green', 'pid')).toBe(green);

    await host.revoke('tree/tenants/blue', 'shop');
    expect(await ask(running, 'tree/tenants/blue', 'shop')).toBe('noproc');
    await host.grant('tree/tenants/green', 'shop', 'tree/store');
    await host.grant('tree/tenants/blue', 'friend', 'tree/tenants/green');
    expect(await ask(running, 'tree/tenants/green', 'shop')).toBe(store);
    expect(await ask(running, 'tree/tenants/blue', 'friend')).toBe(green);
    // The way back is not granted.
    expect(await ask(running, 'tree/tenants/green', 'friend')).toBe('noproc');
  }, 60_000);

  test('isolated: a grant outlives the ends of both sides, and the end of one sibling is nothing to the other', async () => {
    const running = await startTree(tree(mail('blue', GRANTED), mail('green', GRANTED)).children);
    const { host } = running;
    const [store, blue] = [await running.pid('tree/store'), await running.pid('tree/tenants/blue')];
    expect(await ask(running, 'tree/tenants/green', 'shop')).toBe(store);
    process.kill(blue, 'SIGKILL');
    await running.pid('tree/tenants/blue', 2);
    await running.happened('tree/tenants/blue', 'restarted');
    expect(await ask(running, 'tree/tenants/blue', 'shop')).toBe(store);
    await host.kill('tree/store');
    await running.happened('tree/store', 'restarted');
    for (const house of ['blue', 'green'])
      expect(await ask(running, `tree/tenants/${house}`, 'shop')).toBe(store);
    expect(running.pids('tree/tenants/green')).toHaveLength(1);
    expect(running.events.filter(({ kind }) => kind === 'violation')).toEqual([]);
  }, 60_000);

  test('isolated: an apply changes grants in place, and starts anew who is to live otherwise', async () => {
    const running = await startTree(tree(mail('blue', GRANTED)).children);
    const { host } = running;
    const store = await running.pid('tree/store');
    const without = await host.apply(tree(mail('blue')));
    expect(without.difference.changes).toMatchObject([
      { path: 'tree/tenants/blue', what: 'changed', restarts: false, fields: [{ field: 'grants.shop' }] },
    ]);
    expect(await ask(running, 'tree/tenants/blue', 'shop')).toBe('noproc');
    await host.apply(tree(mail('blue', { grants: { store: { send: '/store' } } })));
    expect(await ask(running, 'tree/tenants/blue', 'store')).toBe(store);
    expect(running.pids('tree/tenants/blue')).toHaveLength(1);
    const [first, second] = tree(mail('blue')).children as [ChildSpecInput, SupervisorNodeSpec];
    await host.apply({
      ...tree(),
      children: [first, { ...second, siblings: 'group', children: [mail('blue')] }],
    });
    expect(await host.call('blue', 'ask', ['store'])).toBe(store);
    expect(await codeOf(host.apply({ ...tree(), siblings: 'isolate' }))).toBe('spec_invalid');
  }, 60_000);

  test('isolated: a child that is added later has a process and nothing else, until it is granted something', async () => {
    const running = await startTree(tree(mail('blue')).children);
    const { host } = running;
    const store = await running.pid('tree/store');
    await host.startChild('tree/tenants', mail('red', { restart: 'temporary' }));
    expect(await running.pid('tree/tenants/red')).not.toBe(store);
    await host.grant('tree/tenants/red', 'shop', 'tree/store');
    expect(await ask(running, 'tree/tenants/red', 'shop')).toBe(store);
    await host.kill('tree/tenants/red');
    await running.seen(() => running.history('tree/tenants/red').find(({ kind }) => kind !== 'started'));
    // Another one of that path: what the first was granted is not its own.
    await host.startChild('tree/tenants', mail('red', { restart: 'temporary' }));
    expect(await ask(running, 'tree/tenants/red', 'shop')).toBe('noproc');
  }, 60_000);

  test('isolated: the application has the names that the root is granted, and is reached by whom it grants itself to', async () => {
    const blue = 'tree/tenants/blue';
    const spec = tree(mail('blue'));
    const running = await startTree(spec.children, { grants: { house: { send: '/tenants/blue' } } });
    const { host } = running;
    const { context } = host;
    expect(await host.call('house', 'pid', [])).toBe(await running.pid(blue));
    expect(await ask(running, blue, 'app')).toBe('noproc');
    await host.grant(blue, 'app', context.self);
    await host.call('house', 'count', ['app', 1]);
    expect(await context.receive()).toMatchObject({ type: 'cast', operation: 'note', arguments: [0] });
    await host.revoke(blue, 'app');
    expect(await ask(running, blue, 'app')).toBe('noproc');
    expect(await codeOf(host.grant('tree/store', 'app', context.self))).toBe('spec_invalid');
    expect(await codeOf(host.grant(blue, 'app', await host.address('tree/store')))).toBe('spec_invalid');
    await host.revoke('tree', 'house');
    expect(await codeOf(host.call('house', 'pid', []))).toBe('noproc');
  }, 60_000);

  test('isolated: a child that is added later has the grants of its spec from its first moment on, and they end with it', async () => {
    const running = await startTree(tree(mail('blue')).children);
    const { host } = running;
    const store = await running.pid('tree/store');
    const red = mail('red', { ...GRANTED, restart: 'temporary', args: 'shop' });
    await host.startChild('tree/tenants', red);
    expect(await ask(running, 'tree/tenants/red', 'shop')).toBe(store);
    expect(await call(running, 'tree/tenants/red', 'found')).toBe(store);
    await host.kill('tree/tenants/red');
    await running.seen(() => running.history('tree/tenants/red').find(({ kind }) => kind !== 'started'));
    expect(await codeOf(host.revoke('tree/tenants/red', 'shop'))).toBe('noproc');
    // One whose line leads nowhere is not started, nor is one whose start fails granted anything.
    const lost = mail('lost', { grants: { shop: { send: '/nobody' } } });
    await expect(host.startChild('tree/tenants', lost)).rejects.toMatchObject({
      code: 'spec_invalid',
      problems: [{ path: 'grants.shop.send', value: '/nobody' }],
    });
    const failing = mail('failing', { ...GRANTED, args: 'nobody' });
    expect(await codeOf(host.startChild('tree/tenants', failing))).toBe('start_failed');
    expect(await codeOf(host.revoke('tree/tenants/failing', 'shop'))).toBe('noproc');
  }, 60_000);

  test('isolated: each child of a template has a world of its own, and is granted by its path for as long as it lives', async () => {
    const running = await startTree([
      mail('store'),
      group('many', [mail('one', { restart: 'temporary' })], {
        siblings: 'isolate',
        strategy: 'simple_one_for_one',
      }),
    ]);
    const { host } = running;
    const [first, second] = [await host.startChild('tree/many'), await host.startChild('tree/many')];
    const [one, two] = [first?.path ?? '', second?.path ?? ''];
    await host.grant(one, 'shop', 'tree/store');
    expect(await ask(running, one, 'shop')).toBe(await running.pid('tree/store'));
    expect(await ask(running, two, 'shop')).toBe('noproc');
    await host.terminateChild(one);
    expect(await codeOf(host.revoke(one, 'shop'))).toBe('noproc');
  }, 60_000);

  test('grant, revoke: what cannot be is refused, with what to do', async () => {
    const running = await startTree(tree(mail('blue', GRANTED)).children);
    const { host } = running;
    const blue = 'tree/tenants/blue';
    expect(await codeOf(host.grant('tree/nobody', 'x', 'tree/store'))).toBe('noproc');
    expect(await codeOf(host.grant(blue, 'x', 'tree/nobody'))).toBe('spec_invalid');
    expect(await codeOf(host.grant(blue, 'x', 'tree/tenants'))).toBe('spec_invalid');
    expect(await codeOf(host.grant(blue, 'x', blue))).toBe('spec_invalid');
    expect(await codeOf(host.grant(blue, 'a b', 'tree/store'))).toBe('spec_invalid');
    expect(await codeOf(host.grant('tree/tenants', 'x', 'tree/store'))).toBe('spec_invalid');
    expect(await codeOf(host.grant(blue, 'shop', 'tree/store'))).toBe('name_taken');
    expect(await codeOf(host.grant(blue, 'blue', 'tree/store'))).toBe('name_taken');
    expect(await codeOf(host.revoke(blue, 'x'))).toBe('noproc');
    await expect(host.revoke(blue, 'x')).rejects.toMatchObject({ field: 'name', value: 'x' });
    expect(await ask(running, blue, 'shop')).toBe(await running.pid('tree/store'));
  }, 60_000);
});
