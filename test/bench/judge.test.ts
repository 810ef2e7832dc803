import { describe, expect, test } from '@jest/globals';
import { benchmarkOf } from './catalogue.mjs';
import { EXIT, exitCodeOf, resultOf, verdictOf } from './judge.mjs';

const rtt = benchmarkOf('rttVsRaw');
const oneWay = benchmarkOf('oneWayVsRaw');

/** Figures of a key with one payload: the reference always 10, the subject so many times that. */
const ratios = (...values: number[]) => ({
  reference: [values.map(() => 10)],
  subject: [values.map((value) => value * 10)],
});

/** Figures of the key with five payloads, the same ratio in each of three rounds. */
const perPayload = (...values: number[]) => ({
  reference: values.map(() => [7, 7, 7]),
  subject: values.map((value) => [7 * value, 7 * value, 7 * value]),
});

describe('result', () => {
  test('it is the median of the ratios of the rounds, not the ratio of the medians', () => {
    const figures = { reference: [[1, 10, 100]], subject: [[3, 20, 100]] };
    expect(resultOf(rtt, figures, 0).value).toBe(2);
    expect(resultOf(rtt, figures, 0).spread).toEqual([1, 3]);
  });

  test('warm-up rounds count neither for the value nor for the spread', () => {
    const result = resultOf(rtt, ratios(90, 0.01, 1, 1.25, 1.5), 2);
    expect(result.value).toBeCloseTo(1.25, 12);
    expect(result.spread).toEqual([1, 1.5]);
  });

  test('over several payloads it is the geometric mean, and each payload has a row', () => {
    const result = resultOf(oneWay, perPayload(1, 2, 4, 8, 16), 0);
    expect(result.value).toBeCloseTo(4, 12);
    expect(result.rows.map(({ name }) => name)).toEqual(['small', 'nested', 'poly', 'text', 'rich']);
    expect(result.rows[4]?.ratio).toBeCloseTo(16, 12);
  });

  test('with one side alone it is the figure, and no ratio', () => {
    const result = resultOf(benchmarkOf('savinaCounting'), { subject: [[5, 7, 6]] }, 0);
    expect(result).toMatchObject({ value: 6, ofRatios: false });
  });
});

describe('verdict', () => {
  test.each([
    [1.1, 'aim'],
    [1.2, 'aim'],
    [1.4, 'bar'],
    [1.6, 'bar'],
    [1.61, 'missed'],
  ])('where lower is better with bar 1.6 and aim 1.2: %d is %s', (ratio, verdict) => {
    expect(verdictOf(rtt, resultOf(rtt, ratios(ratio, ratio, ratio), 0))).toBe(verdict);
  });

  test.each([
    [5, 'aim'],
    [2.2, 'bar'],
    [1.9, 'missed'],
  ])('where higher is better with bar 2 and aim 3.5: %d is %s', (ratio, verdict) => {
    const figures = perPayload(ratio, ratio, ratio, ratio, ratio);
    expect(verdictOf(oneWay, resultOf(oneWay, figures, 0))).toBe(verdict);
  });

  test('one payload below the floor misses, however good the mean is', () => {
    expect(verdictOf(oneWay, resultOf(oneWay, perPayload(9, 9, 9, 9, 0.8), 0))).toBe('missed');
  });

  test('an interquartile range over 30 % of the median is no result, even far better than the aim', () => {
    const result = resultOf(rtt, ratios(0.1, 0.2, 0.3, 0.4, 0.5), 0);
    expect(result.iqr).toBeGreaterThan(0.3);
    expect(verdictOf(rtt, result)).toBe('no result');
  });

  test('a key with a unit is not judged, but can be no result', () => {
    const counting = benchmarkOf('savinaCounting');
    expect(verdictOf(counting, resultOf(counting, { subject: [[100, 101, 102]] }, 0))).toBe('not judged');
    expect(verdictOf(counting, resultOf(counting, { subject: [[100, 200, 300]] }, 0))).toBe('no result');
  });
});

describe('verdict of an amount', () => {
  const discover = benchmarkOf('discoverMs');

  test.each([
    [[700, 790, 5000], 'aim'],
    [[700, 1500, 5000], 'bar'],
    [[700, 1501, 1600], 'missed'],
  ])('the median of %j ms is judged, however far the runs lie apart: %s', (runs, verdict) => {
    expect(verdictOf(discover, resultOf(discover, { subject: [runs] }, 0))).toBe(verdict);
  });
});

describe('exit code', () => {
  test.each([
    [[], EXIT.good],
    [['aim', 'bar', 'not judged'], EXIT.good],
    [['aim', 'missed'], EXIT.missedOrFailed],
    [['aim', 'no result'], 3],
    [['missed', 'no result'], 3],
    [['failed', 'no result'], EXIT.missedOrFailed],
  ] as const)('%j gives %d', (verdicts, code) => {
    expect(exitCodeOf(verdicts)).toBe(code);
  });
});
