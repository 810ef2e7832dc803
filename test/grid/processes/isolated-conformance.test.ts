/** Everything that holds over threads holds between isolated processes that are granted each other. */
import { describe, jest } from '@jest/globals';
import { grid } from '../../../packages/core/test/conformance/grid.js';
import { MIXED } from '../../../packages/core/test/conformance/walls.js';
import { processesHarness } from '../threads-harness.js';

// Every test starts up to a dozen processes.
jest.setTimeout(120_000);

// Each word and each wall at every depth by itself runs in the simulation; here they are mixed, so that every pair is met.
const PLACED = [MIXED.isolatedDepths, MIXED.isolatedInOne];

for (const walls of PLACED) {
  const harness = processesHarness(walls);
  describe(harness.name, () => {
    grid(harness);
  });
}
