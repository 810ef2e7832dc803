/** What holds of supervision over loopback holds over threads. */
import { describe } from '@jest/globals';
import { supervision } from './suite.js';
import { threadsHarness } from './threads-harness.js';

describe('threads', () => {
  supervision(threadsHarness);
});
