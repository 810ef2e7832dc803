/** Runs sequences of faults, on several clusters at once: nearly all of the time is waiting. */
import { FaultCluster } from './cluster.mjs';
import { drawSequence, runSequence, textOf } from './sequence.mjs';

/** Of one cluster: a journal that grows for ever makes every check longer. */
const MOST_PER_CLUSTER = 20;

/**
 * @param {object} options
 * @param {string} options.rabbitmq the program
 * @param {readonly number[]} options.seeds one for each sequence
 * @param {number} options.clusters at a time
 * @param {(line: string) => void} options.print
 * @returns {Promise<number>} how many sequences were run; rejects with the first that failed
 */
export async function runFaults({ rabbitmq, seeds, clusters, print }) {
  const left = [...seeds];
  let done = 0;
  async function worker() {
    while (left.length > 0) {
      const cluster = await FaultCluster.create(rabbitmq);
      try {
        for (let i = 0; i < MOST_PER_CLUSTER; i += 1) {
          const seed = left.shift();
          if (seed === undefined) break;
          const { convergedMs, handledMs, messages, fences, downs } = await runSequence(cluster, seed);
          done += 1;
          print(
            `seed ${seed}: ${textOf(drawSequence(seed))}: names after ${convergedMs.toFixed(0)} ms, ` +
              `${messages} messages after ${handledMs.toFixed(0)} ms, ${fences} terms, ${downs} monitors`,
          );
        }
      } finally {
        await cluster.close();
      }
    }
  }
  await Promise.all(Array.from({ length: clusters }, worker));
  return done;
}

/** So many seeds that follow from the first one; each brings back its sequence alone. @param {number} first @param {number} count */
export function seedsFrom(first, count) {
  return Array.from({ length: count }, (_, i) => first + i);
}
