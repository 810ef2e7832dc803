/** The conformance grid over loopback: under three orders of events, and behind the walls of cells. */
import { describe } from '@jest/globals';
import { grid } from './grid.js';
import { simulationHarness } from './simulation-harness.js';
import { ISOLATED, THREADS, WALLS } from './walls.js';

for (const [walls, seeds] of [
  [THREADS, [1, 2, 3]] as const,
  ...[...WALLS, ...ISOLATED].map((one, n) => [one, [n + 1]] as const),
]) {
  for (const seed of seeds) {
    const harness = simulationHarness(seed, walls);
    describe(harness.name, () => {
      grid(harness);
    });
  }
}
