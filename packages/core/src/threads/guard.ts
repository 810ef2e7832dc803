/**
 * Holds the soft limits of threads from outside. V8's own limit is no bound: the most ordinary leaks abort
 * the whole process there. So each thread that has run since the last look is read; one that is over its
 * limit collects its garbage, is read again, and only what is then still over is a verdict.
 *
 * Invariants:
 * - nothing is read while the process uses no processor time, and no thread that has not run (where /proc
 *   does not say which, all are);
 * - at most one question to a thread is open, so a thread that cannot answer costs nothing;
 * - collecting takes at most half of a thread's time, however much garbage it makes.
 */
import type { Clock } from '../clock.js';
import type { CpuLimit } from '../kernel/wall.js';
import type { InspectionGate } from './inspection-gate.js';
import { ThreadInspector, type InspectedThread } from './thread-inspector.js';
import { ThreadMemory, type MemoryReading } from './thread-memory.js';
import { CpuShare } from './cpu-share.js';
import { ThreadCpu } from './thread-cpu.js';

const BUSY_INTERVAL_MS = 10;
/** Each look wakes the process, which is all that a tree at rest costs; in this time a leak gets to a fifth of V8's spare. */
const IDLE_INTERVAL_MS = 100;
/**
 * For a thread that uses less than half of what it may: an answer costs 0.2 to 0.6 ms of its time, which every 10 ms
 * was 5 % of a busy one. It is as far from V8's limit as a thread at rest, which is looked at less often still.
 */
const FAR_INTERVAL_MS = 30;
/** A thread that rests while others run. */
const LONGEST_REST_MS = 50;
/**
 * Less is not worth a look: some MB at most. Timers and looks of the guard itself use some of this, and an answer to it
 * takes 0.2 to 0.6 ms of its thread: were that a reason to ask again, who is asked once would never rest.
 */
const PROCESS_MOVED_US = 2_000;
const THREAD_MOVED_NS = 2_000_000;
const RELEASE_WITHIN_MS = 20;

export interface GuardLimits {
  readonly heapMb: number;
  /** Heap and off-heap together. */
  readonly memoryMb: number;
  /** Not held where the system does not tell the processor time of a thread. */
  readonly cpu?: CpuLimit | undefined;
}

/** The evidence of a limit exceeded, fit to be the detail of an exit reason. */
export type LimitExceeded =
  | { readonly limit: 'heapMb' | 'memoryMb'; readonly usedMb: number; readonly limitMb: number }
  /** Shares of one core. */
  | { readonly limit: 'cpu'; readonly used: number; readonly share: number };

export interface GuardedThread {
  readonly token: string;
  readonly limits: GuardLimits;
  /** Handed to the thread, which leaves through it. */
  readonly gate: InspectionGate;
  /** Once. The thread is no longer watched. */
  onLimit(exceeded: LimitExceeded): void;
  /** Once: it used more than its share of a core, and has to make way for others. */
  onOverShare?(used: number): void;
}

export interface GuardOptions {
  readonly clock: Clock;
  /** Microseconds of processor time that the process has used; default `process.cpuUsage`. */
  readonly processCpuUs?: () => number;
}

/** The guard's side of one thread. */
export class GuardEntry {
  readonly thread: GuardedThread;
  limits: GuardLimits;
  cpu: ThreadCpu | undefined;
  inspected: InspectedThread | undefined;
  memory: ThreadMemory | undefined;
  reading: MemoryReading | undefined;
  lastCpuNs = -1;
  notBefore = 0;
  /** Far from its limits: left alone so long. */
  farUntil = 0;
  /** How long to leave a resting thread alone. */
  quietMs = BUSY_INTERVAL_MS;
  asking = false;
  share = new CpuShare();
  overShare = false;
  #ready: (() => void) | undefined;
  #prepared = false;
  #leave: (() => void) | undefined;

  constructor(thread: GuardedThread) {
    this.thread = thread;
    this.limits = thread.limits;
  }

  /** Whether the system tells what the thread uses of the processor. */
  get measuresCpu(): boolean {
    return this.cpu?.read() !== undefined;
  }

