/**
 * The story of a house with tenants, with three options.
 *
 *   --seconds N   of peace, and of storm, from 1 to 600; default: 5
 *   --rate N      visits a second of each well-behaved tenant, from 1 to 1000; default: 50
 *   --json        the last line of standard output is one JSON object
 */
import { parseArgs } from 'node:util';
import { tell } from './dist/story.js';

function options() {
  const { seconds, rate, json } = parseArgs({
    options: {
      seconds: { type: 'string', default: '5' },
      rate: { type: 'string', default: '50' },
      json: { type: 'boolean', default: false },
    },
  }).values;
  return { seconds: number('seconds', seconds, 600), perSecond: number('rate', rate, 1000), json };
}

function number(name, text, most) {
  const value = Number(text);
  if (/^[1-9]\d*$/.test(text) && value <= most) return value;
  throw new Error(`--${name} ${text}: a number from 1 to ${most} is needed`);
}

try {
  process.exitCode = await tell(options());
} catch (error) {
  process.stderr.write(`tenants: ${error.message}\nUsage: npm start -- [--seconds N] [--rate N] [--json]\n`);
  process.exitCode = 1;
}
