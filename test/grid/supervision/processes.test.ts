/** What holds of supervision over threads holds with processes around supervisors, and around environments. */
import { describe, jest } from '@jest/globals';
import { supervision } from './suite.js';
import { processesHarness } from './threads-harness.js';

// Every test starts up to a dozen processes.
jest.setTimeout(120_000);

for (const around of ['supervisors', 'environments'] as const) {
  const harness = processesHarness(around);
  describe(harness.name, () => {
    supervision(harness);
  });
}
