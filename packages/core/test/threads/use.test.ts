import { describe, expect, test } from '@jest/globals';
import { readUse } from '../../src/threads/use.js';

const thread = { path: 't/c/x', heapMb: 1, offHeapMb: 2, cpuMs: 3, printed: 4 };
const cell = { path: 't/c/d', memoryMb: 1, cpuMs: 2, printed: 3 };

describe('what a cell says of what is in it', () => {
  test('use: it is taken as it stands, with what is not known left out', () => {
    const said = { threads: [thread, { path: 't/c', printed: 0 }], cells: [cell] };
    expect(readUse(said, 't/c')).toBe(said);
  });

  test.each([
    ['nothing', undefined],
    ['no lists', { threads: {}, cells: [] }],
    ['a thread outside', { threads: [{ ...thread, path: 't/cc' }], cells: [] }],
    ['a cell outside', { threads: [], cells: [{ ...cell, path: 't' }] }],
    ['its own process', { threads: [], cells: [{ ...cell, path: 't/c' }] }],
    ['less than nothing', { threads: [{ ...thread, cpuMs: -1 }], cells: [] }],
    ['no number', { threads: [{ ...thread, heapMb: '1' }], cells: [] }],
    ['no end', { threads: [], cells: [{ ...cell, printed: Infinity }] }],
    ['null', { threads: [null], cells: [] }],
  ])('use: %s is none', (_, said) => {
    expect(readUse(said, 't/c')).toBeUndefined();
  });
});
