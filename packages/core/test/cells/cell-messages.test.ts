/** What the walls of a cell say upward: read as it was written, and refused if nobody would write it. */
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { decodeFromCell, encodeFromCell, type FromCell } from '../../src/cells/cell-messages.js';
import { machineInside } from '../../src/cells/machine-inside.js';
import type { WallName } from '../../src/cells/walls.js';
import { thisMachine } from './cell-fixture.js';

const text = (value: unknown): Uint8Array => new TextEncoder().encode(JSON.stringify(value));
const OUTPUT = { tag: 'output', path: 'tree/c', stream: 'stdout', text: 'x', dropped: 0 };

describe('messages of a cell', () => {
  test('messages: each comes out as it went in', () => {
    const output = fc.record({
      tag: fc.constant('output' as const),
      path: fc.string(),
      stream: fc.constantFrom('stdout' as const, 'stderr' as const),
      text: fc.string({ unit: 'grapheme' }),
      dropped: fc.nat(),
    });
    const warning = fc.record({ tag: fc.constant('warning' as const), problem: fc.string() });
    fc.assert(
      fc.property(fc.oneof(output, warning), (message: FromCell) => {
        expect(decodeFromCell(encodeFromCell(message))).toEqual(message);
      }),
    );
  });

  test.each([
    ['no JSON', new Uint8Array([1, 2, 3])],
    ['null', text(null)],
    ['another tag', text({ ...OUTPUT, tag: 'boot' })],
    ['no path', text({ ...OUTPUT, path: 1 })],
    ['another stream', text({ ...OUTPUT, stream: 'stdin' })],
    ['no text', text({ ...OUTPUT, text: ['x'] })],
    ['fewer than none dropped', text({ ...OUTPUT, dropped: -1 })],
    ['a warning without words', text({ tag: 'warning' })],
  ])('messages: %s is none', (_, bytes) => {
    expect(decodeFromCell(bytes)).toBeUndefined();
  });
});

describe('the machine inside of a cell', () => {
  const offered = async (...walls: WallName[]): Promise<ReadonlySet<string>> => {
    const machine = await thisMachine();
    const all = Object.fromEntries(
      Object.keys(machine.walls).map((wall) => [wall, { available: true, why: 'it is there' }]),
    ) as typeof machine.walls;
    const inside = machineInside({ ...machine, walls: all }, new Set(walls));
    return new Set(
      Object.entries(inside.walls).flatMap(([wall, { available }]) => (available ? [wall] : [])),
    );
  };

  test('inside: limits and signals take nothing away', async () => {
    expect((await offered('rlimits', 'deathSignal', 'oomScore')).size).toBe((await offered()).size);
  });

  test('inside: a cgroup takes away cgroups, namespaces nearly everything', async () => {
    const divided = await offered('memory');
    expect(['memory', 'cpu', 'pids', 'net'].map((wall) => divided.has(wall))).toEqual([
      false,
      false,
      false,
      true,
    ]);
    expect(await offered('net')).toEqual(new Set(['rlimits', 'deathSignal', 'oomScore', 'permission']));
  });
});
