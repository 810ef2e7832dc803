/**
 * What a process and all that it has started use, as the system tells it: Linux, by /proc.
 *
 * Memory is `RssAnon + RssShmem + VmSwap` of /proc/<pid>/status: what is the process's own. The code of Node,
 * which all of them map, is nobody's; and what was swapped out is still used. `statm` says neither; and
 * `smaps_rollup`, which would share out every page, walks all of them (0.7 ms for a cell that rests, against
 * 3 µs). Processor time is that of /proc/<pid>/stat, in ticks of 10 ms, with that of children which have ended.
 *
 * A file that stays open is that of one process, and of no other that gets its number.
 */
import { closeSync, openSync, readFileSync, readSync, writeFileSync } from 'node:fs';
import { childrenOf, threadsOf } from '../threads/proc-numbers.js';
import { lowerPriority, restorePriority } from '../threads/thread-cpu.js';

const KB_PER_MB = 1024;
/** What Linux counts in for whoever asks, on every machine that Node runs on. */
const MS_PER_TICK = 10;
/** Whom it has started is looked up so often, as long as it runs. */
const FAMILY_MS = 500;
const MOST_BYTES = 4096;
/** Of /proc/<pid>/stat, behind the name: utime, stime, cutime, cstime. */
const TIMES = [11, 12, 13, 14];
const FIELDS = 15;
const LOWEST_NICE = '19';

export interface ProcessUse {
  readonly privateMb: number;
  readonly cpuMs: number;
}

export class ProcessTree {
  readonly #pid: number;
  readonly #files = new Map<number, OpenProcess>();
  #familyAt = -Infinity;
  #familyCpuMs = -1;

  /** As /proc shows it. Throws where the system does not tell. */
  constructor(pid: number) {
    this.#pid = pid;
    this.#files.set(pid, new OpenProcess(pid));
  }

  /** `now` in milliseconds. Undefined once the process has ended. */
  read(now: number): ProcessUse | undefined {
    let privateMb = 0;
    let cpuMs = 0;
    for (const [pid, process] of this.#files) {
      const use = process.read();
      if (use !== undefined) {
        privateMb += use.privateMb;
        cpuMs += use.cpuMs;
      } else if (pid === this.#pid) return undefined;
      else this.#forget(pid);
    }
    // Who does not run starts nobody.
    if (cpuMs !== this.#familyCpuMs && now - this.#familyAt >= FAMILY_MS) {
      this.#familyAt = now;
      this.#familyCpuMs = cpuMs;
      this.lookUpFamily();
    }
    return { privateMb, cpuMs };
  }

  /** Others go first from now on, for all of its threads and those that they will start. */
  lowerPriority(): void {
    this.#setPriority(lowerPriority, LOWEST_NICE);
  }

  /** They do not any more, where this user may say so. */
  restorePriority(): void {
    this.#setPriority(restorePriority, '0');
  }

  #setPriority(ofThread: (tid: number) => boolean, ofSession: string): void {
    this.lookUpFamily();
    for (const pid of this.#files.keys()) {
      for (const tid of threadsOf(pid)) ofThread(tid);
      try {
        // A cell leads a session, and with autogroups the priorities of a session count within it alone.
        writeFileSync(`/proc/${pid}/autogroup`, ofSession);
      } catch {
        // There are none, or it has ended.
      }
    }
  }

  close(): void {
    for (const pid of [...this.#files.keys()]) this.#forget(pid);
  }

  #forget(pid: number): void {
    this.#files.get(pid)?.close();
    this.#files.delete(pid);
  }

  /** Whom it has started: done by itself now and then, and here for who wants to know of all of them at once. */
  lookUpFamily(): void {
    const family = new Set([this.#pid]);
    // Grows as it is walked.
    for (const pid of family) for (const child of childrenOf(pid)) family.add(child);
    for (const pid of [...this.#files.keys()]) if (!family.has(pid)) this.#forget(pid);
    for (const pid of family) {
      if (this.#files.has(pid)) continue;
      try {
        this.#files.set(pid, new OpenProcess(pid));
      } catch {
        // It has ended meanwhile.
      }
    }
  }
}

/** Private memory that a process may write to, whether or not it has, MB: what `RLIMIT_DATA` limits. */
export function dataMbOf(pid: number): number | undefined {
  try {
    const found = /^VmData:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'latin1'));
    return found === null ? undefined : Number(found[1]) / KB_PER_MB;
  } catch {
    return undefined;
  }
}

/** Of its main thread, as long as that lives: the one that was started first. */
export function firstChildOf(pid: number): number | undefined {
  try {
    const child = Number.parseInt(readFileSync(`/proc/${pid}/task/${pid}/children`, 'latin1'), 10);
    return Number.isNaN(child) ? undefined : child;
  } catch {
    return undefined;
  }
}

class OpenProcess {
  readonly #status: number;
  readonly #stat: number;
  readonly #buffer = Buffer.alloc(MOST_BYTES);

  constructor(pid: number) {
    this.#status = openSync(`/proc/${pid}/status`, 'r');
    try {
      this.#stat = openSync(`/proc/${pid}/stat`, 'r');
    } catch (error) {
      closeSync(this.#status);
      throw error;
    }
  }

  read(): ProcessUse | undefined {
    try {
      const status = this.#text(this.#status);
      const kB = (field: string): number => {
        const at = status.indexOf(`\n${field}:`);
        return at < 0 ? 0 : Number.parseInt(status.slice(at + field.length + 2, at + 40), 10);
      };
      const privateKb = kB('RssAnon') + kB('RssShmem') + kB('VmSwap');
      const stat = this.#text(this.#stat);
      // A name may hold blanks and brackets.
      const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ', FIELDS);
      const ticks = TIMES.reduce((sum, at) => sum + Number(fields[at]), 0);
      return { privateMb: privateKb / KB_PER_MB, cpuMs: ticks * MS_PER_TICK };
    } catch {
      return undefined;
    }
  }

  close(): void {
    closeSync(this.#status);
    closeSync(this.#stat);
  }

  #text(file: number): string {
    return this.#buffer.toString('latin1', 0, readSync(file, this.#buffer, 0, MOST_BYTES, 0));
  }
}
