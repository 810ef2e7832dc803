/**
 * One clock for all threads: `performance.now()` starts at zero in each of them, the monotonic clock does not.
 */

/** Monotonic time in seconds, comparable between the threads of one process. */
export function seconds() {
  return Number(process.hrtime.bigint()) / 1e9;
}
