/**
 * Resident memory of this process.
 */
import { setImmediate as turn } from 'node:timers/promises';

/**
 * Collects this thread's heap, then reads the resident set of the whole process in bytes. The other threads must have
 * been collected by their owner; `gc` is a global in all of them, for the process runs with `--expose-gc`.
 */
export async function residentBytes() {
  if (globalThis.gc === undefined) throw new Error('memory is read in a process with --expose-gc');
  // Twice, with a turn in between: finalisers of the first round free what the second can collect.
  globalThis.gc();
  await turn();
  globalThis.gc();
  return process.memoryUsage.rss();
}
