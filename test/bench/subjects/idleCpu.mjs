/** A daemon at rest must leave the machine alone: processor time of all of its processes. */
import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { guest, startDaemon } from './daemon.mjs';

const ENVIRONMENTS = 100;
/** Linux has them per second; no other system has this benchmark. */
const TICKS = 100;

/** The process and all below it, as /proc has them. @param {number} top */
function ticksOf(top) {
  const parents = new Map();
  const used = new Map();
  for (const name of readdirSync('/proc').filter((entry) => /^\d+$/.test(entry))) {
    try {
      const text = readFileSync(`/proc/${name}/stat`, 'utf8');
      // The name of a program may hold anything: what comes behind its last parenthesis counts.
      const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
      parents.set(Number(name), Number(fields[1]));
      used.set(Number(name), Number(fields[11]) + Number(fields[12]));
    } catch {
      // It has ended meanwhile.
    }
  }
  const isOurs = (/** @type {number | undefined} */ pid) => {
    for (let at = pid; at !== undefined && at > 1; at = parents.get(at)) if (at === top) return true;
    return false;
  };
  return [...used].reduce((sum, [pid, ticks]) => (isOurs(pid) ? sum + ticks : sum), 0);
}

/** @type {import('../subject.mjs').Open} */
export async function open() {
  return {
    async run({ count }) {
      const isQuick = count < ENVIRONMENTS;
      const [settledMs, measuredMs] = isQuick ? [500, 2000] : [60_000, 60_000];
      const children = Array.from({ length: count }, (_, n) => ({
        id: `idle-${n}`,
        module: guest('idle.mjs'),
      }));
      const daemon = await startDaemon({ name: 'bench', children });
      try {
        await daemon.client.ready();
        await pause(settledMs);
        const before = ticksOf(daemon.pid);
        const start = performance.now();
        await pause(measuredMs);
        const share = (ticksOf(daemon.pid) - before) / TICKS / ((performance.now() - start) / 1000);
        // None at all is less than can be measured, and no figure.
        return { count, amount: Math.max(share, 1 / TICKS / (measuredMs / 1000)) };
      } finally {
        await daemon.close();
      }
    },
    close: async () => undefined,
  };
}
