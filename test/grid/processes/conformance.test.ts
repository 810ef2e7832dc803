/** Everything that holds over threads holds with a process around each environment. */
import { describe, jest } from '@jest/globals';
import { grid } from '../../../packages/core/test/conformance/grid.js';
import { WALLS } from '../../../packages/core/test/conformance/walls.js';
import { processesHarness } from '../threads-harness.js';

// Every test starts up to a dozen processes.
jest.setTimeout(120_000);

// The other ways to put cells around (to depth 3) run in the simulation.
const PLACED = ['all in one cell', 'a cell each', 'the others in cells'];

for (const walls of WALLS.filter(({ name }) => PLACED.includes(name))) {
  const harness = processesHarness(walls);
  describe(harness.name, () => {
    grid(harness);
  });
}
