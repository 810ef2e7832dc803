import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { NormalisedNode, TreeSpec } from '../../src/index.js';
import { differenceBetween, type Change } from '../../src/apply/difference.js';
import { fieldsOf } from '../../src/apply/field-effects.js';
import { isSame } from '../../src/apply/fingerprint.js';
import { Model } from './model.js';
import { edit, edited, shape } from './shapes.js';
import { difference, specOf, versioned } from './trees.js';

const a = { id: 'a', module: './a.js' };
const b = { id: 'b', module: './b.js' };
const c = { id: 'c', module: './c.js' };
const environment = { kind: 'environment', template: false } as const;

describe('what is the same', () => {
  test('gives no change, whatever the order of keys and whatever is left to defaults', () => {
    const from = {
      children: [{ ...a, env: { X: '1', Y: '2' }, args: { one: [1, { p: 1, q: 2 }], two: NaN } }],
    };
    const to: TreeSpec = {
      strategy: 'one_for_one',
      children: [
        { args: { two: NaN, one: [1, { q: 2, p: 1 }] }, env: { Y: '2', X: '1' }, restart: 'permanent', ...a },
      ],
    };
    expect(difference(from, to)).toEqual([]);
  });

  test('is compared by value: what looks alike and is not is a change', () => {
    const pairs: (readonly [unknown, unknown])[] = [
      [0, -0],
      [1, 1n],
      [1, '1'],
      [null, undefined],
      [
        [1, 2],
        [2, 1],
      ],
      [new Map([[1, 2]]), new Map([[2, 1]])],
      [new Date(1), new Date(2)],
      [Uint8Array.of(1), Uint8Array.of(2)],
      [{ x: undefined }, {}],
    ];
    for (const [one, other] of pairs) {
      const changes = difference({ children: [{ ...a, args: one }] }, { children: [{ ...a, args: other }] });
      expect([one, changes.length]).toEqual([one, 1]);
    }
    const circle: unknown[] = [];
    circle.push(circle);
    expect(
      difference({ children: [{ ...a, args: circle }] }, { children: [{ ...a, args: circle }] }),
    ).toEqual([]);
  });
});

describe('changed in place', () => {
  test('what a supervisor knows of a child', () => {
    const to = {
      ...a,
      restart: 'transient',
      shutdown: 'brutal_kill',
      startTimeoutMs: 10,
      backoff: true,
    } as const;
    const [change, ...others] = difference({ children: [a] }, { children: [to] });
    expect(others).toEqual([]);
    expect(change).toMatchObject({ what: 'changed', path: 'root/a', restarts: false });
    const fields = change !== undefined && 'fields' in change ? change.fields : [];
    expect(fields.map(({ field }) => field)).toEqual(['restart', 'shutdown', 'startTimeoutMs', 'backoff']);
    expect(new Set(fields.map(({ effect }) => effect))).toEqual(new Set(['inPlace']));
  });

  test('what a supervisor knows of itself, and the order of those that stay', () => {
    const from = { children: [{ id: 's', children: [a, b, c] }] };
    const to = { children: [{ id: 's', intensity: 3, strategy: 'one_for_all' as const, children: [c, b] }] };
    expect(difference(from, to)).toEqual([
      {
        what: 'changed',
        path: 'root/s',
        kind: 'supervisor',
        template: false,
        restarts: false,
        fields: [
          { field: 'strategy', from: 'one_for_one', to: 'one_for_all', effect: 'inPlace' },
          { field: 'intensity', from: 1, to: 3, effect: 'inPlace' },
          { field: 'order', from: ['b', 'c'], to: ['c', 'b'], effect: 'inPlace' },
        ],
      },
      { what: 'removed', path: 'root/s/a', ...environment },
    ]);
  });

  test('parts of a field are told one by one', () => {
    const backoff = { initialMs: 1 };
    const from = { children: [{ ...a, backoff, env: { X: '1', Y: '1' }, limits: { heapMb: 64 } }] };
    const to = {
      children: [{ ...a, backoff: { initialMs: 2 }, env: { X: '2', Z: '1' }, limits: { heapMb: 96 } }],
    };
    expect(difference(from, to)).toMatchObject([
      {
        restarts: true,
        fields: [
          { field: 'backoff.initialMs', from: 1, to: 2, effect: 'inPlace' },
          { field: 'env.X', from: '1', to: '2', effect: 'restart' },
          { field: 'env.Y', from: '1', to: undefined },
          { field: 'env.Z', from: undefined, to: '1' },
          { field: 'limits.heapMb', from: 64, to: 96, effect: 'restart' },
          { field: 'limits.youngMb', from: 32, to: 48 },
          { field: 'limits.memoryMb', from: 128, to: 192 },
        ],
      },
    ]);
  });
});