  /** It is being ended: there is nothing more to ask, and every refusal would end it once more. */
  get leaves(): boolean {
    return this.#leave !== undefined;
  }

  /** Holds these from now on. Who had exceeded its share is judged by the new one. */
  limitTo(limits: GuardLimits): void {
    this.limits = limits;
    this.share = new CpuShare();
    this.overShare = false;
  }

  /** The thread's bootstrap has run and waits; `done` is called when guest code may be let in. */
  prepare(tid: number, done: () => void): void {
    this.cpu = new ThreadCpu(tid);
    this.#ready = done;
    this.attach();
  }

  /**
   * `terminate` is called when no question is under way, after 20 ms at most; and again should an answer
   * come after that, for then the question has swallowed it.
   */
  release(clock: Clock, terminate: () => void): void {
    this.thread.gate.close();
    this.#leave = terminate;
    if (!this.asking) terminate();
    else clock.after(RELEASE_WITHIN_MS, terminate);
  }

  /** The question under way has been answered, or will never be. */
  answered(): void {
    this.asking = false;
    this.#leave?.();
  }

  attach(): void {
    if (this.inspected === undefined || this.#ready === undefined || this.#prepared) return;
    this.#prepared = true;
    const memory = new ThreadMemory(this.inspected);
    this.asking = true;
    memory.prepare(() => {
      this.memory = memory;
      this.answered();
      this.#ready?.();
    });
  }
}

export class Guard {
  readonly #clock: Clock;
  readonly #processCpuUs: () => number;
  readonly #entries = new Map<string, GuardEntry>();
  readonly #inspector: ThreadInspector;
  #lastCpuUs = 0;
  #intervalMs = BUSY_INTERVAL_MS;
  #cancelTick: (() => void) | undefined;

  /** Throws where this Node has no inspector. */
  constructor(options: GuardOptions) {
    this.#clock = options.clock;
    this.#processCpuUs = options.processCpuUs ?? processCpuUs;
    this.#inspector = new ThreadInspector();
  }

