/**
 * `npm start`: set-up, build, then the main job. Standard output belongs to the job alone, arguments
 * after `--` go to it, and its exit code is ours. npm runs us by `exec`: a shell between would take the
 * signals that npm hands on, end of them, and leave us running.
 */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { build } from './build.mjs';
import { ROOT, say } from './lib/project.mjs';
import { setup } from './setup.mjs';

/** The main job: a script and its arguments, relative to the root. */
const MAIN_JOB = ['apps/examples/census/start.mjs'];

/**
 * The job gets the terminal's signals itself when there is a terminal; sent to this process alone they
 * are handed on. The job takes signals that come close together as one.
 */
function runJob(args) {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, args, { cwd: ROOT, stdio: 'inherit' });
    const forward = (signal) => child.kill(signal);
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, forward);
    child.on('exit', (code, signal) => resolve(signal === null ? code : signal === 'SIGKILL' ? 137 : 143));
  });
}

try {
  await setup();
  await build();
  if (existsSync(join(ROOT, MAIN_JOB[0]))) {
    process.exitCode = await runJob([...MAIN_JOB, ...process.argv.slice(2)]);
  } else {
    say(`start: everything is built; the main job, ${MAIN_JOB[0]}, is not there yet`);
  }
} catch (error) {
  say(`start: ${error.message}`);
  process.exitCode = 1;
}