describe('changed by restart', () => {
  test.each([
    ['module', { ...a, module: './other.js' }],
    ['args', { ...a, args: 1 }],
    ['bindings.x', { ...a, bindings: { x: 1 } }],
    ['env.X', { ...a, env: { X: '1' } }],
    ['name', { ...a, name: 'other' }],
    ['limits.mailbox', { ...a, limits: { mailbox: 5 } }],
    ['overflow', { ...a, overflow: 'reject' as const }],
    ['sendTimeoutMs', { ...a, sendTimeoutMs: 1 }],
    ['external', { ...a, external: ['x'] }],
  ])('%s', (field, to) => {
    expect(difference({ children: [a] }, { children: [to] })).toMatchObject([
      { what: 'changed', path: 'root/a', restarts: true, fields: [{ field, effect: 'restart' }] },
    ]);
  });

  test('the code of a module, though its spec is the same', () => {
    const spec = { children: [a, b] };
    const { changes } = differenceBetween(
      versioned(spec, { 'root/a': 'sha256-1' }),
      versioned(spec, { 'root/a': 'sha256-2' }),
    );
    const fields = [{ field: 'code', from: 'sha256-1', to: 'sha256-2', effect: 'restart' }];
    expect(changes).toEqual([{ what: 'changed', path: 'root/a', ...environment, restarts: true, fields }]);
  });

  test('limits of a process, with all that runs in it', () => {
    const cell = (memoryMb: number) => ({
      children: [{ id: 'c', wall: 'process' as const, limits: { memoryMb }, children: [a] }],
    });
    expect(difference(cell(64), cell(128))).toMatchObject([
      {
        what: 'changed',
        path: 'root/c',
        restarts: true,
        fields: [{ field: 'limits.memoryMb', from: 64, to: 128, effect: 'restart' }],
      },
    ]);
  });

  test('fields of a pool', () => {
    const pool = { module: './tasks.js', maxThreads: 2 };
    const to = { children: [{ id: 'p', pool: { ...pool, module: './others.js', maxThreads: 3 } }] };
    expect(difference({ children: [{ id: 'p', pool }] }, to)).toMatchObject([
      {
        kind: 'pool',
        restarts: true,
        fields: [
          { field: 'pool.maxThreads', from: 2, to: 3 },
          { field: 'pool.module', from: 'file:///app/tasks.js', to: 'file:///app/others.js' },
        ],
      },
    ]);
  });

  test('another kind, with what was below it', () => {
    expect(difference({ children: [a] }, { children: [{ id: 'a', children: [b] }] })).toMatchObject([
      { what: 'changed', path: 'root/a', kind: 'supervisor', restarts: true, fields: [{ field: 'kind' }] },
      { what: 'added', path: 'root/a/b' },
    ]);
  });

  test('those whom their strategy takes along are named, with the one because of whom', () => {
    const temporary = { ...c, restart: 'temporary' as const };
    const from = {
      strategy: 'rest_for_one' as const,
      children: [a, b, temporary, { id: 's', children: [{ ...a, id: 'x' }] }],
    };
    const to = {
      ...from,
      children: [a, { ...b, args: 1 }, temporary, { id: 's', children: [{ ...a, id: 'x' }] }],
    };
    expect(difference(from, to)).toMatchObject([
      { what: 'changed', path: 'root/b', restarts: true },
      { what: 'stopped', path: 'root/c', because: 'root/b' },
      { what: 'restarted', path: 'root/s', because: 'root/b', kind: 'supervisor' },
    ]);
  });

  test('a template: what is said of it holds for its children; with another strategy they are gone', () => {
    const from = { children: [{ id: 's', strategy: 'simple_one_for_one' as const, children: [a] }] };
    const other = {
      children: [{ id: 's', strategy: 'simple_one_for_one' as const, children: [{ ...a, args: 1 }] }],
    };
    expect(difference(from, other)).toMatchObject([
      { what: 'changed', path: 'root/s/a', template: true, restarts: true },
    ]);
    const without = { children: [{ id: 's', children: [{ ...a, name: null }] }] };
    expect(difference(from, without)).toMatchObject([
      { what: 'changed', path: 'root/s', restarts: false, fields: [{ field: 'strategy' }] },
      { what: 'added', path: 'root/s/a', template: false },
      { what: 'removed', path: 'root/s/a', template: true },
    ]);
  });
});

