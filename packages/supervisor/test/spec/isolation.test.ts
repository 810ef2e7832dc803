/** `siblings: isolate`, namespaces and `grants` in a spec. */
import { describe, expect, test } from '@jest/globals';
import { SpecError } from '@espalier/core';
import { normaliseChild, normaliseSpec, type NormalisedSupervisor } from '../../src/spec/index.js';
import { grantsOf } from '../../src/spec/grants.js';

const leaf = (id: string, more: object = {}) => ({ id, module: `./${id}.ts`, ...more });
const isolating = (children: readonly object[], more: object = {}) => ({
  id: 'tenants',
  siblings: 'isolate',
  children,
  ...more,
});
const normalise = (children: readonly object[]) => normaliseSpec({ children }, { base: '/srv/shop' });

function problemsOf(children: readonly object[]) {
  try {
    normalise(children);
  } catch (error) {
    if (error instanceof SpecError)
      return error.problems.map(({ path, value, problem, remedy }) => ({ path, value, problem, remedy }));
    throw error;
  }
  return [];
}

describe('defaults', () => {
  test('a child of an isolating node is in a process, unless it says otherwise; what is below that is as anywhere', () => {
    const { root } = normalise([
      isolating([leaf('a'), leaf('b', { wall: 'thread' }), { id: 'c', children: [leaf('d')] }]),
      leaf('e'),
    ]);
    const [tenants, e] = root.children as [NormalisedSupervisor, (typeof root.children)[0]];
    expect([tenants.wall, e.wall]).toEqual(['thread', 'thread']);
    expect(tenants.children.map(({ wall }) => wall)).toEqual(['process', 'thread', 'process']);
    const preferred = ['deathSignal', 'rlimits', 'oomScore'];
    expect(tenants.children[0]?.walls).toEqual({ required: [], preferred: [...preferred, 'proc'] });
    expect(tenants.children[1]?.walls.preferred).toEqual([]);
    expect((tenants.children[2] as NormalisedSupervisor).children[0]?.wall).toBe('thread');
  });

  test('a list of walls decides alone, and what is in a process below an isolated child has those of any other', () => {
    const { root } = normalise([
      isolating([
        leaf('a', { walls: { preferred: ['rlimits'] } }),
        leaf('b', { walls: { required: ['proc'] } }),
        { id: 'c', children: [leaf('d', { wall: 'process' })] },
      ]),
    ]);
    const [a, b, c] = (root.children[0] as NormalisedSupervisor).children;
    expect(a?.walls).toEqual({ required: [], preferred: ['rlimits'] });
    expect(b?.walls).toEqual({ required: ['proc'], preferred: ['deathSignal', 'rlimits', 'oomScore'] });
    const [d] = (c as NormalisedSupervisor).children;
    expect(d?.walls.preferred).toEqual(['deathSignal', 'rlimits', 'oomScore']);
  });

  test('walls belong to the process that a child of an isolating node has by default', () => {
    expect(problemsOf([isolating([leaf('a', { walls: { required: ['rlimits'] } })])])).toEqual([]);
  });

  test('an id that has no way to become text is refused like any other', () => {
    expect(problemsOf([isolating([{ id: Object.create(null) as object, module: './a.ts' }])])).toMatchObject([
      { path: 'children[0].children[0].id' },
    ]);
  });

  test('a child by itself is read as its supervisor says', () => {
    const base = '/srv/shop';
    expect(normaliseChild(leaf('a'), { base }).wall).toBe('thread');
    expect(normaliseChild(leaf('a'), { base, siblings: 'isolate' }).wall).toBe('process');
  });

  test('`trust: confined` is refused below an isolating node, too', () => {
    expect(problemsOf([isolating([leaf('a', { trust: 'confined' })])])).toMatchObject([
      { path: 'children[0].children[0].trust', problem: '`trust: confined` is not built yet.' },
    ]);
  });
});

describe('namespaces', () => {
  test('children of an isolating node may have the same names, and those of the outside', () => {
    const house = (id: string) => ({ id, children: [leaf('db'), leaf('app')] });
    expect(problemsOf([leaf('db'), isolating([house('blue'), house('green'), leaf('db')])])).toEqual([]);
  });

  test('in one of them, names are unique as ever', () => {
    const problems = problemsOf([
      isolating([{ id: 'blue', children: [leaf('db'), { id: 'more', children: [leaf('db')] }] }]),
    ]);
    expect(problems).toMatchObject([
      { path: 'children[0].children[0].children[1].children[0].name', value: 'db' },
    ]);
  });
});

