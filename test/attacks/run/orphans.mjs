/** A cell whose parent is a process of its own, to be killed. */
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { caseOf } from '../cases/index.mjs';

/** @typedef {{ kill: () => void, left: () => Promise<boolean> }} Orphan */

const PARENT = fileURLToPath(new URL('orphan-parent.mjs', import.meta.url));
const ENDS_WITHIN_MS = 5_000;
/** After this the attack is under way. */
const ATTACKS_AFTER_MS = 300;

/** @param {string} mark @param {{ walls: readonly string[], attack: string }} order @returns {Promise<Orphan>} */
export async function orphanOf(mark, order) {
  const inWorker = caseOf(order.attack).cell?.inWorker;
  const parent = spawn(
    process.execPath,
    ['--no-warnings', PARENT, JSON.stringify({ ...order, mark, inWorker })],
    {
      stdio: ['pipe', 'pipe', 'inherit'],
    },
  );
  const lines = createInterface({ input: parent.stdout });
  const line = await new Promise((resolve, reject) => {
    lines.once('line', resolve);
    parent.once('exit', (code) => reject(new Error(`the parent ended with ${code}`)));
  });
  lines.close();
  const { pid } = JSON.parse(String(line));
  await new Promise((resolve) => setTimeout(resolve, ATTACKS_AFTER_MS));
  if (!lives(pid)) throw new Error('the cell had ended before its parent was killed');
  return {
    kill: () => void parent.kill('SIGKILL'),
    left: async () => {
      const until = performance.now() + ENDS_WITHIN_MS;
      while (lives(pid) && performance.now() < until) await new Promise((resolve) => setTimeout(resolve, 10));
      const runs = lives(pid);
      if (runs) process.kill(pid, 'SIGKILL');
      return runs;
    },
  };
}

/** Whether there is such a process that has not ended; a zombie has. @param {number} pid */
function lives(pid) {
  try {
    return !/\) Z /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return false;
  }
}