  /** Call in the turn in which the thread is started with `token` in its name; later only for what runs before the guard does. */
  watch(thread: GuardedThread): GuardEntry {
    const entry = new GuardEntry(thread);
    this.#entries.set(thread.token, entry);
    this.#inspector.expect(thread.token, thread.gate, (inspected) => {
      entry.inspected = inspected;
      entry.attach();
    });
    this.#cancelTick ??= this.#clock.after(this.#intervalMs, this.#tick);
    return entry;
  }

  /** Has every thread collect its garbage; `done` when those that can have done it. One that cannot is never done. */
  collect(done: () => void): void {
    let left = 1;
    const one = (): void => {
      left -= 1;
      if (left === 0) done();
    };
    for (const entry of this.#entries.values()) {
      if (entry.memory === undefined || entry.asking || entry.leaves) continue;
      left += 1;
      entry.asking = true;
      entry.memory.readCollected((reading) => {
        entry.reading = reading ?? entry.reading;
        entry.answered();
        one();
      });
    }
    one();
  }

  forget(token: string): void {
    this.#entries.get(token)?.cpu?.close();
    this.#entries.delete(token);
    this.#inspector.forget(token);
    if (this.#entries.size > 0) return;
    this.#cancelTick?.();
    this.#cancelTick = undefined;
  }

  /** Before the process ends. */
  close(): void {
    for (const token of [...this.#entries.keys()]) this.forget(token);
    this.#inspector.close();
  }

  readonly #tick = (): void => {
    this.#intervalMs = this.#look() ? BUSY_INTERVAL_MS : Math.min(IDLE_INTERVAL_MS, this.#intervalMs * 2);
    this.#cancelTick = this.#clock.after(this.#intervalMs, this.#tick);
  };

  /** Whether a thread had run. */
  #look(): boolean {
    if (this.#processCpuUs() - this.#lastCpuUs < PROCESS_MOVED_US) return false;
    const now = this.#clock.now();
    let busy = false;
    for (const entry of this.#entries.values()) {
      // Whether or not it answers: a thread inside a long native call uses its core, too.
      if (entry.limits.cpu !== undefined && this.#overShare(entry, entry.limits.cpu, now)) continue;
      if (entry.memory === undefined || entry.asking || entry.leaves || now < entry.notBefore) continue;
      if (now < entry.farUntil) {
        busy = true;
        continue;
      }
      const cpuNs = entry.cpu?.read();
      if (cpuNs !== undefined && cpuNs - entry.lastCpuNs < THREAD_MOVED_NS) {
        // The more threads rest, the less often each is looked at.
        entry.quietMs = Math.min(2 * entry.quietMs, LONGEST_REST_MS + this.#entries.size);
        entry.notBefore = now + entry.quietMs;
        continue;
      }
      entry.quietMs = BUSY_INTERVAL_MS;
      entry.lastCpuNs = cpuNs ?? -1;
      busy = true;
      this.#ask(entry, entry.memory);
    }
    // What this look has cost is no reason for the next.
    this.#lastCpuUs = this.#processCpuUs();
    return busy;
  }

  #ask(entry: GuardEntry, memory: ThreadMemory): void {
    entry.asking = true;
    memory.read((reading) => {
      entry.reading = reading ?? entry.reading;
      if (reading === undefined || excess(reading, entry.limits) === undefined) {
        if (reading !== undefined && isFar(reading, entry.limits)) {
          entry.farUntil = this.#clock.now() + FAR_INTERVAL_MS;
        }
        entry.answered();
        return;
      }
      const began = this.#clock.now();
      memory.readCollected((after) => this.#judge(entry, after, this.#clock.now() - began));
    });
  }

  #judge(entry: GuardEntry, reading: MemoryReading | undefined, collectedMs: number): void {
    entry.answered();
    entry.notBefore = this.#clock.now() + collectedMs;
    if (reading === undefined || !this.#entries.has(entry.thread.token)) return;
    entry.reading = reading;
    const exceeded = excess(reading, entry.limits);
    if (exceeded === undefined) return;
    this.#end(entry, exceeded);
  }

  /** Whether that is the end of it. */
  #overShare(entry: GuardEntry, cpu: CpuLimit, now: number): boolean {
    const cpuNs = entry.cpu?.read();
    const used = cpuNs === undefined ? undefined : entry.share.observe(now, cpuNs);
    if (used === undefined || used <= cpu.share) return false;
    if (cpu.over === 'end') {
      this.#end(entry, { limit: 'cpu', used: Math.round(used * 100) / 100, share: cpu.share });
      return true;
    }
    if (!entry.overShare) entry.thread.onOverShare?.(used);
    entry.overShare = true;
    return false;
  }

  #end(entry: GuardEntry, exceeded: LimitExceeded): void {
    this.forget(entry.thread.token);
    entry.thread.onLimit(exceeded);
  }
}

function excess({ heapMb, offHeapMb }: MemoryReading, limits: GuardLimits): LimitExceeded | undefined {
  if (heapMb > limits.heapMb) return { limit: 'heapMb', usedMb: megabytes(heapMb), limitMb: limits.heapMb };
  const usedMb = heapMb + offHeapMb;
  if (usedMb > limits.memoryMb)
    return { limit: 'memoryMb', usedMb: megabytes(usedMb), limitMb: limits.memoryMb };
  return undefined;
}

function isFar({ heapMb, offHeapMb, partial }: MemoryReading, limits: GuardLimits): boolean {
  return !partial && 2 * heapMb < limits.heapMb && 2 * (heapMb + offHeapMb) < limits.memoryMb;
}

/** For people. */
export function overShare(title: string, used: number): string {
  const percent = Math.round(used * 100);
  return `'${title}' used ${percent} % of a core, more than its share: others go first from now on`;
}

/** As people read them. */
export function megabytes(mb: number): number {
  return Math.round(mb * 10) / 10;
}

function processCpuUs(): number {
  const { user, system } = process.cpuUsage();
  return user + system;
}