describe('grants', () => {
  test('lines lead from names of a namespace to names of another', () => {
    const tree = normalise([
      { id: 'store', children: [leaf('db', { name: 'database' })] },
      isolating([
        leaf('blue', { grants: { db: { send: '/store/db' } } }),
        { id: 'green', grants: { blue: { send: '/tenants/blue' } }, children: [leaf('app')] },
      ]),
      leaf('front', { grants: { green: { send: '/tenants/green/app' } } }),
    ]);
    expect(grantsOf(tree)).toEqual([
      { by: 'root/tenants/blue', name: 'root/tenants/blue\0db', target: '\0database', path: 'root/store/db' },
      {
        by: 'root/tenants/green',
        name: 'root/tenants/green\0blue',
        target: 'root/tenants/blue\0blue',
        path: 'root/tenants/blue',
      },
      {
        by: 'root/front',
        name: '\0green',
        target: 'root/tenants/green\0app',
        path: 'root/tenants/green/app',
      },
    ]);
  });

  const store = { id: 'store', children: [leaf('db'), leaf('nameless', { name: null })] };
  const of = (grants: unknown) => [store, isolating([leaf('blue', { grants })])];
  const at = 'children[1].children[0].grants';

  test.each([
    ['a path that is none', { db: { send: 'store/db' } }, `${at}.db.send`, /must be the path of a node/],
    ['a path where nothing is', { db: { send: '/store/bd' } }, `${at}.db.send`, /nothing at "\/store\/bd"/],
    ['a supervisor', { db: { send: '/store' } }, `${at}.db.send`, /is a supervisor/],
    ['who has no name', { db: { send: '/store/nameless' } }, `${at}.db.send`, /has no name/],
    ['itself', { db: { send: '/tenants/blue' } }, `${at}.db.send`, /in the same namespace/],
    ['a name that is no word', { 'a b': { send: '/store/db' } }, `${at}["a b"]`, /cannot be "a b"/],
    [
      'a name that is taken inside',
      { blue: { send: '/store/db' } },
      `${at}.blue`,
      /is taken by children\[1\]/,
    ],
    ['a line without `send`', { db: {} }, `${at}.db.send`, /is missing/],
    ['another right', { db: { send: '/store/db', kill: true } }, `${at}.db.kill`, /is no field here/],
    ['no map', ['/store/db'], at, /must be a map/],
  ])('%s is refused with its place and a remedy', (_, grants, path, problem) => {
    const problems = problemsOf(of(grants));
    expect(problems).toMatchObject([{ path, problem: expect.stringMatching(problem) }]);
    expect(problems[0]?.remedy).not.toBe('');
  });

  test('a line can lead to what an environment spawns, by name, one step below it', () => {
    const tree = normalise(of({ book: { send: '/store/db/ledger' } }));
    expect(grantsOf(tree)).toMatchObject([{ target: '\0ledger', path: 'root/store/db' }]);
    for (const send of ['/store/x', '/store/db/a/b', '/nobody/x'])
      expect(problemsOf(of({ book: { send } }))).toMatchObject([{ path: `${at}.book.send` }]);
  });

  describe('and names of other hosts', () => {
    const problemsWith = (children: readonly object[], imports: object) => {
      try {
        normaliseSpec({ children, cluster: { imports } }, { base: '/srv/shop' });
      } catch (error) {
        return (error as SpecError).problems.map(({ path, remedy }) => ({ path, remedy }));
      }
      return [];
    };
    const prices = { prices: { send: 'cluster.imports.prices' } };

    test('a line can lead to one that `cluster` imports, and to no other', () => {
      expect(problemsWith(of(prices), { prices: { as: 'far' } })).toEqual([]);
      expect(problemsWith(of(prices), { price: {} })).toEqual([
        { path: `${at}.prices.send`, remedy: 'Did you mean `cluster.imports.price`?' },
      ]);
      expect(problemsOf(of(prices))[0]).toMatchObject({
        problem: 'The tree imports no "prices".',
        remedy: 'Write `cluster: { imports: { prices: {} } }` on the root.',
      });
    });

    test('who shares the namespace of the tree has them by name already', () => {
      const told = problemsWith([leaf('front', { grants: { far: prices.prices } })], { prices: {} });
      expect(told).toMatchObject([{ path: 'children[0].grants.far.send' }]);
    });
  });

  test('a slip of the pen is told', () => {
    expect(problemsOf(of({ db: { send: '/store/bd' } }))[0]?.remedy).toBe('Did you mean `/store/db`?');
  });

  test('an isolating node and a template cannot be granted anything, and a template leads nowhere', () => {
    const grants = { db: { send: '/store/db' } };
    expect(problemsOf([store, isolating([leaf('a')], { grants })])).toMatchObject([
      { path: 'children[1].grants.db', remedy: 'Write `grants` on its children.' },
    ]);
    const many = { id: 'many', strategy: 'simple_one_for_one' };
    expect(problemsOf([store, { ...many, children: [leaf('a', { grants })] }])).toMatchObject([
      {
        path: 'children[1].children[0].grants.db',
        remedy: 'Leave `grants` out, and use `host.grant` for each child once it is there.',
      },
    ]);
    expect(
      problemsOf([
        { ...many, children: [leaf('a')] },
        isolating([leaf('b', { grants: { a: { send: '/many/a' } } })]),
      ]),
    ).toMatchObject([{ path: 'children[1].children[0].grants.a.send' }]);
  });

  test('of a child by itself: the lines are kept, and where they lead is for its tree to say', () => {
    const grants = { db: { send: '/store/db' } };
    expect(normaliseChild(leaf('a', { grants }), { base: '/srv' }).grants).toEqual(grants);
    const own = leaf('a', { grants: { a: { send: '/store/db' } } });
    expect(() => normaliseChild(own, { base: '/srv' })).toThrow(SpecError);
    expect(() => normaliseChild(isolating([leaf('b')], { grants }), { base: '/srv' })).toThrow(SpecError);
  });
});
