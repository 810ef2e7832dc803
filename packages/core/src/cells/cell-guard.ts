/**
 * Holds the limits of cells from outside, each as a whole: its process with all that this has started. What its
 * own kernel holds of its threads is that kernel's affair, and is not believed here.
 *
 * What is over its memory is asked to collect its garbage, is read again when it says that it has, or after the
 * time that this may take, and only what is then still over is ended. Who is far beyond is not asked.
 */
import type { Clock } from '../clock.js';
import type { CpuLimit } from '../kernel/wall.js';
import { CpuShare } from '../threads/cpu-share.js';
import { megabytes, type LimitExceeded } from '../threads/guard.js';
import { ProcessTree, type ProcessUse } from './process-tree.js';

const BUSY_INTERVAL_MS = 10;
/** As for threads: each look wakes the host. */
const IDLE_INTERVAL_MS = 100;
/** A cell that rests while others run. */
const LONGEST_REST_MS = 50;
/** V8 collects some 1,000 MB a second. */
const COLLECT_MS = 250;
const COLLECT_MS_PER_MB = 1;
/** Memory goes back to the system a little after it was collected, by a thread that may have to wait for its turn. */
const RETURN_MS = 200;
const MOVED_MB = 1;
/** Processor time that a start may take, and that is not held against a cell, however small its share. */
const START_CPU_MS = 1000;
/** Garbage of a busy second; more is no garbage. */
const FAR_BEYOND_MB = 256;
/** A thread takes so much for itself: the first is no use of its own. */
const FIRST_THREAD_MB = 16;

export interface CellLimits {
  /** Beyond what Node itself takes, with the kernel of the cell and a first thread. */
  readonly memoryMb?: number | undefined;
  /** May be more than one core. */
  readonly cpu?: CpuLimit | undefined;
}

export interface GuardedCell {
  readonly limits: CellLimits;
  /** Asks it to collect its garbage; `CellEntry.collected` when it says that it has. */
  collect(): void;
  /** Once. It is no longer watched. */
  onLimit(exceeded: LimitExceeded): void;
  /** Once: the others go first from now on. */
  onOverShare(used: number): void;
}

/** The guard's side of one cell. */
export class CellEntry {
  readonly cell: GuardedCell;
  limits: CellLimits;
  readonly processes: ProcessTree;
  readonly own: ProcessUse;
  share = new CpuShare();
  overShare = false;
  last: ProcessUse;
  quietMs = BUSY_INTERVAL_MS;
  notBefore = 0;
  /** When it is judged, once it was asked to collect. */
  judgedAt: number | undefined;
  askedAgainAt = 0;

  constructor(cell: GuardedCell, processes: ProcessTree, own: ProcessUse) {
    this.cell = cell;
    this.limits = cell.limits;
    this.processes = processes;
    this.own = own;
    this.last = own;
  }

  /** For the guard. Who had exceeded its share is judged by the new one. */
  limitTo(limits: CellLimits): void {
    this.limits = limits;
    this.share = new CpuShare();
    if (this.overShare) this.processes.restorePriority();
    this.overShare = false;
    this.judgedAt = undefined;
  }

  collected(now: number): void {
    if (this.judgedAt !== undefined) this.judgedAt = Math.min(this.judgedAt, now + RETURN_MS);
  }

  /** Of the process and all that it has started, now; undefined once it has ended. Memory as `memoryMb` counts it. */
  use(now: number): ProcessUse | undefined {
    this.processes.lookUpFamily();
    const use = this.processes.read(now);
    return use === undefined ? undefined : { ...use, privateMb: this.beyondOwn(use) };
  }

  beyondOwn({ privateMb }: ProcessUse): number {
    return Math.max(0, privateMb - this.own.privateMb - FIRST_THREAD_MB);
  }
}

