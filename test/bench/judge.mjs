/**
 * From the figures of all rounds to a result, a verdict and an exit code.
 */
import {
  geometricMean,
  MAX_RELATIVE_IQR,
  median,
  relativeIqr,
  spread,
  withoutWarmUp,
} from './statistics.mjs';

/** @typedef {import('./catalogue.mjs').Benchmark} Benchmark */
/** @typedef {'aim' | 'bar' | 'missed' | 'no result' | 'not judged' | 'failed'} Verdict */

/**
 * @typedef {object} Row
 * @property {string} name of the payload
 * @property {number | undefined} reference median figure
 * @property {number | undefined} subject median figure
 * @property {number | undefined} ratio median of the rounds' ratios
 */

/**
 * @typedef {object} Result
 * @property {string} key
 * @property {number} value the ratio, or the figure where the key has a unit
 * @property {[min: number, max: number]} spread
 * @property {number} iqr as a share of the median
 * @property {boolean} ofRatios false where the key has a unit, or one side ran alone
 * @property {readonly Row[]} rows one per payload
 */

/**
 * @param {readonly (readonly number[])[]} perWork
 * @returns {number[]} per round, the geometric mean over the works
 */
function acrossWorks(perWork) {
  const [first = []] = perWork;
  if (perWork.length === 1) return [...first];
  return first.map((_, round) =>
    geometricMean(perWork.map((figures) => /** @type {number} */ (figures[round]))),
  );
}

/**
 * @param {Benchmark} benchmark
 * @param {import('./measure.mjs').Figures} figures
 * @param {number} warmUp rounds to drop
 * @returns {Result}
 */
export function resultOf(benchmark, figures, warmUp) {
  const reference = figures.reference?.map((rounds) => withoutWarmUp(rounds, warmUp));
  const subject = (figures.subject ?? figures.bare)?.map((rounds) => withoutWarmUp(rounds, warmUp));
  // Each round's subject is compared with the same round's reference, a moment apart: that is what cancels the drift.
  const ratios =
    reference &&
    subject?.map((rounds, work) =>
      rounds.map((figure, round) => figure / /** @type {number} */ (reference[work]?.[round])),
    );
  const values = acrossWorks(ratios ?? subject ?? reference ?? []);
  return {
    key: benchmark.key,
    value: median(values),
    spread: spread(values),
    iqr: relativeIqr(values),
    ofRatios: ratios !== undefined,
    rows: benchmark.works.map((work, at) => ({
      name: work.payload,
      reference: reference?.[at] && median(reference[at]),
      subject: subject?.[at] && median(subject[at]),
      ratio: ratios?.[at] && median(ratios[at]),
    })),
  };
}

/**
 * @param {Benchmark} benchmark
 * @param {Result} result
 * @returns {Verdict}
 */
export function verdictOf(benchmark, result) {
  const { bar, aim, better, floor, figure } = benchmark;
  // Of an amount the median is judged as it is: that of a few runs, or one near zero, has no spread that says anything.
  if (figure !== 'amount' && result.iqr > MAX_RELATIVE_IQR) return 'no result';
  if (bar === null || (figure !== 'amount' && !result.ofRatios)) return 'not judged';
  /** @param {number} mark */
  const reaches = (mark) => (better === 'higher' ? result.value >= mark : result.value <= mark);
  if (floor !== undefined && result.rows.some(({ ratio }) => ratio === undefined || ratio < floor))
    return 'missed';
  if (!reaches(bar)) return 'missed';
  return aim !== null && reaches(aim) ? 'aim' : 'bar';
}

/** What the exit codes mean; README.md has the same table. */
export const EXIT = { good: 0, missedOrFailed: 1, usage: 2, noResult: 3 };

/**
 * A failed benchmark is said first, then a noisy one: while a key is no result, nobody knows what it missed.
 *
 * @param {readonly Verdict[]} verdicts
 */
export function exitCodeOf(verdicts) {
  if (verdicts.includes('failed')) return EXIT.missedOrFailed;
  if (verdicts.includes('no result')) return EXIT.noResult;
  return verdicts.includes('missed') ? EXIT.missedOrFailed : EXIT.good;
}
