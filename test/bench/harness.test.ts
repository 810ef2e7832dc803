import { describe, expect, test } from '@jest/globals';
import { benchmarkOf, catalogue } from './catalogue.mjs';
import { resultOf } from './judge.mjs';
import { optionsOf } from './options.mjs';
import { firstCore } from './pinning.mjs';
import { jsonOf, tableOf } from './report.mjs';
import { figureOf, sizedWork } from './run-side.mjs';

describe('catalogue', () => {
  test('no key is listed twice', () => {
    expect(new Set(catalogue.map(({ key }) => key)).size).toBe(catalogue.length);
  });

  test.each(catalogue.filter(({ bar, aim }) => bar !== null && aim !== null))(
    '$key: the aim is beyond the bar',
    ({ bar, aim, better }) => {
      expect(better === 'higher' ? aim! > bar! : aim! < bar!).toBe(true);
    },
  );

  test('Savina big: shared out over its environments, quick or not, nothing is left over', () => {
    const [work] = benchmarkOf('savinaBig').works;
    for (const quick of [false, true]) expect(sizedWork(work!, quick).count % 16).toBe(0);
  });
});

describe('figure of a run', () => {
  const oneWay = benchmarkOf('oneWaySmallVsRaw');
  const work = { payload: 'small', count: 100 } as const;
  const good = { count: 100, seconds: 0.5, sums: [7, 7] } as const;

  test('a rate is the count in a second, a time is the seconds of one, memory is the bytes of one, an amount is what it is', () => {
    expect(figureOf(oneWay, work, good, 7)).toBe(200);
    expect(figureOf(benchmarkOf('rttVsRaw'), work, good, 7)).toBe(0.005);
    expect(figureOf(benchmarkOf('rssVsWorker'), work, { count: 100, bytes: 500 }, null)).toBe(5);
    expect(figureOf(benchmarkOf('discoverMs'), work, { count: 100, amount: 500 }, null)).toBe(500);
  });

  test.each([
    ['the sender’s sum is wrong', { ...good, sums: [6, 7] as const }],
    ['the receiver’s sum is wrong', { ...good, sums: [7, 8] as const }],
    ['both agree on a wrong sum', { ...good, sums: [8, 8] as const }],
    ['no sums are given', { count: 100, seconds: 0.5 }],
    ['fewer were done than asked', { ...good, count: 99 }],
    ['no time has passed', { ...good, seconds: 0 }],
    ['the time is no number', { ...good, seconds: Number.NaN }],
  ])('%s: no figure is made', (_what, measured) => {
    expect(() => figureOf(oneWay, work, measured, 7)).toThrow(/oneWaySmallVsRaw/);
  });
});

describe('options', () => {
  test('without any, eleven rounds with two of warm-up, all keys', () => {
    expect(optionsOf([])).toMatchObject({
      rounds: 11,
      warmUp: 2,
      only: undefined,
      json: false,
      quick: false,
    });
  });

  test('--only takes keys with commas between', () => {
    expect(optionsOf(['--only', 'a, b,']).only).toEqual(['a', 'b']);
  });

  test.each(['8', '9.5', 'many', '-11'])('--rounds %s is refused', (rounds) => {
    expect(() => optionsOf([`--rounds=${rounds}`])).toThrow(/at least 9/);
  });

  test('an unknown option is refused', () => {
    expect(() => optionsOf(['--fast'])).toThrow(/--fast/);
  });
});

describe('pinning', () => {
  test.each([
    ['0-1', 0],
    ['2-3,6', 2],
    ['\t5', 5],
    ['', undefined],
  ])('the first core of %j is %p', (list, core) => {
    expect(firstCore(list)).toBe(core);
  });
});

describe('report', () => {
  const benchmark = benchmarkOf('rttVsRaw');
  const result = resultOf(benchmark, { reference: [[2e-5, 2e-5]], subject: [[3e-5, 3e-5]] }, 0);
  const outcome = { benchmark, name: 'rttVsRaw', judged: true, result, apart: {}, remark: undefined };

  test('the JSON line has the node version, the results and their spread', () => {
    expect(JSON.parse(jsonOf([{ ...outcome, verdict: 'bar' }], 'v20.0.0', false))).toEqual({
      node: 'v20.0.0',
      results: { rttVsRaw: 1.5 },
      spread: { rttVsRaw: [1.5, 1.5] },
    });
  });

  test('a key that is no result has a spread and no number', () => {
    expect(JSON.parse(jsonOf([{ ...outcome, verdict: 'no result' }], 'v20.0.0', false))).toEqual({
      node: 'v20.0.0',
      results: {},
      spread: { rttVsRaw: [1.5, 1.5] },
    });
  });

  test('an unpinned row is in the table only, a quick line says so, a failed key is absent', () => {
    const line = jsonOf(
      [
        { ...outcome, judged: false, verdict: 'not judged' },
        { ...outcome, result: undefined, verdict: 'failed' },
      ],
      'v20.0.0',
      true,
    );
    expect(JSON.parse(line)).toEqual({ node: 'v20.0.0', quick: true, results: {}, spread: {} });
  });

  test('the table shows figures with units, the ratio, bar, aim and verdict', () => {
    const lines = tableOf([{ ...outcome, verdict: 'bar', apart: { spares: 25e6 } }]).split('\n');
    expect(lines[1]?.split(/ {2,}/)).toEqual([
      'rttVsRaw',
      '20 µs',
      '30 µs',
      '1.5',
      '1.5 … 1.5',
      '0 %',
      '≤ 1.6',
      '≤ 1.2',
      'bar',
    ]);
    expect(lines[2]).toBe('rttVsRaw, apart: spares 25 MB');
  });
});
