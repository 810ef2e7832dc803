import { describe, expect, test } from '@jest/globals';
import { LimitChanges } from '../../src/threads/limit-changes.js';

const from = { heapMb: 64, youngMb: 8, stackMb: 4, cpu: { share: 0.5, over: 'end' as const } };
const to = { ...from, heapMb: 100 };
const change = { path: 'tree/c/x', thread: { from, to }, unresponsiveMs: { from: 500, to: 900 } };

describe('limits that were changed', () => {
  test('they hold for as long as the spec says what it said', () => {
    const changes = new LimitChanges([change]);
    // As it comes out of a message: equal, not the same, and in whatever order.
    const specified = { cpu: { share: 0.5, over: 'end' as const }, stackMb: 4, youngMb: 8, heapMb: 64 };
    expect(changes.of('thread', 'tree/c/x', specified)).toEqual(to);
    expect(changes.of('thread', 'tree/c/x', specified)).toEqual(to);
    expect(changes.unresponsiveMs('tree/c/x', 500)).toBe(900);
    const other = { ...specified, stackMb: 5 };
    expect(changes.of('thread', 'tree/c/x', other)).toBe(other);
    expect(changes.of('thread', 'tree/c/x', specified)).toBe(specified);
    expect(changes.unresponsiveMs('tree/c/x', 500)).toBe(500);
  });

  test('a limit more or less in the spec is another spec', () => {
    const { cpu: _cpu, ...less } = from;
    for (const other of [less, { ...from, memoryMb: 1 }])
      expect(new LimitChanges([change]).of('thread', 'tree/c/x', other)).toBe(other);
    expect(new LimitChanges([change]).unresponsiveMs('tree/c/x', 'infinity')).toBe('infinity');
  });

  test('what was changed of a thread says nothing of a process, or of another path', () => {
    const changes = new LimitChanges([change]);
    expect(changes.of('process', 'tree/c/x', from)).toBe(from);
    expect(changes.of('thread', 'tree/c', from)).toBe(from);
  });

  test('a cell is told of those in it, and of no others', () => {
    const changes = new LimitChanges([change]);
    changes.set({ path: 'tree/cc' });
    changes.set({ path: 'tree/c' });
    expect(changes.within('tree/c').map(({ path }) => path)).toEqual(['tree/c/x', 'tree/c']);
  });
});
