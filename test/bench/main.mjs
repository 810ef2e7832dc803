/**
 * `npm run bench`: measures the keys one after another, each in a process of its own, and judges them.
 * Progress goes to standard error, the table and the JSON line to standard output.
 */
import { catalogue } from './catalogue.mjs';
import { EXIT, exitCodeOf, resultOf, verdictOf } from './judge.mjs';
import { optionsOf, USAGE } from './options.mjs';
import { coreToPin } from './pinning.mjs';
import { jsonOf, tableOf } from './report.mjs';
import { runScript } from './spawn-node.mjs';
import { offeredBenchmarks } from './subject.mjs';

/** @typedef {import('./catalogue.mjs').Benchmark} Benchmark */
/** @typedef {import('./options.mjs').Options} Options */
/** @typedef {import('./report.mjs').Outcome} Outcome */

const MEASURE = new URL('./measure.mjs', import.meta.url);
const DEADLINE_MS = 15 * 60_000;

/**
 * @param {Benchmark} benchmark
 * @param {Options} options
 * @param {{ name: string, judged: boolean, bare?: boolean, core?: number | undefined, remark?: string }} how with `bare` the
 *   subject is what Node alone does of it
 * @returns {Promise<Outcome>}
 */
async function measure(benchmark, options, { name, judged, bare = false, core, remark }) {
  const measured = bare ? 'bare' : 'subject';
  const both = benchmark.reference === 'none' ? [measured] : ['reference', measured];
  const sides = options.references ? ['reference'] : both;
  const { quick } = options;
  const [rounds, warmUp] =
    benchmark.runs === undefined ? [options.rounds, options.warmUp] : [quick ? 1 : benchmark.runs, 0];
  // A reference alone is no result of its key: it has the wrong unit.
  const outcome = { benchmark, name, judged: judged && !options.references, remark };
  try {
    const task = { key: benchmark.key, sides, rounds, quick, label: name };
    /** @type {import('./measure.mjs').MeasureResult} */
    const { figures, apart } = await runScript(MEASURE, task, { core, deadlineMs: DEADLINE_MS });
    const result = resultOf(benchmark, figures, warmUp);
    return {
      ...outcome,
      verdict: outcome.judged && !quick ? verdictOf(benchmark, result) : 'not judged',
      result,
      apart,
    };
  } catch (error) {
    process.stderr.write(`\n${name}: ${error instanceof Error ? error.message : String(error)}\n`);
    return { ...outcome, verdict: 'failed', result: undefined, apart: {} };
  }
}

/**
 * @param {Benchmark} benchmark
 * @param {Options} options
 * @returns {Promise<Outcome[]>}
 */
async function measureAll(benchmark, options) {
  const { key } = benchmark;
  if (benchmark.pinned) return measureLatency(benchmark, options);
  return [
    await measure(benchmark, options, { name: key, judged: true }),
    ...(await measureFloor(benchmark, options)),
  ];
}

/**
 * As the key itself is measured: on that core, if on one.
 *
 * @param {Benchmark} benchmark
 * @param {Options} options
 * @param {number} [core]
 * @returns {Promise<Outcome[]>}
 */
async function measureFloor(benchmark, options, core) {
  if (benchmark.bare === undefined || options.references) return [];
  const floor = { name: `${benchmark.key} (bare)`, judged: false, bare: true, core, remark: 'Node alone' };
  return [await measure({ ...benchmark, bar: null, aim: null }, options, floor)];
}

/**
 * @param {Benchmark} benchmark
 * @param {Options} options
 * @returns {Promise<Outcome[]>}
 */
async function measureLatency(benchmark, options) {
  const { key } = benchmark;
  const core = coreToPin();
  const unpinned = { name: `${key} (unpinned)`, judged: false };
  if (core !== undefined) {
    const pinned = await measure(benchmark, options, { name: key, judged: true, core });
    const floor = await measureFloor(benchmark, options, core);
    return [pinned, ...floor, await measure(benchmark, options, unpinned)];
  }
  const outcome = await measure(benchmark, options, { ...unpinned, remark: 'taskset cannot pin it here' });
  return [
    outcome.verdict === 'failed' || options.quick || options.references
      ? outcome
      : { ...outcome, verdict: 'no result' },
  ];
}

/** @param {Options} options @returns {Benchmark[]} */
function chosen(options) {
  const offered = options.references
    ? catalogue.filter(({ reference }) => reference !== 'own' && reference !== 'none')
    : offeredBenchmarks();
  const unknown = (options.only ?? []).filter((key) => offered.every((benchmark) => benchmark.key !== key));
  if (unknown.length > 0) {
    const keys = offered.map(({ key }) => key).join(', ');
    throw new RangeError(`--only names ${unknown.join(', ')}; there are: ${keys || 'none yet'}`);
  }
  return offered.filter(({ key }) => options.only?.includes(key) ?? true);
}

/** @param {readonly string[]} args @returns {Promise<number>} the exit code */
async function main(args) {
  let options;
  let benchmarks;
  try {
    options = optionsOf(args);
    benchmarks = chosen(options);
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n\n${USAGE}`);
    return EXIT.usage;
  }
  if (options.help) {
    process.stdout.write(USAGE);
    return EXIT.good;
  }
  if (options.list) {
    for (const { key, what } of benchmarks) process.stdout.write(`${key}  ${what}\n`);
    return EXIT.good;
  }
  /** @type {Outcome[]} */
  const outcomes = [];
  for (const benchmark of benchmarks) outcomes.push(...(await measureAll(benchmark, options)));
  process.stdout.write(tableOf(outcomes));
  if (options.json) process.stdout.write(`${jsonOf(outcomes, process.version, options.quick)}\n`);
  return exitCodeOf(outcomes.map(({ verdict }) => verdict));
}

// A signal ends the measuring process too: runScript kills it when this process exits.
process.once('SIGINT', () => process.exit(130));
process.once('SIGTERM', () => process.exit(143));
process.exitCode = await main(process.argv.slice(2));
