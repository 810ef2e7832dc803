/** The conformance grid over loopback: under three orders of events, and behind the walls of cells. */
import { describe } from '@jest/globals';
import { grid } from './grid.js';
import { simulationHarness, THREADS, type Walls } from './simulation-harness.js';

const WALLS: readonly Walls[] = [
  { name: 'a cell each', depth: () => 1 },
  { name: 'the first in a cell', depth: (n) => (n === 0 ? 1 : 0) },
  { name: 'the others in cells', depth: (n) => (n === 0 ? 0 : 1) },
  { name: 'cells of depth 1 to 3', depth: (n) => 1 + (n % 3) },
  { name: 'cells of depth 3', depth: () => 3 },
];

for (const [walls, seeds] of [
  [THREADS, [1, 2, 3]] as const,
  ...WALLS.map((one, n) => [one, [n + 1]] as const),
]) {
  for (const seed of seeds) {
    const harness = simulationHarness(seed, walls);
    describe(harness.name, () => {
      grid(harness);
    });
  }
}
