/** The conformance grid over loopback, under three orders of events. */
import { describe } from '@jest/globals';
import { grid } from './grid.js';
import { simulationHarness } from './simulation-harness.js';

for (const seed of [1, 2, 3]) {
  const harness = simulationHarness(seed);
  describe(harness.name, () => {
    grid(harness);
  });
}
