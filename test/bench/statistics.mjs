/**
 * The few numbers that turn rounds into a result.
 *
 * Invariant: every function is pure, leaves its arguments alone, and refuses an empty list instead of
 * answering NaN, because a NaN would pass every comparison with a bar as "not worse".
 */

/** @typedef {'reference' | 'subject' | 'bare'} SideName */

/** A key whose interquartile range is above this share of its median is no result. */
export const MAX_RELATIVE_IQR = 0.3;

/**
 * @param {readonly number[]} values
 * @returns {number[]} a sorted copy
 */
function sorted(values) {
  if (values.length === 0) throw new RangeError('statistics need at least one value');
  return [...values].sort((a, b) => a - b);
}

/**
 * Quantile with linear interpolation between the two nearest values.
 *
 * @param {readonly number[]} values
 * @param {number} share from 0 to 1
 */
export function quantile(values, share) {
  const list = sorted(values);
  const position = (list.length - 1) * share;
  const below = Math.floor(position);
  const low = /** @type {number} */ (list[below]);
  const high = list[below + 1] ?? low;
  return low + (high - low) * (position - below);
}

/** @param {readonly number[]} values */
export function median(values) {
  return quantile(values, 0.5);
}

/**
 * Interquartile range as a share of the median: how far the middle half of the rounds lies apart.
 *
 * @param {readonly number[]} values
 */
export function relativeIqr(values) {
  return (quantile(values, 0.75) - quantile(values, 0.25)) / median(values);
}

/**
 * @param {readonly number[]} values
 * @returns {[min: number, max: number]}
 */
export function spread(values) {
  const list = sorted(values);
  return [/** @type {number} */ (list[0]), /** @type {number} */ (list[list.length - 1])];
}

/** @param {readonly number[]} values positive numbers */
export function geometricMean(values) {
  if (values.length === 0) throw new RangeError('statistics need at least one value');
  return Math.exp(values.reduce((total, value) => total + Math.log(value), 0) / values.length);
}

/**
 * A B, B A, A B, …: what drifts slowly (clock rate, neighbours, heat) meets both sides alike.
 *
 * @param {number} round counted from 0
 * @param {readonly SideName[]} sides
 * @returns {readonly SideName[]}
 */
export function roundOrder(round, sides) {
  return round % 2 === 0 ? sides : [...sides].reverse();
}

/**
 * @template T
 * @param {readonly T[]} rounds
 * @param {number} warmUp how many of the first are dropped
 * @returns {T[]}
 */
export function withoutWarmUp(rounds, warmUp) {
  if (rounds.length <= warmUp)
    throw new RangeError(`${rounds.length} rounds leave none after a warm-up of ${warmUp}`);
  return rounds.slice(warmUp);
}
