/**
 * The command line of the benchmarks.
 */
import { parseArgs } from 'node:util';

export const USAGE = `npm run bench -- [options]

  --only KEY,KEY   measure these keys only
  --rounds N       rounds of each key, the first two are warm-up (default 11, at least 9)
  --json           last line of standard output: { "node", "results", "spread" }
  --quick          a twentieth of the work in 3 rounds: shows that everything runs, judges nothing
  --references     measure the references alone
  --list           print the keys and end
  --help           print this and end
`;

const DEFAULT_ROUNDS = 11;
const LEAST_ROUNDS = 9;

/**
 * @typedef {object} Options
 * @property {readonly string[] | undefined} only
 * @property {number} rounds
 * @property {number} warmUp
 * @property {boolean} json
 * @property {boolean} quick
 * @property {boolean} references
 * @property {boolean} list
 * @property {boolean} help
 */

/**
 * @param {readonly string[]} args
 * @returns {Options}
 * @throws {TypeError | RangeError} when an option is unknown or has no sensible value
 */
export function optionsOf(args) {
  const { values } = parseArgs({
    args: [...args],
    strict: true,
    options: {
      only: { type: 'string' },
      rounds: { type: 'string' },
      json: { type: 'boolean', default: false },
      quick: { type: 'boolean', default: false },
      references: { type: 'boolean', default: false },
      list: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  const { only, rounds, quick = false } = values;
  const asked = rounds === undefined ? undefined : Number(rounds);
  const least = quick ? 2 : LEAST_ROUNDS;
  if (asked !== undefined && !(Number.isInteger(asked) && asked >= least)) {
    throw new RangeError(`--rounds is ${rounds}: give a whole number of at least ${least}`);
  }
  return {
    only: only
      ?.split(',')
      .map((key) => key.trim())
      .filter((key) => key !== ''),
    rounds: asked ?? (quick ? 3 : DEFAULT_ROUNDS),
    warmUp: quick ? 1 : 2,
    json: values.json ?? false,
    quick,
    references: values.references ?? false,
    list: values.list ?? false,
    help: values.help ?? false,
  };
}
