/**
 * A small part of the attack suite, and that its claims are complete. All of it: `npm run attacks`, or here with
 * ESPALIER_ATTACKS=all, as in .ci/run.
 */
import { beforeAll, describe, expect, test } from '@jest/globals';
import { CASE_CLAIMS, claimOf } from './claims.mjs';
import { CASES } from './cases/index.mjs';
import { LEVELS } from './levels.mjs';
import { JOBS, optionsOf } from './options.mjs';
import { allPairs, pairsOf, runPairs, type Pair, type Verdict } from './run/pairs.mjs';

const QUICK: readonly Pair[] = [
  { case: 'life/kill-itself', level: 'thread' },
  { case: 'loops/for-ever', level: 'thread' },
  { case: 'memory/map', level: 'thread' },
  { case: 'memory/shared-buffers', level: 'thread' },
  { case: 'messages/shared-memory', level: 'thread' },
  { case: 'stdio/flood-in-one-turn', level: 'thread' },
  { case: 'authority/inspector-main', level: 'thread' },
  { case: 'loops/unkillable', level: 'process' },
  { case: 'stdio/pipe-garbage', level: 'process' },
  { case: 'authority/kill-host-namespace', level: 'process' },
  { case: 'links/garbage', level: 'cell' },
  { case: 'links/grandchildren', level: 'cell' },
];

const ALL = process.env['ESPALIER_ATTACKS'] === 'all';
const PAIRS = ALL ? pairsOf({ only: /./, levels: [] }) : QUICK;
const WITHIN_MS = ALL ? 1_200_000 : 120_000;

/** Not contained, and seen not to be. */
const UNCONTAINED: readonly (readonly [string, string])[] = [
  ['stdio/raw-descriptor', 'it got the host’s descriptor'],
  ['authority/kill-by-child', 'the host’s process ended: SIGKILL'],
];

const keyOf = ({ case: name, level }: Pair): string => `${name} at ${level}`;

describe('attacks', () => {
  const verdicts = new Map<string, Verdict>();

  beforeAll(async () => {
    const uncontained = ALL ? [] : UNCONTAINED.map(([name]): Pair => ({ case: name, level: 'thread' }));
    await runPairs([...PAIRS, ...uncontained], JOBS, (verdict) => verdicts.set(keyOf(verdict), verdict));
  }, WITHIN_MS);

  test.each(PAIRS)('attacks: $case at $level ends as claimed', (pair) => {
    const verdict = verdicts.get(keyOf(pair));
    // What is not claimed only has to bite; what a machine cannot run is no failure unless it is required.
    const free = verdict?.claimed === 'not-claimed' || verdict?.skipped === true;
    const better = verdict?.claimed === 'cell-recycled' && verdict.observed === 'contained';
    const observed = free || better ? verdict.observed : verdict?.claimed;
    expect(verdict).toEqual({ ...verdict, ok: true, observed });
    if (free) return;
    expect(verdict?.gapMs).toBeLessThan(1000);
  });

  test.each(UNCONTAINED)('attacks: that %s is not contained is seen', (name, observed) => {
    const verdict = verdicts.get(keyOf({ case: name, level: 'thread' }));
    expect(verdict).toMatchObject({ claimed: 'not-claimed' });
    expect(verdict?.observed).toContain(observed);
  });
});

describe('claims', () => {
  test('claims: there is one for each case at each level, and none for what is no case', () => {
    for (const pair of allPairs()) {
      expect(claimOf(pair.case, pair.level).why).not.toBe('');
    }
    expect(Object.keys(CASE_CLAIMS).filter((name) => !CASES.has(name))).toEqual([]);
  });

  test('claims: at least 100 pairs of built levels are claimed, and at most a fifth of all are not', () => {
    const pairs = pairsOf({ only: /./, levels: [] });
    const claims = pairs.map((pair) => claimOf(pair.case, pair.level).claim);
    const notClaimed = claims.filter((claim) => claim === 'not-claimed').length;
    expect(claims.length - notClaimed).toBeGreaterThanOrEqual(100);
    expect(notClaimed).toBeLessThanOrEqual(claims.length / 5);
    expect(pairs.every(({ level }) => LEVELS[level].built)).toBe(true);
  });
});

describe('options', () => {
  test('options: cases by pattern, levels by name', () => {
    const { only, levels } = optionsOf(['--only', '^loops/', '--level', 'thread']);
    const pairs = pairsOf({ only, levels });
    expect(pairs.length).toBeGreaterThan(10);
    expect(pairs.every((pair) => pair.case.startsWith('loops/') && pair.level === 'thread')).toBe(true);
  });

  test('options: a pattern that no case matches is refused, and what there is is told', () => {
    const options = optionsOf(['--only', '^loops/for-evr$']);
    expect(() => pairsOf(options)).toThrow(/--only is \^loops\/for-evr\$[^]*\n {2}loops\/for-ever\n/);
    expect(() => pairsOf({ only: /^links\//, levels: ['thread'] })).toThrow(/no case at thread/);
  });

  test.each([['--level', 'moon'], ['--jobs', '0'], ['--only', '('], ['--what']])(
    'options: %s %s is refused',
    (...args) => {
      expect(() => optionsOf(args)).toThrow();
    },
  );
});
