/** Everything that holds over loopback holds over threads. */
import { describe } from '@jest/globals';
import { testClock } from '@espalier/core/testing';
import { grid } from '../../packages/core/test/conformance/grid.js';
import { bounds } from '../../packages/core/test/conformance/suites/bounds.js';
import { calls } from '../../packages/core/test/conformance/suites/calls.js';
import { threadsHarness } from './threads-harness.js';

describe('threads', () => {
  grid(threadsHarness());
});

/** Those that have to do with time. What they wait for in the real one comes at once here. */
describe('threads under a test clock', () => {
  grid(threadsHarness(testClock), [calls, bounds]);
});
