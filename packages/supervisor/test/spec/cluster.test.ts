import { describe, expect, test } from '@jest/globals';
import type { SpecError } from '@espalier/core';
import { normaliseSpec, start, type TreeSpec } from '../../src/index.js';
import { normaliseChild } from '../../src/spec/index.js';

const BASE = 'file:///srv/shop/';
const CLUSTER = {
  exports: { prices: {} },
  imports: { stock: { as: 'store', durable: true, overflow: 'reject', sendTimeoutMs: 0 } },
} as const;

const refused = (read: () => unknown): SpecError['problems'] => {
  try {
    read();
  } catch (error) {
    return (error as SpecError).problems;
  }
  return [];
};
const problemsOf = (spec: object) => refused(() => normaliseSpec(spec, { base: BASE }));
const leaf = (id: string, more: object = {}) => ({ id, module: `./${id}.ts`, ...more });
/** A tree with one isolating node. */
const withTenants = (children: readonly object[], more: object = {}) => ({
  children: [{ id: 'tenants', siblings: 'isolate', children, ...more }],
});

describe('`cluster` of a tree', () => {
  test('is kept as it is given, and nothing is there where nothing was given', () => {
    expect(normaliseSpec({ children: [], cluster: CLUSTER }, { base: BASE }).cluster).toEqual(CLUSTER);
    expect(normaliseSpec({ children: [] }, { base: BASE })).not.toHaveProperty('cluster');
  });

  test('is checked field by field, each problem with its path', () => {
    const cluster = {
      exports: { prices: { durabel: true }, 'a b': {} },
      imports: { stock: { as: '', overflow: 'wait' } },
    };
    expect(problemsOf({ children: [], cluster }).map(({ path }) => path)).toEqual([
      'cluster.exports.prices.durabel',
      'cluster.exports["a b"]',
      'cluster.imports.stock.as',
      'cluster.imports.stock.overflow',
    ]);
  });

  test('belongs to a root whose children share a namespace', () => {
    expect(problemsOf({ siblings: 'isolate', children: [], cluster: CLUSTER })).toEqual([
      expect.objectContaining({ path: 'cluster', problem: expect.stringContaining('isolate') as unknown }),
    ]);
  });

  test('is refused where no daemon runs the tree, before anything is started', async () => {
    const spec: TreeSpec = { children: [], cluster: CLUSTER };
    await expect(start(spec, { base: BASE })).rejects.toMatchObject({
      code: 'spec_invalid',
      path: 'cluster',
    });
    const below = withTenants([leaf('blue', { cluster: {} })]) as TreeSpec;
    await expect(start(below, { base: BASE })).rejects.toMatchObject({
      code: 'spec_invalid',
      message: expect.stringContaining('`/tenants/blue`') as unknown,
    });
  });
});

