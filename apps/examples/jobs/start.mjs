/**
 * The story of a job queue, with three options.
 *
 *   --mails N    how many, from 10 to 999; default: 100
 *   --two-hosts  on two hosts, each with a daemon, and a broker between them; takes RabbitMQ
 *   --json       the last line of standard output is one JSON object
 */
import { parseArgs } from 'node:util';
import { tell } from './dist/story.js';

function options() {
  const {
    mails,
    json,
    'two-hosts': twoHosts,
  } = parseArgs({
    options: {
      mails: { type: 'string', default: '100' },
      json: { type: 'boolean', default: false },
      'two-hosts': { type: 'boolean', default: false },
    },
  }).values;
  if (!/^[1-9]\d{1,2}$/.test(mails)) throw new Error(`--mails ${mails}: a number from 10 to 999 is needed`);
  return { mails: Number(mails), json, twoHosts };
}

try {
  process.exitCode = await tell(options());
} catch (error) {
  process.stderr.write(`jobs: ${error.message}\nUsage: npm start -- [--mails N] [--two-hosts] [--json]\n`);
  process.exitCode = 1;
}
