/** What holds of supervision over threads holds with processes around supervisors. */
import { describe, jest } from '@jest/globals';
import { supervision } from '../supervision/suite.js';
import { isolatedHarness, oneCellHarness, processesHarness } from '../supervision/threads-harness.js';

// Every test starts up to a dozen processes.
jest.setTimeout(120_000);

// Processes around environments run in the simulation.
for (const harness of [oneCellHarness, processesHarness('supervisors'), isolatedHarness]) {
  describe(harness.name, () => {
    supervision(harness);
  });
}