export class CellGuard {
  readonly #clock: Clock;
  readonly #entries = new Set<CellEntry>();
  #intervalMs = BUSY_INTERVAL_MS;
  #cancelTick: (() => void) | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Call when the process runs, and before anything of the tree runs in it. Undefined where the system does not tell. */
  watch(cell: GuardedCell, pid: number): CellEntry | undefined {
    const now = this.#clock.now();
    let processes: ProcessTree | undefined;
    try {
      processes = new ProcessTree(pid);
    } catch {
      return undefined;
    }
    processes.lookUpFamily();
    const own = processes.read(now);
    if (own === undefined) {
      processes.close();
      return undefined;
    }
    const entry = new CellEntry(cell, processes, own);
    this.#entries.add(entry);
    this.#wake();
    return entry;
  }

  /** Holds the cell to these from now on. */
  limit(entry: CellEntry, limits: CellLimits): void {
    entry.limitTo(limits);
    this.#wake();
  }

  forget(entry: CellEntry): void {
    if (!this.#entries.delete(entry)) return;
    entry.processes.close();
    if (this.#entries.size > 0) return;
    this.#cancelTick?.();
    this.#cancelTick = undefined;
  }

  readonly #tick = (): void => {
    let busy = false;
    const now = this.#clock.now();
    for (const entry of this.#entries) busy = this.#look(entry, now) || busy;
    this.#intervalMs = busy ? BUSY_INTERVAL_MS : Math.min(IDLE_INTERVAL_MS, this.#intervalMs * 2);
    this.#cancelTick = undefined;
    this.#wake();
  };

  /** Where no cell has a limit, the host sleeps. */
  #wake(): void {
    if ([...this.#entries].some(({ limits }) => isLimited(limits)))
      this.#cancelTick ??= this.#clock.after(this.#intervalMs, this.#tick);
  }

  /** Whether it has run. */
  #look(entry: CellEntry, now: number): boolean {
    const { memoryMb, cpu } = entry.limits;
    if (now < entry.notBefore || !isLimited(entry.limits)) return false;
    const use = entry.processes.read(now);
    if (use === undefined) return false;
    const moved = use.cpuMs > entry.last.cpuMs || use.privateMb > entry.last.privateMb + MOVED_MB;
    entry.last = use;
    // The more of them rest, the less often each is looked at.
    entry.quietMs = moved
      ? BUSY_INTERVAL_MS
      : Math.min(2 * entry.quietMs, LONGEST_REST_MS + this.#entries.size);
    entry.notBefore = moved ? now : now + entry.quietMs;
    if (memoryMb !== undefined && this.#overMemory(entry, entry.beyondOwn(use), memoryMb, now)) {
      this.#end(entry, { limit: 'memoryMb', usedMb: megabytes(entry.beyondOwn(use)), limitMb: memoryMb });
    } else if (cpu !== undefined) this.#share(entry, use, cpu, now);
    return moved || entry.judgedAt !== undefined;
  }

  /** Whether that is the end of it. */
  #overMemory(entry: CellEntry, usedMb: number, limitMb: number, now: number): boolean {
    if (usedMb <= limitMb) {
      entry.judgedAt = undefined;
      return false;
    }
    entry.notBefore = now;
    if (usedMb > 2 * limitMb + FAR_BEYOND_MB) return true;
    if (entry.judgedAt !== undefined) return now >= entry.judgedAt;
    if (now < entry.askedAgainAt) return false;
    const withinMs = COLLECT_MS + COLLECT_MS_PER_MB * usedMb;
    entry.judgedAt = now + withinMs;
    // Collecting takes at most half of its time, however much garbage it makes.
    entry.askedAgainAt = now + 2 * withinMs;
    entry.cell.collect();
    return false;
  }

  #share(entry: CellEntry, use: ProcessUse, { share, over }: CpuLimit, now: number): void {
    const used = entry.share.observe(now, Math.max(0, use.cpuMs - START_CPU_MS) * 1e6);
    if (used === undefined || used <= share) return;
    if (over === 'end') this.#end(entry, { limit: 'cpu', used: Math.round(used * 100) / 100, share });
    else if (!entry.overShare) {
      entry.overShare = true;
      entry.processes.lowerPriority();
      entry.cell.onOverShare(used);
    }
  }

  #end(entry: CellEntry, exceeded: LimitExceeded): void {
    this.forget(entry);
    entry.cell.onLimit(exceeded);
  }
}

function isLimited({ memoryMb, cpu }: CellLimits): boolean {
  return memoryMb !== undefined || cpu !== undefined;
}
