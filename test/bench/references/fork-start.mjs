/** Bare forks one at a time: from `fork` to the child's first message. The end of the child is waited for, but not counted. */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { seconds } from '../clock.mjs';

const FILE = fileURLToPath(new URL('./forked.cjs', import.meta.url));

/** @type {import('../subject.mjs').Open} */
export const open = () => openForks(FILE);

/**
 * @param {string} file sends a message when it runs, and stays
 * @returns {Promise<import('../subject.mjs').Side>}
 */
export async function openForks(file) {
  return {
    async run({ count }) {
      let total = 0;
      for (let i = 0; i < count; i += 1) {
        const started = seconds();
        const child = fork(file, { env: {}, execArgv: [] });
        const ended = once(child, 'exit');
        await once(child, 'message');
        total += seconds() - started;
        child.kill('SIGKILL');
        await ended;
      }
      return { count, seconds: total };
    },
    async close() {},
  };
}
