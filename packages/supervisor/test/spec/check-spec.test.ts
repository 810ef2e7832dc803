import { describe, expect, test } from '@jest/globals';
import { SpecError } from '@espalier/core';
import { checkSpec, type CheckOptions, type ChildSpecInput } from '../../src/spec/index.js';

function problemsOf(child: unknown, options?: CheckOptions): SpecError {
  try {
    checkSpec(child as ChildSpecInput, options);
  } catch (error) {
    if (error instanceof SpecError) return error;
    throw error;
  }
  throw new Error('it was accepted');
}

describe('checkSpec', () => {
  test.each<[string, ChildSpecInput]>([
    ['an environment', { id: 'a', module: './a.ts', restart: 'transient', args: new Map() }],
    ['a pool', { id: 'a', pool: { module: './a.ts' } }],
    ['a supervisor', { id: 'a', strategy: 'rest_for_one', children: [{ id: 'b', module: 'b' }] }],
  ])('accepts %s, says nothing and changes nothing', (_, child) => {
    const before = structuredClone(child);
    expect(checkSpec(child)).toBeUndefined();
    expect(child).toEqual(before);
  });

  test('reports all problems at once, each with its place inside the child', () => {
    const error = problemsOf({ id: 'a b', module: './a.ts', shutdown: -1, limits: { heapMb: '64' } });
    expect(error.code).toBe('spec_invalid');
    expect(error.problems.map(({ path }) => path)).toEqual(['id', 'shutdown', 'limits.heapMb']);
    expect(error.problems[2]).toMatchObject({ value: '64', remedy: 'Write 64, without quotes.' });
  });

  test('reports two children of one name or id below a supervisor', () => {
    const child = { id: 'b', module: './b.ts' };
    const twice = problemsOf({ id: 'a', children: [child, child] });
    expect(twice.problems.map(({ path }) => path)).toEqual(['children[1].id']);
    const sameName = problemsOf({ id: 'a', children: [child, { id: 'c', name: 'b', module: './c.ts' }] });
    expect(sameName.problems.map(({ path }) => path)).toEqual(['children[1].name']);
  });

  test('refuses what is no spec of a child, a whole tree among it', () => {
    for (const none of [null, undefined, 5, [], 'a', () => 1]) {
      expect(problemsOf(none).problems).toMatchObject([
        { path: '', problem: 'A child spec must be an object.' },
      ]);
    }
    expect(problemsOf({ name: 'tree', children: [] }).problems.map(({ path }) => path)).toEqual([
      'name',
      'id',
    ]);
  });

  test('a word whose mechanism is not built is told apart', () => {
    expect(problemsOf({ id: 'a', module: './a.ts', trust: 'confined' }).code).toBe('spec_not_built');
  });

  test('significant is checked against the restart type, and against autoShutdown if that is given', () => {
    const child: ChildSpecInput = { id: 'a', module: './a.ts', significant: true, restart: 'transient' };
    checkSpec(child);
    checkSpec(child, { autoShutdown: 'any_significant' });
    checkSpec({ ...child, significant: false }, { autoShutdown: 'never' });
    expect(problemsOf(child, { autoShutdown: 'never' }).problems).toMatchObject([{ path: 'significant' }]);
    expect(problemsOf({ ...child, restart: 'permanent' }).problems).toMatchObject([{ path: 'significant' }]);
  });
});
