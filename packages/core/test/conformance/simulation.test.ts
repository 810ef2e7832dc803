/** The conformance grid over loopback: under three orders of events, and behind the walls of cells. */
import { describe } from '@jest/globals';
import { grid } from './grid.js';
import { simulationHarness } from './simulation-harness.js';
import { ALL_WALLS, THREADS } from './walls.js';

const ORDERS = [
  [THREADS, 101],
  [THREADS, 102],
  ...ALL_WALLS.map((walls, n) => [walls, n + 1] as const),
] as const;

for (const [walls, seed] of ORDERS) {
  const harness = simulationHarness(seed, walls);
  describe(harness.name, () => {
    grid(harness);
  });
}
