/** What the system says of a process: Linux, /proc. */
import { readdirSync, readFileSync } from 'node:fs';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

setFlagsFromString('--expose-gc');
const collect = /** @type {() => void} */ (runInNewContext('gc'));
setFlagsFromString('--no-expose-gc');

/** @typedef {{ threads: number, descriptors: number, children: number, marked: number, residentMb: number }} Facts */

/** @param {string} mark of this run @returns {Facts} */
export function factsOf(mark) {
  return {
    threads: readdirSync('/proc/self/task').length,
    descriptors: readdirSync('/proc/self/fd').length,
    children: childrenOf(process.pid).length,
    marked: markedProcesses(mark).length,
    residentMb: residentMb(),
  };
}

export function residentMb() {
  const kilobytes = /^VmRSS:\s+(\d+)/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1];
  return Math.round(Number(kilobytes) / 1024);
}

/** @param {number} pid */
function childrenOf(pid) {
  return readdirSync(`/proc/${pid}/task`).flatMap((tid) => {
    try {
      const text = readFileSync(`/proc/${pid}/task/${tid}/children`, 'utf8');
      return text.split(' ').filter(Boolean);
    } catch {
      // The thread has ended meanwhile.
      return [];
    }
  });
}

/** Processes that sleep for the mark. @param {string} mark */
export function markedProcesses(mark) {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((pid) => {
      try {
        return (
          readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0').slice(0, 2).join(' ') === `sleep ${mark}`
        );
      } catch {
        return false;
      }
    })
    .map(Number);
}

/** @param {string} mark */
export function killMarked(mark) {
  for (const pid of markedProcesses(mark)) {
    try {
      process.kill(pid, 'SIGKILL');
    } catch {
      // It has ended meanwhile.
    }
  }
}

/**
 * More than this is left behind. Of threads and processes none. The guard keeps a file open for each thread that
 * it has looked at, and looks at one when it first runs. Of memory a generous part: the C library keeps what was
 * freed for other threads, and a restarted thread is younger than the one it is compared with. Every attack on
 * descriptors takes ten times as many, every attack on memory more than twice as much.
 */
const BOUNDS = { threads: 0, descriptors: 4, children: 0, marked: 0, residentMb: 240 };
const REST_WITHIN_MS = 5_000;

const RESTING_LOOKS = 8;

/**
 * Until no thread has come or gone for a while: spares are started behind everything else.
 * @param {import('@espalier/supervisor').Host} host
 */
export async function restingThreads(host) {
  const until = performance.now() + REST_WITHIN_MS;
  let before = -1;
  for (let same = 0; same < RESTING_LOOKS && performance.now() < until;) {
    await new Promise((resolve) => setTimeout(resolve, 50));
    const now = readdirSync('/proc/self/task').length;
    const { spares } = await host.facts();
    const ready = spares.every((spare) => spare.ready);
    same = ready && now === before ? same + 1 : 0;
    before = now;
  }
}

const NAMES = { marked: 'processes of the attack', residentMb: 'MB' };

/**
 * Waits until nothing is more than it was, and says what still is.
 * @param {Facts} before @param {string} mark
 */
export async function leftBehind(before, mark) {
  const until = performance.now() + REST_WITHIN_MS;
  for (;;) {
    collect();
    const now = factsOf(mark);
    const keys = /** @type {(keyof typeof BOUNDS)[]} */ (Object.keys(BOUNDS));
    const more = keys
      .filter((key) => now[key] > before[key] + BOUNDS[key])
      .map((key) => `${now[key] - before[key]} ${/** @type {any} */ (NAMES)[key] ?? key}`);
    if (more.length === 0) return undefined;
    if (performance.now() > until) return more.join(', ');
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
