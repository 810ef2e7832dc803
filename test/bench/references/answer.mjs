/**
 * The other half of threads.mjs, inside the thread.
 */
import { parentPort } from 'node:worker_threads';

/**
 * Answers each question of the measuring process with what the handler returns.
 *
 * @param {(question: any) => unknown} handler
 */
export function answer(handler) {
  const parent = parentPort;
  if (parent === null) throw new Error('answer() is for worker threads');
  parent.on('message', async (question) => {
    // A rejection here ends the thread as an uncaught error, and the measuring process hears of it.
    parent.postMessage(await handler(question));
  });
}
