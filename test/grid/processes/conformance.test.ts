/** Everything that holds over threads holds with a process around each environment. */
import { describe, jest } from '@jest/globals';
import { grid } from '../../../packages/core/test/conformance/grid.js';
import { WALLS } from '../../../packages/core/test/conformance/walls.js';
import { oneCellHarness, processesHarness } from '../threads-harness.js';

// Every test starts up to a dozen processes.
jest.setTimeout(120_000);

// The other ways to put cells around (to depth 3) run in the simulation.
const PLACED = ['a cell each', 'the others in cells'];

for (const harness of [
  oneCellHarness,
  ...WALLS.filter(({ name }) => PLACED.includes(name)).map((walls) => processesHarness(walls)),
]) {
  describe(harness.name, () => {
    grid(harness);
  });
}
