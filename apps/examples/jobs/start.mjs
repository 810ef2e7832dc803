/**
 * The story of a job queue, with two options.
 *
 *   --mails N    how many, from 10 to 999; default: 100
 *   --json       the last line of standard output is one JSON object
 */
import { parseArgs } from 'node:util';
import { tell } from './dist/story.js';

function options() {
  const { mails, json } = parseArgs({
    options: { mails: { type: 'string', default: '100' }, json: { type: 'boolean', default: false } },
  }).values;
  if (!/^[1-9]\d{1,2}$/.test(mails)) throw new Error(`--mails ${mails}: a number from 10 to 999 is needed`);
  return { mails: Number(mails), json };
}

try {
  process.exitCode = await tell(options());
} catch (error) {
  process.stderr.write(`jobs: ${error.message}\nUsage: npm start -- [--mails N] [--json]\n`);
  process.exitCode = 1;
}
