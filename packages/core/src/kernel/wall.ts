/**
 * What the kernel asks of a fault boundary. A wall starts threads and cells (later: hosts) and reports
 * how they ended, from evidence of its own: never from what the guest said. The kernel decides when
 * to ask, to terminate and to give up (the stop ladder); the wall only carries it out.
 */
import type { Link, LinkSite } from '../channel/link.js';
import type { ExitReason } from '../exit-reason.js';

/** A share of one core, over a second: 0.5 is half of it. */
export interface CpuLimit {
  readonly share: number;
  /** What happens to who uses more: it gets what others leave over, for the rest of its life; or it ends. */
  readonly over: 'lower' | 'end';
}

/** Limits that the wall itself holds; every number is finite and was validated with the spec. */
export interface WallLimits {
  /** Soft limit of the JavaScript heap, held from outside by the guard. MB. */
  readonly heapMb: number;
  /** V8's young generation. MB. */
  readonly youngMb: number;
  /** Stack of the thread. MB. */
  readonly stackMb: number;
  /** Heap and what lies off it together, held from outside. MB. Default: twice `heapMb`. */
  readonly memoryMb?: number;
  /** Default: as much as it gets. */
  readonly cpu?: CpuLimit;
  /** Of a process: processes and threads in its cgroup, its own included. Default: any number. */
  readonly processes?: number;
  /** What it may print; the rest is dropped, and counted. Default: 1,000,000. */
  readonly stdioBytesPerSecond?: number;
}

/** What the system has to put around a process, and what it is to where it can: words that the wall knows. */
export interface SystemWalls {
  readonly required: readonly string[];
  readonly preferred: readonly string[];
}

export interface WallRequest {
  /** `process`: a cell, in which a kernel of its own is started (kernel/uplink.ts); its guest runtime is that kernel. */
  readonly boundary: 'thread' | 'process';
  readonly limits: WallLimits;
  /** Of a cell. */
  readonly walls?: SystemWalls | undefined;
  /** For people and tools: the thread's title. Holds the path of the node, nothing secret. */
  readonly title: string;
  /** What the thread may see as `process.env`; nothing else. */
  readonly env: Readonly<Record<string, string>>;
}

/**
 * How a thread ended, as the wall saw it. `unexplained` leaves the reason to the kernel, which knows
 * whether the guest had announced its end or was being stopped. Of a cell: `limit` if the system ended it
 * for want of memory, `protocol` if it broke the pipe's, `error` if it did not come up, and else `cell`, with
 * the cause as detail (which counts only if the kernel had not ended it itself).
 */
export type WallEnd =
  | { readonly kind: 'unexplained'; readonly exitCode: number }
  | { readonly kind: 'reason'; readonly reason: ExitReason };

export interface WallThread {
  /** The control link to the guest runtime in the thread. */
  readonly link: Link;
  /** Of a cell: its pipe, over which links into it are made. */
  readonly site?: LinkSite | undefined;
  /** One more guest runtime in the same thread, with an end of its own; undefined where there cannot be one. */
  beside?(): WallThread | undefined;
  /** Sets the one observer of the thread's end; called exactly once, also if it ended before. */
  onEnd(observer: (end: WallEnd) => void): void;
  /** Whether its event loop waits for something to do at this moment: then what comes is read. */
  isWaiting(): boolean;
  /** Ends the thread as hard as the wall can; the end is reported through `onEnd`, or never (a stuck thread). */
  terminate(): void;
  /** The thread did not end: stop its output, lower its priority, let the process die by SIGKILL at its end. */
  markStuck(): void;
}

export interface Wall {
  /** Starts a thread or takes a warm spare. Never throws: a failure is reported as an end. */
  start(request: WallRequest): WallThread;
  /** Stops what the wall holds for itself (spares, guard); resolves when none of it is left. */
  close(): Promise<void>;
}
