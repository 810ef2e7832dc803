import { expect, test } from '@jest/globals';
import { OutputQuota } from '../../src/threads/output-quota.js';

test('output quota: a second’s worth passes at once, the rest is cut and counted once', () => {
  const quota = new OutputQuota(10, () => 0);
  expect(quota.take('123456')).toBe('123456');
  expect(quota.take('789abc')).toBe('789a');
  expect(quota.take('d')).toBe('');
  expect(quota.takeDropped()).toBe(3);
  expect(quota.takeDropped()).toBe(0);
});

test('output quota: it refills with time, never above a second’s worth', () => {
  let now = 0;
  const quota = new OutputQuota(10, () => now);
  expect(quota.take('x'.repeat(10))).toHaveLength(10);
  now = 500;
  expect(quota.take('x'.repeat(10))).toHaveLength(5);
  now = 100_000;
  expect(quota.take('x'.repeat(100))).toHaveLength(10);
});
