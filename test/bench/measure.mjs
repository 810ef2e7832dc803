/**
 * The measuring process of one key: opens both sides once, runs the rounds, writes all figures.
 *
 * Both sides stay open for all rounds, so that what is compared is warm on either side; the one whose turn it is not
 * only waits.
 */
import { benchmarkOf } from './catalogue.mjs';
import { figureOf, sizedWork } from './run-side.mjs';
import { finish, runScript, taskOf } from './spawn-node.mjs';
import { roundOrder } from './statistics.mjs';
import { openSide } from './subject.mjs';

/** @typedef {import('./statistics.mjs').SideName} SideName */

/**
 * @typedef {object} MeasureTask
 * @property {string} key
 * @property {readonly SideName[]} sides both that are compared, or one alone
 * @property {number} rounds
 * @property {boolean} quick
 * @property {string} label for the progress line
 */

/**
 * Figures per side and work, one for each round.
 *
 * @typedef {Partial<Record<SideName, number[][]>>} Figures
 */

/** @typedef {{ figures: Figures, apart: Readonly<Record<string, number>> }} MeasureResult */

/** @type {MeasureTask} */
const { key, sides, rounds, quick, label } = taskOf();
const benchmark = benchmarkOf(key);
const works = benchmark.works.map((work) => sizedWork(work, quick));
const expected = works.map((work) => benchmark.expected?.(work) ?? null);

/**
 * @param {SideName} name
 * @returns {Promise<import('./subject.mjs').Side>}
 */
async function open(name) {
  if (!benchmark.freshProcess) return openSide(benchmark, name);
  const file = new URL('./measure-once.mjs', import.meta.url);
  return {
    run: (work) => runScript(file, { key, name, work }, { execArgv: ['--expose-gc'], deadlineMs: 120_000 }),
    close: async () => undefined,
  };
}

const opened = new Map();
/** @type {Figures} */
const figures = {};
for (const name of sides) {
  opened.set(name, await open(name));
  figures[name] = works.map(() => []);
}

/** @type {Readonly<Record<string, number>>} */
let apart = {};
process.stderr.write(`${label}:`);
for (let round = 0; round < rounds; round += 1) {
  for (const [at, work] of works.entries()) {
    for (const name of roundOrder(round, sides)) {
      const measured = await opened.get(name).run(work);
      figures[name]?.[at]?.push(figureOf(benchmark, work, measured, expected[at] ?? null));
      apart = { ...apart, ...measured.apart };
    }
  }
  process.stderr.write(` ${round + 1}`);
}
process.stderr.write('\n');

for (const side of opened.values()) await side.close();
finish({ figures, apart });
