/**
 * A process of its own for each pair, so that an attack that is not contained ends nobody but it. It leads a
 * process group, which is killed with it; what left the group is known by the mark of the run.
 */
import { spawn } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { rmSync, writeSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { markedFile, SECRET, SECRET_NAME } from '../case.mjs';
import { killMarked, markedProcesses } from './facts.mjs';

/**
 * @typedef {object} Outcome
 * @property {any[]} said what it reported, line by line
 * @property {string} end how it ended: `exit 0`, a signal, or `still running`
 * @property {number} marked processes that it has left
 * @property {string} printed the last it wrote to its standard error
 */

/** A sibling or the kernel that is silent for so long is starved. */
export const GAP_MS = 1_000;

const MOST_PRINTED = 2000;
const REPORT = 3;
/** After it has reported, a process ends by itself. */
const ENDS_WITHIN_MS = 6_000;
const READ_WITHIN_MS = 1_000;

/**
 * @param {string} script in this folder @param {readonly string[]} args
 * @param {{ execArgv?: readonly string[], deadlineMs: number }} options
 * @returns {Promise<Outcome>}
 */
export function runChild(script, args, { execArgv = [], deadlineMs }) {
  const mark = `86400.${randomInt(1e9, 1e10)}`;
  const file = fileURLToPath(new URL(script, import.meta.url));
  const child = spawn(process.execPath, [...execArgv, '--no-warnings', file, mark, ...args], {
    detached: true,
    // Whoever looks for the secret finds it here if anywhere.
    env: { ...process.env, [SECRET_NAME]: SECRET },
    stdio: ['ignore', 'ignore', 'pipe', 'pipe'],
  });
  let reported = () => {};
  let report = '';
  let printed = '';
  const [, , stderr, fourth] = child.stdio;
  stderr?.on('data', (chunk) => {
    printed = (printed + String(chunk)).slice(-MOST_PRINTED);
  });
  const reports = /** @type {import('node:stream').Readable} */ (fourth);
  reports.on('data', (chunk) => {
    report += String(chunk);
    if (report.includes('\n')) reported();
  });
  return new Promise((resolve) => {
    let late = false;
    const end = () => {
      late = true;
      killGroup(child.pid);
    };
    let timer = setTimeout(end, deadlineMs);
    reported = () => {
      clearTimeout(timer);
      timer = setTimeout(end, ENDS_WITHIN_MS);
    };
    child.once('error', (error) => {
      printed += String(error);
    });
    child.once('exit', (code, signal) => {
      clearTimeout(timer);
      const marked = markedProcesses(mark).length;
      killGroup(child.pid);
      killMarked(mark);
      rmSync(markedFile(mark), { force: true });
      // What it reported last may lie unread; and somebody may hold the other end for ever.
      const read = new Promise((done) => {
        if (reports.readableEnded) done(undefined);
        else reports.once('end', done);
        setTimeout(done, READ_WITHIN_MS);
      });
      void read.then(() => {
        for (const stream of child.stdio) stream?.destroy();
        const said = report
          .split('\n')
          .filter((line) => line.startsWith('{'))
          .map((line) => JSON.parse(line));
        resolve({ said, end: late ? 'still running' : (signal ?? `exit ${code}`), marked, printed });
      });
    });
  });
}

/** Of the process that `runChild` has started. @param {unknown} what */
export function say(what) {
  writeSync(REPORT, `${JSON.stringify(what)}\n`);
}

/** @param {number | undefined} leader */
function killGroup(leader) {
  if (leader === undefined) return;
  try {
    process.kill(-leader, 'SIGKILL');
  } catch {
    // Nobody is left of it.
  }
}
