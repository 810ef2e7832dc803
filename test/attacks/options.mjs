/** The command line of the attack suite. */
import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import { LEVEL_NAMES } from './levels.mjs';

export const USAGE = `npm run attacks -- [options]

  --only PATTERN   cases whose name (class/case) matches this regular expression
  --level LEVEL    ${LEVEL_NAMES.join(', ')}; can be given more than once (default: all that are built)
  --jobs N         pairs that run at a time; heavy ones count for two (default: two for each core, at most 8)
  --json           a JSON object for each pair, one a line; the last line: { "results": { "contained": share } }
  --help           print this and end
`;

/** By default. */
export const JOBS = Math.min(8, 2 * availableParallelism());

/**
 * @param {readonly string[]} args
 * @throws {TypeError | RangeError | SyntaxError} when an option is unknown or has no sensible value
 */
export function optionsOf(args) {
  const { values } = parseArgs({
    args: [...args],
    strict: true,
    options: {
      only: { type: 'string', default: '' },
      level: { type: 'string', multiple: true, default: [] },
      jobs: { type: 'string', default: String(JOBS) },
      json: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  for (const level of values.level ?? []) {
    if (!LEVEL_NAMES.some((known) => known === level))
      throw new RangeError(`--level is ${level}: give one of ${LEVEL_NAMES.join(', ')}`);
  }
  const jobs = Number(values.jobs);
  if (!(Number.isSafeInteger(jobs) && jobs > 0))
    throw new RangeError(`--jobs is ${values.jobs}: give 1 or more`);
  return {
    only: new RegExp(values.only ?? ''),
    levels: /** @type {import('./levels.mjs').Level[]} */ (values.level ?? []),
    jobs,
    json: values.json ?? false,
    help: values.help ?? false,
  };
}
