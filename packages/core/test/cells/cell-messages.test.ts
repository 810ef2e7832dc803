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
    const stuck = fc.record({ tag: fc.constant('stuck' as const), path: fc.string() });
    fc.assert(
      fc.property(fc.oneof(output, warning, stuck), (message: FromCell) => {
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
    ['a stuck thread without a path', text({ tag: 'stuck' })],
  ])('messages: %s is none', (_, bytes) => {
    expect(decodeFromCell(bytes)).toBeUndefined();
  });
});

describe('the machine inside of a cell', () => {
  const offeredAt = async (inUserNamespace: boolean, ...walls: WallName[]): Promise<ReadonlySet<string>> => {
    const machine = { ...(await thisMachine()), inUserNamespace };
    const all = Object.fromEntries(
      Object.keys(machine.walls).map((wall) => [wall, { available: true, why: 'it is there' }]),
    ) as typeof machine.walls;
    const inside = machineInside({ ...machine, walls: all }, new Set(walls));
    return new Set(
      Object.entries(inside.walls).flatMap(([wall, { available }]) => (available ? [wall] : [])),
    );
  };

  const offered = (...walls: WallName[]) => offeredAt(false, ...walls);
  const OWN = ['rlimits', 'deathSignal', 'oomScore', 'permission'];
  const CGROUPS = ['memory', 'cpu', 'pids'];

  test('inside: limits and signals take nothing away', async () => {
    expect((await offered('rlimits', 'deathSignal', 'oomScore')).size).toBe((await offered()).size);
  });

  test('inside: namespaces take nothing away where the host may make them as it is', async () => {
    expect((await offered('proc', 'net', 'mount', 'ipc', 'uts')).size).toBe((await offered()).size);
  });

  test('inside: in a user namespace no right is left to make others; cgroups are where they were', async () => {
    const left = new Set([...OWN, ...CGROUPS]);
    expect(await offered('user')).toEqual(left);
    expect(await offeredAt(true, 'proc')).toEqual(left);
  });

  test('inside: another user, and numbers of processes that are not those of /proc, leave what needs neither', async () => {
    expect(await offered('otherUser')).toEqual(new Set(OWN));
    expect(await offered('pid')).toEqual(new Set(OWN));
    expect(await offered('pid', 'proc')).toEqual(await offered());
  });

  test('inside: a cgroup takes away cgroups', async () => {
    const divided = await offered('memory');
    expect(['memory', 'cpu', 'pids', 'net'].map((wall) => divided.has(wall))).toEqual([
      false,
      false,
      false,
      true,
    ]);
  });
});
