/** Runs sequences of faults, on several clusters at once: nearly all of the time is waiting. */
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FaultCluster } from './cluster.mjs';
import { drawSequence, runSequence, textOf } from './sequence.mjs';

/** Of one cluster: a journal that grows for ever makes every check longer. */
const MOST_PER_CLUSTER = 20;

/** @typedef {{ readonly seed: number, readonly why: string, readonly folder: string }} Failure `folder`: what is known of it */

/**
 * One that fails does not end the others: its cluster is given up, what it has told is kept, and the next one begins on
 * a new cluster.
 *
 * @param {object} options
 * @param {string} options.rabbitmq the program
 * @param {readonly number[]} options.seeds one for each sequence
 * @param {number} options.clusters at a time
 * @param {(line: string) => void} options.print
 * @returns {Promise<{ held: number, failures: readonly Failure[] }>} in how many everything held, and the others;
 *   rejects where no cluster comes up for those that are left
 */
export async function runFaults({ rabbitmq, seeds, clusters, print }) {
  const left = [...seeds];
  let held = 0;
  /** @type {Failure[]} */
  const failures = [];

  /** @param {FaultCluster} cluster @param {number} seed @returns whether everything held */
  async function tryOne(cluster, seed) {
    const what = `seed ${seed}: ${textOf(drawSequence(seed))}`;
    try {
      const { convergedMs, handledMs, messages, fences, downs } = await runSequence(cluster, seed);
      held += 1;
      print(
        `${what}: names after ${convergedMs.toFixed(0)} ms, ` +
          `${messages} messages after ${handledMs.toFixed(0)} ms, ${fences} terms, ${downs} monitors`,
      );
      return true;
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      const folder = mkdtempSync(join(tmpdir(), `espalier-faults-${seed}-`));
      failures.push({ seed, why, folder });
      print(`${what}: FAILED: ${why} (kept in ${folder})`);
      cluster.keep(folder);
      return false;
    }
  }

  /** One comes up at a time: that is the one thing here that is work. @type {Promise<unknown>} */
  let lastUp = Promise.resolve();
  async function nextCluster() {
    const cluster = lastUp.then(() => FaultCluster.create(rabbitmq));
    lastUp = cluster.catch(() => undefined);
    return cluster;
  }

  async function worker() {
    while (left.length > 0) {
      const cluster = await nextCluster();
      try {
        for (let i = 0; i < MOST_PER_CLUSTER; i += 1) {
          const seed = left.shift();
          if (seed === undefined || !(await tryOne(cluster, seed))) break;
        }
      } finally {
        await cluster.close();
      }
    }
  }
  const ends = await Promise.allSettled(Array.from({ length: clusters }, worker));
  if (left.length > 0) for (const end of ends) if (end.status === 'rejected') throw end.reason;
  return { held, failures };
}

/** So many seeds that follow from the first one; each brings back its sequence alone. @param {number} first @param {number} count */
export function seedsFrom(first, count) {
  return Array.from({ length: count }, (_, i) => first + i);
}
