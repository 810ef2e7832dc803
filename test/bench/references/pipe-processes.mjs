/** The far end of a raw pipe: a process that runs pipe-process.mjs. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { framedPipe } from './framed-pipe.mjs';

const FILE = fileURLToPath(new URL('./pipe-process.mjs', import.meta.url));

export function startPipeProcess() {
  const child = spawn(process.execPath, [FILE], { stdio: ['ignore', 'inherit', 'inherit', 'pipe'] });
  const ended = once(child, 'exit');
  return {
    pipe: framedPipe(/** @type {import('node:net').Socket} */ (child.stdio[3])),
    async end() {
      child.kill('SIGKILL');
      await ended;
    },
  };
}
