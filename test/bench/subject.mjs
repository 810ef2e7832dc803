/**
 * How a side of a benchmark plugs in. References and subjects are written to one contract; a benchmark whose
 * subject file `subjects/<key>.mjs` does not exist is not offered.
 */
import { existsSync } from 'node:fs';
import { catalogue } from './catalogue.mjs';

/**
 * One piece of work of a benchmark.
 *
 * @typedef {object} Work
 * @property {import('./payloads.mjs').PayloadName} payload what the messages are; `small` where none is sent
 * @property {number} count messages, round trips, calls, starts or environments, as the benchmark says
 */

/**
 * What one run of a work has shown.
 *
 * @typedef {object} Measured
 * @property {number} count as asked
 * @property {number} [seconds] for rates and times: how long all of it took
 * @property {number} [bytes] for memory: what all of it added
 * @property {number} [amount] what was measured, in the unit of the key
 * @property {readonly [number, number]} [sums] where messages are sent: the sum at either end
 * @property {Readonly<Record<string, number>>} [apart] printed beside the result, never part of it (bytes)
 */

/**
 * A side that is set up and waits. `run` may be called many times, one after another.
 *
 * @typedef {object} Side
 * @property {(work: Work) => Promise<Measured>} run
 * @property {() => Promise<void>} close leaves no thread, timer or handle behind
 */

/** @typedef {() => Promise<Side>} Open */

/**
 * What a file under references/ or subjects/ exports. `openReference` is for the subjects whose reference is
 * another use of the same library.
 *
 * @typedef {{ open: Open, openReference?: Open }} SideModule
 */

/** @param {string} key */
const subjectFile = (key) => new URL(`./subjects/${key}.mjs`, import.meta.url);

/** The benchmarks that can be run: those with a subject. */
export function offeredBenchmarks() {
  return catalogue.filter((benchmark) => existsSync(subjectFile(benchmark.key)));
}

/**
 * @param {import('./catalogue.mjs').Benchmark} benchmark
 * @param {import('./statistics.mjs').SideName} name
 * @returns {Promise<Side>}
 */
export async function openSide(benchmark, name) {
  const { reference } = benchmark;
  if (name === 'reference' && reference === 'none') throw new Error(`${benchmark.key} has no reference`);
  const file =
    name === 'subject' || (name === 'reference' && reference === 'own')
      ? subjectFile(benchmark.key)
      : new URL(`./references/${name === 'bare' ? benchmark.bare : reference}.mjs`, import.meta.url);
  /** @type {SideModule} */
  const module = await import(file.href);
  const open = name === 'reference' && reference === 'own' ? module.openReference : module.open;
  if (open === undefined) throw new Error(`${file.pathname} exports no openReference`);
  return open();
}
