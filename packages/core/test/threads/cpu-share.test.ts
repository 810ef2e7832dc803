import { expect, test } from '@jest/globals';
import { CpuShare } from '../../src/threads/cpu-share.js';

const MS = 1e6;

test('the share of a window is what was used in it, known when it has ended', () => {
  const share = new CpuShare();
  expect(share.observe(0, 700 * MS)).toBeUndefined();
  expect(share.observe(999, 900 * MS)).toBeUndefined();
  expect(share.observe(1000, 950 * MS)).toBeCloseTo(0.25);
});

test('nothing is carried from one window into the next', () => {
  const share = new CpuShare();
  share.observe(0, 0);
  expect(share.observe(1000, 0)).toBe(0);
  expect(share.observe(2000, 1000 * MS)).toBe(1);
  expect(share.observe(3000, 1100 * MS)).toBeCloseTo(0.1);
});

test('two looks that lie far apart make one long window', () => {
  const share = new CpuShare();
  share.observe(0, 0);
  expect(share.observe(10_000, 1000 * MS)).toBeCloseTo(0.1);
});
