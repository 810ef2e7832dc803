/**
 * The processor time and the priority of one thread of this process, by its system id. Only Linux tells;
 * elsewhere nothing is known, and whoever asks must do without.
 */
import { closeSync, openSync, readlinkSync, readSync } from 'node:fs';
import { setPriority } from 'node:os';
import { ownNumber } from './proc-numbers.js';

const LOWEST_PRIORITY = 19;

/** The calling thread's own id, as /proc shows it, or -1 where the system does not say. */
export function ownTid(): number {
  try {
    const tid = Number(readlinkSync('/proc/thread-self').split('/').at(-1));
    return Number.isInteger(tid) && tid > 0 ? tid : -1;
  } catch {
    return -1;
  }
}

/** Where a thread's processor time is read: /proc, its file kept open (1 µs a read; 8 to 80 when opened). */
export class ThreadCpu {
  readonly #buffer = new Uint8Array(64);
  #file: number | undefined;

  constructor(tid: number) {
    if (tid < 0) return;
    try {
      this.#file = openSync(`/proc/self/task/${tid}/schedstat`, 'r');
    } catch {
      // Not Linux, or the thread is gone already.
    }
  }

  /** Nanoseconds that the thread has run, or undefined when that cannot be read. */
  read(): number | undefined {
    if (this.#file === undefined) return undefined;
    try {
      const length = readSync(this.#file, this.#buffer, 0, this.#buffer.length, 0);
      let ns = 0;
      for (let at = 0; at < length; at += 1) {
        const digit = (this.#buffer[at] as number) - 0x30;
        if (digit < 0 || digit > 9) return at === 0 ? undefined : ns;
        ns = ns * 10 + digit;
      }
    } catch {
      // Closed by an accident of somebody else's, or the thread has ended.
    }
    return undefined;
  }

  close(): void {
    const file = this.#file;
    this.#file = undefined;
    if (file === undefined) return;
    try {
      closeSync(file);
    } catch {
      // As above.
    }
  }
}

/** Gives the thread what the others leave over. An ordinary user cannot take this back. */
export function lowerPriority(tid: number): boolean {
  return setNice(tid, LOWEST_PRIORITY);
}

/** Takes that back, where this user may. */
export function restorePriority(tid: number): boolean {
  return setNice(tid, 0);
}

function setNice(tid: number, nice: number): boolean {
  const own = tid < 0 ? undefined : ownNumber(tid);
  if (own === undefined) return false;
  try {
    setPriority(own, nice);
    return true;
  } catch {
    return false;
  }
}
