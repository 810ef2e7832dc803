/**
 * What people and programs read: the table and the JSON line.
 */

/** @typedef {import('./catalogue.mjs').Benchmark} Benchmark */

/**
 * What became of one measurement.
 *
 * @typedef {object} Outcome
 * @property {Benchmark} benchmark
 * @property {string} name the key, with a note where it is not the judged measurement
 * @property {boolean} judged whether it counts for the JSON line and the exit code
 * @property {import('./judge.mjs').Verdict} verdict
 * @property {import('./judge.mjs').Result | undefined} result undefined when it failed
 * @property {Readonly<Record<string, number>>} apart
 * @property {string | undefined} remark
 */

const HEADER = ['key', 'reference', 'subject', 'value', 'min … max', 'IQR', 'bar', 'aim', 'verdict'];

/**
 * Three significant digits, never in exponent notation.
 *
 * @param {number} value
 */
function digits(value) {
  return Math.abs(value) >= 100 ? String(Math.round(value)) : String(Number(value.toPrecision(3)));
}

/**
 * @param {number} value
 * @param {readonly (readonly [number, string])[]} units largest first
 */
function inUnits(value, units) {
  const [size, unit] =
    units.find(([least]) => value >= least) ?? /** @type {[number, string]} */ (units.at(-1));
  return `${digits(value / size)} ${unit}`;
}

/** @type {Record<Exclude<Benchmark['figure'], 'amount'>, readonly (readonly [number, string])[]>} */
const UNITS = {
  rate: [
    [1e6, 'M/s'],
    [1e3, 'k/s'],
    [1, '/s'],
  ],
  time: [
    [1, 's'],
    [1e-3, 'ms'],
    [1e-6, 'µs'],
  ],
  memory: [
    [1e6, 'MB'],
    [1e3, 'kB'],
  ],
};

/**
 * @param {Benchmark} benchmark
 * @param {number | undefined} value
 */
function figure(benchmark, value) {
  if (value === undefined) return '';
  if (benchmark.figure === 'amount') return `${digits(value)} ${benchmark.unit ?? ''}`.trimEnd();
  return inUnits(value, UNITS[benchmark.figure]);
}

/** @param {Outcome} outcome @returns {string[][]} */
function rowsOf({ benchmark, name, verdict, result, remark }) {
  const sign = benchmark.better === 'higher' ? '≥' : '≤';
  /** @param {number | null} value */
  const mark = (value) => (value === null ? '' : `${sign} ${value}`);
  const marks = [
    mark(benchmark.bar),
    mark(benchmark.aim),
    remark === undefined ? verdict : `${verdict}: ${remark}`,
  ];
  if (result === undefined) return [[name, '', '', '', '', '', ...marks]];
  /** @param {number} value */
  const show = (value) => (result.ofRatios ? digits(value) : figure(benchmark, value));
  const [only] = result.rows;
  const single = result.rows.length === 1 ? only : undefined;
  const head = [
    name,
    figure(benchmark, single?.reference),
    figure(benchmark, single?.subject),
    show(result.value),
    result.spread.map(show).join(' … '),
    `${Math.round(result.iqr * 100)} %`,
    ...marks,
  ];
  if (single !== undefined) return [head];
  const details = result.rows.map((row) => [
    `  ${row.name}`,
    figure(benchmark, row.reference),
    figure(benchmark, row.subject),
    row.ratio === undefined ? '' : digits(row.ratio),
    '',
    '',
    benchmark.floor === undefined ? '' : mark(benchmark.floor),
    '',
    '',
  ]);
  return [head, ...details];
}

/**
 * @param {readonly Outcome[]} outcomes
 * @returns {string} lines, the last one ended
 */
export function tableOf(outcomes) {
  const rows = [HEADER, ...outcomes.flatMap(rowsOf)];
  const widths = HEADER.map((_, column) => Math.max(...rows.map((row) => (row[column] ?? '').length)));
  const lines = rows.map((row) =>
    row
      .map((cell, column) => {
        const width = widths[column] ?? 0;
        return column === 0 || column === HEADER.length - 1 ? cell.padEnd(width) : cell.padStart(width);
      })
      .join('  ')
      .trimEnd(),
  );
  const apart = outcomes.flatMap(({ name, apart: values }) =>
    Object.entries(values).map(([what, bytes]) => `${name}, apart: ${what} ${inUnits(bytes, UNITS.memory)}`),
  );
  return [...lines, ...apart, ''].join('\n');
}

/** @param {number} value */
const rounded = (value) => Number(value.toPrecision(4));

/**
 * The JSON line. A key that is no result has no number, only its spread.
 *
 * @param {readonly Outcome[]} outcomes
 * @param {string} node
 * @param {boolean} quick said in the line, so that nobody takes its numbers for figures
 */
export function jsonOf(outcomes, node, quick) {
  /** @type {Record<string, number>} */
  const results = {};
  /** @type {Record<string, number[]>} */
  const spread = {};
  for (const { benchmark, judged, verdict, result } of outcomes) {
    if (!judged || result === undefined) continue;
    spread[benchmark.key] = result.spread.map(rounded);
    if (verdict !== 'no result') results[benchmark.key] = rounded(result.value);
  }
  return JSON.stringify(quick ? { node, quick, results, spread } : { node, results, spread });
}
