/**
 * Runs a script of this folder in a process of its own and gives back the JSON that it writes to descriptor 3.
 *
 * A process each, because the heap, the compiled code and the threads of one benchmark would be the next one's weather.
 * Descriptor 3, because what a subject prints must not be taken for a result.
 */
import { spawn } from 'node:child_process';
import { writeSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { TASKSET } from './pinning.mjs';

/** How long a child may take to end after it has given its result. */
const GRACE_MS = 5_000;

/**
 * @param {URL} file
 * @param {unknown} task handed over as JSON; the script reads it with `taskOf()`
 * @param {{ execArgv?: readonly string[], core?: number | undefined, deadlineMs: number }} options `core` pins the process by
 *   taskset; at the deadline the process is killed
 * @returns {Promise<any>} rejects when the process ends without a result
 */
export function runScript(file, task, { execArgv = [], core, deadlineMs }) {
  const node = [process.execPath, ...execArgv, fileURLToPath(file), JSON.stringify(task)];
  const command = core === undefined ? node : [TASKSET, '-c', String(core), ...node];
  // What someone has set for Node in general would change what is measured.
  const env = { ...process.env };
  delete env['NODE_OPTIONS'];
  const child = spawn(/** @type {string} */ (command[0]), command.slice(1), {
    // Standard output goes to standard error: ours ends with the JSON line.
    stdio: ['ignore', process.stderr, process.stderr, 'pipe'],
    env,
  });
  const killChild = () => void child.kill('SIGKILL');
  process.once('exit', killChild);
  const deadline = setTimeout(killChild, deadlineMs);

  return new Promise((resolve, reject) => {
    let text = '';
    /** @type {NodeJS.Timeout | undefined} */
    let grace;
    const result = /** @type {import('node:stream').Readable} */ (child.stdio[3]);
    result.setEncoding('utf8');
    result.on('data', (part) => {
      text += part;
      if (text.endsWith('\n')) grace ??= setTimeout(killChild, GRACE_MS);
    });
    child.once('error', reject);
    child.once('close', (code, signal) => {
      clearTimeout(deadline);
      clearTimeout(grace);
      process.off('exit', killChild);
      if (text.endsWith('\n')) resolve(JSON.parse(text));
      else reject(new Error(`the measuring process ended with ${signal ?? `code ${code}`} and no result`));
    });
  });
}

/** The task of this process. */
export function taskOf() {
  return JSON.parse(/** @type {string} */ (process.argv[2]));
}

/**
 * Gives the result back and ends the process.
 *
 * @param {unknown} result
 * @returns {never}
 */
export function finish(result) {
  writeSync(3, `${JSON.stringify(result)}\n`);
  process.exit(0);
}
