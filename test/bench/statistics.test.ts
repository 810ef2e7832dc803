import { describe, expect, test } from '@jest/globals';
import {
  geometricMean,
  median,
  quantile,
  relativeIqr,
  roundOrder,
  spread,
  withoutWarmUp,
} from './statistics.mjs';

describe('statistics', () => {
  test('median: of an odd count, is the value in the middle whatever the order', () => {
    expect(median([9, 1, 5])).toBe(5);
  });

  test('median: of an even count, is half way between the two in the middle', () => {
    expect(median([4, 1, 2, 3])).toBe(2.5);
  });

  test('median: numbers are sorted as numbers, not as text', () => {
    expect(median([100, 9, 20])).toBe(20);
  });

  test('quantile: between two values, is interpolated', () => {
    expect(quantile([0, 10, 20, 30], 0.25)).toBe(7.5);
    expect(quantile([0, 10, 20, 30], 0)).toBe(0);
    expect(quantile([0, 10, 20, 30], 1)).toBe(30);
  });

  test('relative IQR: of 8, 9, 10, 11, 12, is a fifth of the median', () => {
    expect(relativeIqr([12, 8, 10, 9, 11])).toBeCloseTo(0.2, 12);
  });

  test('relative IQR: one wild round does not move it', () => {
    expect(relativeIqr([10, 10, 10, 10, 10, 10, 500])).toBe(0);
  });

  test('spread: is the smallest and the largest', () => {
    expect(spread([3, 1, 2])).toEqual([1, 3]);
  });

  test('geometric mean: a half and a double cancel out', () => {
    expect(geometricMean([0.5, 2])).toBeCloseTo(1, 12);
  });

  test('the arguments are left as they were', () => {
    const values = [3, 1, 2];
    median(values);
    spread(values);
    expect(values).toEqual([3, 1, 2]);
  });

  test.each([
    ['median', () => median([])],
    ['geometric mean', () => geometricMean([])],
    ['spread', () => spread([])],
  ])('%s: of nothing, is refused', (_name, call) => {
    expect(call).toThrow(RangeError);
  });

  test('round order: is A B B A A B B A', () => {
    const letters = [0, 1, 2, 3].flatMap((round) => roundOrder(round, ['reference', 'subject']));
    expect(letters.map((name) => name.slice(0, 3)).join(' ')).toBe('ref sub sub ref ref sub sub ref');
  });

  test('warm-up: the first rounds are dropped, and dropping all is refused', () => {
    expect(withoutWarmUp([1, 2, 3, 4], 2)).toEqual([3, 4]);
    expect(() => withoutWarmUp([1, 2], 2)).toThrow(RangeError);
  });
});
