import { expect, test } from '@jest/globals';
import { problem } from '../src/problem.js';
import { Problems } from '../src/problems.js';

test('problems with more hosts than are shown are told once each, and leave what is wrong with this host in sight', () => {
  const began: string[] = [];
  const problems = new Problems(({ subject }) => began.push(subject));
  problems.report(problem('key_revoked', 'self'));
  const hosts = Array.from({ length: 40 }, (_, i) => `host-${i}`);
  for (let beat = 0; beat < 3; beat += 1) {
    for (const host of hosts) problems.report(problem('names_out_of_reach', host));
  }
  expect(began).toEqual(['self', ...hosts]);
  expect(problems.all.map(({ subject }) => subject)).toEqual(['self', ...hosts.slice(-31)]);
  for (const host of hosts) problems.over('names_out_of_reach', host);
  expect(problems.all).toMatchObject([{ code: 'key_revoked' }]);
  problems.report(problem('names_out_of_reach', 'host-0'));
  expect(began).toHaveLength(42);
});
