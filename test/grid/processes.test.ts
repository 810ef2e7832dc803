/** Everything that holds over threads holds with processes around them: sender, receiver or both, to depth 3. */
import { describe, jest } from '@jest/globals';
import { grid } from '../../packages/core/test/conformance/grid.js';
import { WALLS } from '../../packages/core/test/conformance/walls.js';
import { processesHarness } from './threads-harness.js';

// Every test starts up to a dozen processes.
jest.setTimeout(120_000);

for (const walls of WALLS) {
  const harness = processesHarness(walls);
  describe(harness.name, () => {
    grid(harness);
  });
}
