/**
 * `npm start`: the census by `espalier up`, with two options of its own.
 *
 *   --dir PATH   the directory to go through; default: this repository's node_modules
 *   --json       the last line of standard output is the report as one JSON object
 */
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { espalier } from '@espalier/cli';

const SPEC = fileURLToPath(new URL('./census.espalier.yaml', import.meta.url));

function options() {
  try {
    return parseArgs({ options: { dir: { type: 'string' }, json: { type: 'boolean', default: false } } })
      .values;
  } catch (error) {
    process.stderr.write(`census: ${error.message}\nUsage: npm start -- [--dir PATH] [--json]\n`);
    process.exit(1);
  }
}

const { dir, json } = options();
// Standard output is the census's alone; what goes wrong in the tree is told on standard error.
const argv = ['up', '--raw', '--quiet', SPEC];
if (dir !== undefined) argv.push('--set', `walker.args.dir=${JSON.stringify(resolve(dir))}`);
if (json) argv.push('--set', 'coordinator.args.json=true');
process.exitCode = await espalier(argv);
