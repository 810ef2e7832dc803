/**
 * Bare worker threads that the references command: one question at a time, answered once.
 */
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';

/**
 * @typedef {object} Thread
 * @property {(question: object) => Promise<any>} ask resolves with the answer of the thread, rejects when it dies
 * @property {() => Promise<void>} end
 */

/**
 * @param {URL} file
 * @param {{ readonly port: import('node:worker_threads').MessagePort } & Record<string, unknown>} data `port` is transferred
 * @returns {Thread}
 */
export function startThread(file, data) {
  const worker = new Worker(file, { workerData: data, transferList: [data.port] });
  /** @type {Promise<never>} */
  const died = new Promise((_resolve, reject) => {
    worker.once('error', reject);
    worker.once('exit', (code) => reject(new Error(`${file.pathname} ended with code ${code}`)));
  });
  // The end is awaited only while a question is open; without this a later exit would be an unhandled rejection.
  died.catch(() => undefined);
  return {
    async ask(question) {
      const answer = once(worker, 'message');
      worker.postMessage(question);
      const [value] = await Promise.race([answer, died]);
      return value;
    },
    async end() {
      await worker.terminate();
    },
  };
}
