/** Supervision over loopback links, under three orders of events. */
import { describe } from '@jest/globals';
import { simulationHarness } from './simulation-harness.js';
import { supervision } from './suite.js';

for (const seed of [1, 2, 3]) {
  const harness = simulationHarness(seed);
  describe(harness.name, () => {
    supervision(harness);
  });
}
