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

test('output quota: a record passes whole or not at all, and is counted', () => {
  const quota = new OutputQuota(10, () => 0);
  expect(quota.take('123456', true)).toBe('123456');
  expect(quota.take('789abc', true)).toBe('');
  expect(quota.takeDropped()).toBe(6);
  expect(quota.passed).toBe(6);
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

test('output quota: who has exceeded it waits until a tenth is there again', () => {
  let now = 0;
  const quota = new OutputQuota(1000, () => now);
  expect(quota.take('x'.repeat(1001))).toHaveLength(1000);
  now = 99;
  expect(quota.take('x')).toBe('');
  now = 100;
  expect(quota.take('x')).toBe('x');
  expect(quota.takeDropped()).toBe(2);
});

test('output quota: a loop that prints passes few texts, however short they are', () => {
  let now = 0;
  const passed = (text: string): number => {
    const quota = new OutputQuota(1_000_000, () => now);
    let texts = 0;
    // A second of a loop that prints 200,000 times in it.
    for (now = 0; now < 1000; now += 0.005) if (quota.take(text) !== '') texts += 1;
    return texts;
  };
  expect(passed('x')).toBeLessThanOrEqual(10_000);
  expect(passed('x'.repeat(65_536))).toBeLessThanOrEqual(60);
});
