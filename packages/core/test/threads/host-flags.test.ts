import { expect, test } from '@jest/globals';
import { hostFlagsThatOverrideLimits } from '../../src/threads/host-flags.js';

test.each([
  '--max-old-space-size=100',
  '--max_old_space_size=100',
  '-max-old-space-size=100',
  '--max-semi-space-size=8',
  '--max-heap-size=8',
  '--stack-size=900',
])('host flags: %s is found in the arguments and in NODE_OPTIONS', (flag) => {
  const inArguments = hostFlagsThatOverrideLimits({
    execArgv: ['--no-warnings', flag],
    nodeOptions: undefined,
  });
  expect(inArguments).toEqual([{ flag, from: 'execArgv' }]);
  const inOptions = hostFlagsThatOverrideLimits({ execArgv: [], nodeOptions: `--no-warnings ${flag}` });
  expect(inOptions).toEqual([{ flag, from: 'NODE_OPTIONS' }]);
});

test('host flags: others are none of our business', () => {
  const execArgv = ['--enable-source-maps', '--max-http-header-size=1', '--stack-trace-limit=50'];
  expect(hostFlagsThatOverrideLimits({ execArgv, nodeOptions: '' })).toEqual([]);
});
