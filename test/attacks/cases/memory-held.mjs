/** Memory that the system sees and the guard of threads does not: how much of it a process may hold. */
import { Worker } from 'node:worker_threads';

const LIMITS = { heapMb: 64, youngMb: 16 };
const MEMORY_MB = 2 * LIMITS.heapMb;
/** As docs/limits.md states it. */
const BOUND_MB = 1.5 * MEMORY_MB + 3 * LIMITS.youngMb;
/** A worker of a guest's own takes so much for itself, and V8 some for its garbage. */
const WORKER_MB = 40;
/** Who grows as fast as memory can be written is ended when it is as far beyond as no garbage can be. */
const AT_MOST_MB = 2 * BOUND_MB + 256;
const LOOKS_MS = 1_500;
const MB = 1024 * 1024;

/** Holds so many MB in a worker, written by and by, and says when it has. */
const HOLDS = `
  const { parentPort, workerData } = require('worker_threads');
  const kept = [];
  const more = () => {
    if (kept.length >= workerData) return parentPort.postMessage('holds');
    kept.push(Buffer.alloc(${MB}, 1));
    setImmediate(more);
  };
  more();
  setInterval(() => undefined, 1000);
`;

/** @type {import('../case.mjs').Cases} */
export const memoryHeld = {
  'process-bound': {
    does: 'holds in a worker of its own what its process may, then grows without end',
    bare: ['leaks'],
    // The argument says how much. Bare that is a day's seconds.
    attack: async ({ kept, mark }) => {
      const worker = new Worker(HOLDS, { eval: true, workerData: Number(mark) });
      kept.push(worker);
      await new Promise((resolve) => worker.once('message', resolve));
    },
    tree: {
      at: ['process'],
      limits: LIMITS,
      drive: async ({ host, events }) => {
        await host.call('attacker', 'attack', [String(BOUND_MB - WORKER_MB)], { timeoutMs: 20_000 });
        await new Promise((resolve) => setTimeout(resolve, LOOKS_MS));
        if (events.attackerEnded) return `it was ended below ${BOUND_MB} MB`;
        const { processMb = 0 } = await host.usage('attacks/cage/attacker');
        if (processMb < BOUND_MB - 2 * WORKER_MB)
          return `it held ${processMb} MB and not what it was told to`;
        host.call('attacker', 'attack', ['1000000']).catch(() => undefined);
        const { tag, detail } = /** @type {any} */ (await events.end(1));
        if (tag !== 'limit') return `it ended with ${tag}`;
        if (detail.limitMb !== BOUND_MB) return `it was held to ${detail.limitMb} MB`;
        if (detail.usedMb > AT_MOST_MB) return `it had grown to ${detail.usedMb} MB`;
        await events.restart(2);
        return undefined;
      },
    },
  },
};
