/**
 * One run of one side: the check of what it reports, and the figure that is made of it.
 */

/** @typedef {import('./catalogue.mjs').Benchmark} Benchmark */
/** @typedef {import('./subject.mjs').Work} Work */
/** @typedef {import('./subject.mjs').Measured} Measured */

/**
 * A wrong count or sum means that the side has not done the work; no figure is made of it.
 *
 * @param {Benchmark} benchmark
 * @param {Work} work
 * @param {Measured} measured
 * @param {number | null} expected
 * @returns {number} per second, seconds, bytes or units, as `benchmark.figure` says
 */
export function figureOf(benchmark, work, measured, expected) {
  const { count, sums } = measured;
  if (count !== work.count) throw new Error(`${benchmark.key}: ${count} done, ${work.count} asked`);
  if (expected !== null && (sums?.[0] !== expected || sums[1] !== expected)) {
    throw new Error(
      `${benchmark.key}, ${work.payload}: sums are ${String(sums)}, both should be ${expected}`,
    );
  }
  const { figure } = benchmark;
  const { bytes, seconds } = measured;
  const amount = figure === 'amount' ? measured.amount : figure === 'memory' ? bytes : seconds;
  if (amount === undefined || !Number.isFinite(amount) || amount <= 0) {
    throw new Error(`${benchmark.key}: ${String(amount)} is no measure`);
  }
  if (figure === 'amount') return amount;
  return figure === 'rate' ? count / amount : amount / count;
}

/**
 * @param {Work} work
 * @param {boolean} quick a twentieth of the work, to see that it runs
 * @returns {Work}
 */
export function sizedWork(work, quick) {
  return quick ? { ...work, count: Math.max(2, Math.ceil(work.count / 20)) } : work;
}
