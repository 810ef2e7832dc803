/**
 * The processor time and the priority of one thread of this process, by its system id. Only Linux tells;
 * elsewhere nothing is known, and whoever asks must do without.
 */
import { readFileSync, readlinkSync } from 'node:fs';
import { setPriority } from 'node:os';

const LOWEST_PRIORITY = 19;

/** The calling thread's own id, or -1 where the system does not say. */
export function ownTid(): number {
  try {
    const tid = Number(readlinkSync('/proc/thread-self').split('/').at(-1));
    return Number.isInteger(tid) && tid > 0 ? tid : -1;
  } catch {
    return -1;
  }
}

/** Nanoseconds that the thread has run, or undefined when that cannot be read. */
export function threadCpuNs(tid: number): number | undefined {
  if (tid < 0) return undefined;
  try {
    const cpu = Number.parseInt(readFileSync(`/proc/self/task/${tid}/schedstat`, 'latin1'), 10);
    return Number.isNaN(cpu) ? undefined : cpu;
  } catch {
    return undefined;
  }
}

/** Gives the thread what the others leave over. An ordinary user cannot take this back. */
export function lowerPriority(tid: number): boolean {
  if (tid < 0) return false;
  try {
    setPriority(tid, LOWEST_PRIORITY);
    return true;
  } catch {
    return false;
  }
}
