import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { View } from '../../src/access/view.js';
import { ClusterOperations } from '../../src/api/cluster-operations.js';
import type { BridgeReport } from '../../src/cluster/bridge-report.js';
import type { Root } from '../../src/drivers/root.js';
import type { ClusterFolder } from '../../src/state/cluster-folder.js';

type Names = BridgeReport['names'];
const [SELF, OTHER] = ['a'.repeat(32), 'b'.repeat(32)];

/** Of a member, or of none. */
function operations(names: Names | 'absent' | 'starting', isMember = true): ClusterOperations {
  const folder = { host: SELF, member: isMember ? {} : undefined } as ClusterFolder;
  const answers = { bridge: typeof names === 'string' ? names : { names }, state: { tree: 'shop' } };
  const root = { ask: (operation: keyof typeof answers) => Promise.resolve(answers[operation]) };
  return new ClusterOperations(folder, root as unknown as Root);
}

const heldBy = (...hosts: readonly string[]) =>
  hosts.map((host) => ({ host, holding: 'host' as const, incarnation: 1 }));

test('who sees an isolated node sees the names of its namespace, and whether they are offered here or elsewhere', async () => {
  const names: Names = [
    { name: 'db', namespace: { id: 'x', path: '/tenants/blue' }, holders: heldBy(SELF) },
    { name: 'jobs', namespace: { id: 'x', path: '/tenants/blue' }, holders: heldBy(SELF, OTHER) },
    { name: 'db', namespace: { id: 'y', path: '/tenants/bluegreen' }, holders: heldBy(OTHER) },
    { name: 'db', namespace: { id: 'z', path: null }, holders: heldBy(OTHER) },
    { name: 'prices', namespace: null, holders: heldBy(OTHER) },
  ];
  expect(await operations(names).ownNames(new View('shop/tenants/blue'))).toEqual({
    names: [
      { name: 'db', namespace: 'blue', here: true, elsewhere: false },
      { name: 'jobs', namespace: 'blue', here: true, elsewhere: true },
    ],
  });
  for (const path of ['shop/tenants/blue/db', 'shop/tenants/green', 'shop/front'])
    expect(await operations(names).ownNames(new View(path))).toEqual({ names: [] });
});

test('where there is no cluster, or no bridge that answers, it looks as if nobody offered a name', async () => {
  for (const none of [operations('absent'), operations('starting'), operations([], false)])
    expect(await none.ownNames(new View('shop/tenants/blue'))).toEqual({ names: [] });
});

test('what a part of the tree is told depends on nothing that lies outside of it', async () => {
  const path = fc.array(fc.constantFrom('a', 'b', 'ab'), { minLength: 1, maxLength: 3 });
  const name = fc.record({
    name: fc.constantFrom('db', 'jobs'),
    namespace: fc.option(
      fc.record({ id: fc.string(), path: fc.option(path.map((ids) => `/${ids.join('/')}`)) }),
    ),
    holders: fc.subarray([SELF, OTHER], { minLength: 1 }).map((hosts) => heldBy(...hosts)),
  });
  await fc.assert(
    fc.asyncProperty(path, fc.array(name), async (part, names) => {
      const view = new View(`shop/${part.join('/')}`);
      const inside = names.filter(({ namespace }) =>
        `${namespace?.path ?? ''}/`.startsWith(`/${part.join('/')}/`),
      );
      const told = await operations(names).ownNames(view);
      expect(told).toEqual(await operations(inside).ownNames(view));
      expect(told.names).toHaveLength(inside.length);
    }),
  );
});
