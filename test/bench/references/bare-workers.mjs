/**
 * Bare workers, started at their best: a CommonJS file, no environment to copy.
 */
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';

const FILE = new URL('./bare-worker.cjs', import.meta.url);

/**
 * Resolves at the worker's first message.
 *
 * @param {{ stay: boolean, name?: string }} options with `stay` it runs until it is terminated, else it ends by itself
 */
export async function startBareWorker({ stay, name = '' }) {
  const worker = new Worker(FILE, { workerData: { stay }, env: {}, name });
  // Listened for from the start: Node may deliver the last message and the exit in one go.
  const ended = once(worker, 'exit');
  await once(worker, 'message');
  return { worker, ended };
}

/**
 * Starts so many workers that stay, `atOnce` at a time.
 *
 * @param {number} count
 * @param {number} atOnce
 * @param {() => { name: string, answered?: Promise<void> }} [watch] what the next one is called, and what is awaited besides
 *   its first message
 */
export async function startBareWorkers(count, atOnce, watch = () => ({ name: '' })) {
  /** @type {Worker[]} */
  const workers = [];
  let started = 0;
  const lane = async () => {
    while (started < count) {
      started += 1;
      const { name, answered } = watch();
      const { worker } = await startBareWorker({ stay: true, name });
      workers.push(worker);
      await answered;
    }
  };
  await Promise.all(Array.from({ length: atOnce }, lane));
  return workers;
}
