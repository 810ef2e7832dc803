/**
 * Calls with 64 in flight, by Piscina with one thread.
 *
 * At its best: `concurrentTasksPerWorker` is the number in flight; with the default of 1 the thread stands still
 * between two tasks and manages an eighth.
 */
import { Piscina } from 'piscina';
import { seconds } from '../clock.mjs';
import { payload } from '../payloads.mjs';
import { IN_FLIGHT } from '../in-flight.mjs';

/** @type {import('../subject.mjs').Open} */
export async function open() {
  const pool = new Piscina({
    filename: new URL('./piscina-task.mjs', import.meta.url).href,
    minThreads: 1,
    maxThreads: 1,
    concurrentTasksPerWorker: IN_FLIGHT,
  });
  return {
    async run({ payload: name, count }) {
      const { build } = payload(name);
      const before = await pool.run({ total: name });
      let next = 0;
      let sum = 0;
      const lane = async () => {
        while (next < count) {
          const i = next;
          next += 1;
          // Awaited first: `sum += await …` would read the old sum before the other lanes have added theirs.
          const result = await pool.run(build(i));
          sum += result;
        }
      };
      const started = seconds();
      await Promise.all(Array.from({ length: IN_FLIGHT }, lane));
      const elapsed = seconds() - started;
      const after = await pool.run({ total: name });
      return { count, seconds: elapsed, sums: [sum, after - before] };
    },
    async close() {
      await pool.destroy();
    },
  };
}
