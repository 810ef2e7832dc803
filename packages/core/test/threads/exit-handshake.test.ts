import { fileURLToPath } from 'node:url';
import { expect, test } from '@jest/globals';
import { runNode } from './run-node.js';

const fixture = fileURLToPath(new URL('./kernel-fixture.mjs', import.meta.url));

test.each(['loop', 'wait'])(
  'a kernel in a worker guards and starts threads while the main thread is blocked by a %s, and the exit is silent',
  async (block) => {
    expect(await runNode([fixture, block])).toEqual({
      code: 5,
      signal: null,
      stdout: '["limit","heapMb","and another was started"]\n',
      stderr: '',
    });
  },
);
