/**
 * Latency is judged on one core: on several it is the machine's wake-ups that are measured, not the program.
 */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

/** Part of util-linux; where it is missing nothing can be pinned. */
export const TASKSET = 'taskset';

/**
 * The first core of a list as Linux writes it, e.g. 2 of `2-3,6`.
 *
 * @param {string} list
 * @returns {number | undefined} undefined when it cannot be read
 */
export function firstCore(list) {
  const digits = /^\s*(\d+)/.exec(list)?.[1];
  return digits === undefined ? undefined : Number(digits);
}

/**
 * The core to pin to: the first that this process may use.
 *
 * @returns {number | undefined} undefined where there is no taskset or no /proc
 */
export function coreToPin() {
  let status;
  try {
    status = readFileSync('/proc/self/status', 'utf8');
  } catch {
    return undefined;
  }
  const core = firstCore(/^Cpus_allowed_list:\s*(.*)$/m.exec(status)?.[1] ?? '');
  if (core === undefined) return undefined;
  return spawnSync(TASKSET, ['-c', String(core), 'true']).status === 0 ? core : undefined;
}
