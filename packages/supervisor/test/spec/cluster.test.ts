import { describe, expect, test } from '@jest/globals';
import type { SpecError } from '@espalier/core';
import { normaliseSpec, start, type TreeSpec } from '../../src/index.js';

const BASE = 'file:///srv/shop/';
const CLUSTER = {
  exports: { prices: {} },
  imports: { stock: { as: 'store', durable: true, overflow: 'reject', sendTimeoutMs: 0 } },
} as const;

function problemsOf(spec: object): readonly { readonly path: string; readonly problem: string }[] {
  try {
    normaliseSpec(spec, { base: BASE });
  } catch (error) {
    return (error as SpecError).problems;
  }
  return [];
}

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

  test('belongs to the root alone, and to one whose children share a namespace', () => {
    const below = { children: [{ id: 'a', children: [], cluster: CLUSTER }] };
    expect(problemsOf(below).map(({ path }) => path)).toEqual(['children[0].cluster']);
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
  });
});
