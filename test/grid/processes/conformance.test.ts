/** Everything that holds over threads holds with a process around each environment. */
import { describe, jest } from '@jest/globals';
import { grid } from '../../../packages/core/test/conformance/grid.js';
import { MIXED } from '../../../packages/core/test/conformance/walls.js';
import { processesHarness } from '../threads-harness.js';

// Every test starts up to a dozen processes.
jest.setTimeout(120_000);

// Each word and each wall at every depth by itself runs in the simulation; here they are mixed, so that every pair is met;
// isolated: see isolated-conformance.test.ts.
const PLACED = [MIXED.inOne, MIXED.others, MIXED.depths];

for (const walls of PLACED) {
  const harness = processesHarness(walls);
  describe(harness.name, () => {
    grid(harness);
  });
}
