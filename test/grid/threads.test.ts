/** Everything that holds over loopback holds over threads. */
import { describe } from '@jest/globals';
import { grid } from '../../packages/core/test/conformance/grid.js';
import { threadsHarness } from './threads-harness.js';

describe('threads', () => {
  grid(threadsHarness);
});
