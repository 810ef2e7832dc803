/** Everything that holds over threads holds with a process around each environment. */
import { describe, jest } from '@jest/globals';
import { grid } from '../../../packages/core/test/conformance/grid.js';
import { WALLS } from '../../../packages/core/test/conformance/walls.js';
import { processesHarness } from '../threads-harness.js';

// Every test starts up to a dozen processes.
jest.setTimeout(120_000);

// The other ways to put cells around (a part of them, to depth 3) run in the simulation.
for (const walls of WALLS.filter(({ name }) => name === 'a cell each')) {
  const harness = processesHarness(walls);
  describe(harness.name, () => {
    grid(harness);
  });
}