describe('moved', () => {
  test('is what has the same name elsewhere, with what else has changed', () => {
    const from = {
      children: [
        { id: 'x', children: [a, b] },
        { id: 'y', children: [] },
      ],
    };
    const to = {
      children: [
        { id: 'x', children: [b] },
        { id: 'y', children: [{ ...a, id: 'n', name: 'a', args: 1 }] },
      ],
    };
    expect(difference(from, to)).toEqual([
      {
        what: 'moved',
        path: 'root/y/n',
        from: 'root/x/a',
        ...environment,
        fields: [{ field: 'args', from: undefined, to: 1, effect: 'restart' }],
      },
    ]);
  });

  test('is a supervisor of the same id, with what is below it', () => {
    const deep = { id: 'x', children: [{ id: 's', children: [a] }] };
    const from = { children: [deep] };
    const to = { children: [{ id: 's', children: [a] }] };
    expect(difference(from, to)).toMatchObject([
      { what: 'moved', path: 'root/s', from: 'root/x/s' },
      { what: 'moved', path: 'root/s/a', from: 'root/x/s/a' },
      { what: 'removed', path: 'root/x' },
    ]);
  });
});

describe('for random trees', () => {
  const pair = fc.tuple(shape, fc.array(edit, { maxLength: 6 })).map(([from, edits]) => ({
    from,
    to: edited(
      from,
      edits.filter((one) => !('version' in one) || one.version !== 'bad'),
    ),
  }));

  test('a tree does not differ from itself', () => {
    fc.assert(fc.property(shape, (root) => void expect(difference(specOf(root), specOf(root))).toEqual([])));
  });

  test('the changes lead from the one to the other', () => {
    fc.assert(
      fc.property(pair, ({ from, to }) => {
        const [one, other] = [versioned(specOf(from)), versioned(specOf(to))];
        const nodes = flat(one.tree.root, one.tree.name);
        const goal = flat(other.tree.root, other.tree.name);
        follow(nodes, goal, differenceBetween(one, other).changes);
        expect([...nodes.keys()].sort()).toEqual([...goal.keys()].sort());
        for (const [path, fields] of goal)
          expect([path, isSame([...(nodes.get(path) ?? [])], [...fields])]).toEqual([path, true]);
      }),
      { numRuns: 300 },
    );
  });

  test('what it says is stopped and started is what an apply stops and starts', () => {
    fc.assert(
      fc.property(pair, ({ from, to }) => {
        const model = new Model(from);
        model.log.length = 0;
        model.apply(to);
        const done = (what: string): string[] =>
          model.log
            .flatMap((line) => (line.startsWith(`${what} `) ? [line.slice(what.length + 1)] : []))
            .sort();
        const changes = difference(specOf(from), specOf(to));
        const [before, after] = [below(specOf(from)), below(specOf(to))];
        const stopped = new Set<string>();
        const started = new Set<string>();
        for (const change of changes) {
          const { what, path } = change;
          const restarts =
            what === 'restarted' || what === 'stopped' || (what === 'changed' && change.restarts);
          if (what === 'removed') stopped.add(path);
          if (what === 'moved') stopped.add(change.from);
          if (what === 'added' || what === 'moved') started.add(path);
          if (!restarts) continue;
          for (const node of before) if (`${node}/`.startsWith(`${path}/`)) stopped.add(node);
          if (what === 'stopped') continue;
          for (const node of after) if (`${node}/`.startsWith(`${path}/`)) started.add(node);
        }
        expect([...stopped].sort()).toEqual(done('stopped'));
        expect([...started].sort()).toEqual(done('started'));
      }),
      { numRuns: 300 },
    );
  });
});

type Fields = Map<string, unknown>;

/** Every node with its fields; a supervisor's order of children is one of them. */
function flat(node: NormalisedNode, path: string): Map<string, Fields> {
  const fields: Fields = new Map(fieldsOf(node).map(({ name, value }) => [name, value]));
  fields.set('kind', node.kind);
  if (node.kind !== 'supervisor') return new Map([[path, fields]]);
  const children = node.children.flatMap((child) => [...flat(child, `${path}/${child.id}`)]);
  return new Map([[path, fields], ...children]);
}

/** Does what the changes say. What they do not hold, because it is new, is taken from the goal. */
function follow(nodes: Map<string, Fields>, goal: Map<string, Fields>, changes: readonly Change[]): void {
  const origin = new Map(nodes);
  for (const change of changes) {
    if (change.what === 'removed') nodes.delete(change.path);
    if (change.what === 'moved') nodes.delete(change.from);
  }
  for (const change of changes) {
    const { what, path } = change;
    const isOther = what === 'changed' && change.fields.some(({ field }) => field === 'kind');
    if (what === 'added' || isOther) nodes.set(path, goal.get(path) as Fields);
    else if (what === 'moved' || what === 'changed') {
      const fields = new Map(origin.get(what === 'moved' ? change.from : path));
      for (const { field, from, to } of change.fields) {
        if (field === 'order') continue;
        expect([path, field, fields.get(field)]).toEqual([path, field, from]);
        fields.set(field, to);
      }
      nodes.set(path, fields);
    }
  }
}

function below(spec: { readonly name?: string }): string[] {
  const { tree } = versioned(spec as Parameters<typeof versioned>[0]);
  return [...flat(tree.root, tree.name).keys()].slice(1);
}