describe('`cluster` of a namespace below the root', () => {
  test('says who is exported by its path, whatever sort of node has the namespace', () => {
    const spec = withTenants([
      leaf('blue', { cluster: { exports: { db: { to: 'blue', durable: true } } } }),
      {
        id: 'green',
        cluster: { exports: { db: {}, sums: { to: 'adder' } }, imports: { rates: { as: 'far' } } },
        children: [
          { id: 'store', children: [leaf('d', { name: 'db' })] },
          { id: 'adder', pool: { module: './a.ts' } },
        ],
      },
      { id: 'red', siblings: 'isolate', children: [leaf('deep', { cluster: { imports: { db: {} } } })] },
    ]);
    expect(normaliseSpec(spec, { base: BASE }).namespaces).toEqual([
      { path: '/tenants/blue', exports: { db: { durable: true, path: '/tenants/blue' } }, imports: {} },
      {
        path: '/tenants/green',
        exports: { db: { path: '/tenants/green/store/d' }, sums: { path: '/tenants/green/adder' } },
        imports: { rates: { as: 'far' } },
      },
      { path: '/tenants/red/deep', exports: {}, imports: { db: {} } },
    ]);
    expect(normaliseSpec({ children: [], cluster: CLUSTER }, { base: BASE })).not.toHaveProperty(
      'namespaces',
    );
  });

  test('is refused on a node that has none, with where to write it', () => {
    const cluster = { imports: { db: {} } };
    const green = { id: 'green', children: [leaf('cart', { cluster })] };
    const spec = { children: [leaf('a', { cluster }), ...withTenants([green], { cluster }).children] };
    expect(problemsOf(spec)).toMatchObject([
      { path: 'children[0].cluster', value: 'an object', remedy: expect.stringContaining('the root') },
      {
        path: 'children[1].children[0].children[0].cluster',
        remedy: expect.stringContaining('/tenants/green'),
      },
      { path: 'children[1].cluster', remedy: expect.stringContaining('the root') },
    ]);
    const deep = withTenants([{ id: 'red', siblings: 'isolate', cluster, children: [] }]);
    expect(problemsOf(deep)).toMatchObject([
      { path: 'children[0].children[0].cluster', remedy: expect.stringContaining('on its children') },
    ]);
    const template = withTenants([leaf('t', { cluster })], { strategy: 'simple_one_for_one' });
    expect(problemsOf(template)).toMatchObject([
      { path: 'children[0].children[0].cluster', problem: expect.stringContaining('simple_one_for_one') },
    ]);
    expect(problemsOf({ siblings: 'isolate', children: [leaf('blue', { cluster })] })).toMatchObject([
      { path: 'cluster', problem: expect.stringContaining('isolate') },
    ]);
  });

  test('exports what has a name there by the spec, and imports under names that are free there', () => {
    const blue = (cluster: object) =>
      withTenants([
        { id: 'blue', cluster, grants: { far: { send: '/tenants/green' } }, children: [leaf('db')] },
        leaf('green'),
      ]);
    for (const [to, remedy] of [
      ['bd', 'Did you mean `db`?'],
      ['green', 'Name one that has: `{ to: … }`.'],
      ['far', 'Name one that has: `{ to: … }`.'],
      ['blue', 'Name one that has: `{ to: … }`.'],
    ])
      expect(problemsOf(blue({ exports: { jobs: { to } } }))).toEqual([
        expect.objectContaining({
          path: 'children[0].children[0].cluster.exports.jobs.to',
          value: to,
          problem: `No environment and no pool of its namespace has the name "${to}" by the spec.`,
          remedy,
        }),
      ]);
    const imports = { db: {}, x: { as: 'far' }, y: { as: 'z' }, z: {}, green: {} };
    expect(problemsOf(blue({ imports })).map(({ path, value }) => [path, value])).toEqual([
      ['children[0].children[0].cluster.imports.db', 'db'],
      // Granted, and imported before that was looked at.
      ['children[0].children[0].grants.far', 'far'],
      ['children[0].children[0].cluster.imports.z', 'z'],
    ]);
    expect(problemsOf(blue({ imports }))[2]).toMatchObject({
      problem: 'The name "z" is taken by children[0].children[0].cluster.imports.y.',
      remedy: 'Import it under another name: `{ as: … }`.',
    });
    expect(problemsOf(blue({ imports: { green: {} } }))).toEqual([]);
  });

  test('says nothing of what is said of the host as a whole, nor of a child by itself', () => {
    expect(problemsOf(withTenants([leaf('blue', { cluster: { hidden: true } })]))).toMatchObject([
      { path: 'children[0].children[0].cluster.hidden', remedy: expect.stringContaining('of the root') },
    ]);
    const alone = leaf('blue', { cluster: { exports: { blue: {} } } });
    expect(refused(() => normaliseChild(alone, { base: BASE, siblings: 'isolate' }))).toMatchObject([
      { path: 'cluster', remedy: expect.stringContaining('apply') },
    ]);
  });
});
