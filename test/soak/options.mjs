/** The command line of the soak. */
import { parseArgs } from 'node:util';

export const USAGE = `npm run soak -- [options]

  --seconds N   how long the load runs, warm-up included (default 600, at least 10)
  --seed N      a whole number; drawn and printed without it
  --json        last line of standard output: the summary as JSON
  --help        print this and end
`;

const DEFAULT_SECONDS = 600;
const LEAST_SECONDS = 10;

/**
 * @param {readonly string[]} args
 * @throws {TypeError | RangeError} when an option is unknown or has no sensible value
 */
export function optionsOf(args) {
  const { values } = parseArgs({
    args: [...args],
    strict: true,
    options: {
      seconds: { type: 'string', default: String(DEFAULT_SECONDS) },
      seed: { type: 'string' },
      json: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  const seconds = Number(values.seconds);
  if (!(seconds >= LEAST_SECONDS))
    throw new RangeError(`--seconds is ${values.seconds}: give a number of at least ${LEAST_SECONDS}`);
  const seed = values.seed === undefined ? Math.floor(Math.random() * 2 ** 31) : Number(values.seed);
  if (!Number.isSafeInteger(seed) || seed < 0)
    throw new RangeError(`--seed is ${values.seed}: give a whole number`);
  return { seconds, seed, json: values.json ?? false, help: values.help ?? false };
}
