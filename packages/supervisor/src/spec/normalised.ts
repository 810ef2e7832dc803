/**
 * What a spec becomes: every default filled in, every path resolved, plain frozen data that can be
 * posted to the kernel's thread (strings in place of URLs, no functions). The kernel, the image
 * builder and apply read this form only.
 */
import type {
  AutoShutdown,
  Backoff,
  Restart,
  Shutdown,
  Strategy,
} from '@espalier/core/internal/supervisor-logic.js';
import type {
  CellWallName,
  ClusterExportSpec,
  ClusterImportSpec,
  ClusterSpec,
  Overflow,
  Siblings,
} from './tree-spec.js';

export interface NormalisedThreadLimits {
  readonly heapMb: number;
  readonly youngMb: number;
  readonly stackMb: number;
  readonly memoryMb: number;
}

export interface NormalisedLimits extends NormalisedThreadLimits {
  readonly mailbox: number;
  readonly mailboxBytes: number;
  readonly messageBytes: number;
  readonly messagesPerSecond: number | 'unlimited';
  readonly unresponsiveMs: number | 'infinity';
  readonly cpu: number | 'unlimited';
  readonly cpuOver: 'lower' | 'end';
  readonly stdioBytesPerSecond: number;
  readonly children: number | 'unlimited';
  readonly kernelEntries: number;
  readonly timers: number | 'unlimited';
  readonly processes: number | 'unlimited';
}

/** Of a process as a whole. */
export interface NormalisedProcessLimits {
  readonly memoryMb: number | 'unlimited';
  readonly cpu: number | 'unlimited';
  readonly cpuOver: 'lower' | 'end';
  readonly processes: number | 'unlimited';
}

export interface NormalisedWalls {
  readonly required: readonly CellWallName[];
  readonly preferred: readonly CellWallName[];
}

interface NormalisedChild {
  readonly id: string;
  readonly restart: Restart;
  readonly shutdown: Shutdown;
  readonly startTimeoutMs: number | 'infinity';
  readonly significant: boolean;
  readonly wall: 'thread' | 'process';
  /** Of the process; none around a thread. */
  readonly walls: NormalisedWalls;
  /** Names of its namespace that lead to mailboxes outside: by path from the root on. */
  readonly grants: Readonly<Record<string, { readonly send: string }>>;
}

/** Where the code is: a `file:` URL, or a package specifier looked up from the folder `base` (a `file:` URL). */
export interface NormalisedModule {
  readonly specifier: string;
  readonly base: string;
}

export interface NormalisedEnvironment extends NormalisedChild {
  readonly kind: 'environment';
  readonly module: NormalisedModule;
  readonly name: string | null;
  readonly args: unknown;
  readonly bindings: Readonly<Record<string, unknown>>;
  readonly env: Readonly<Record<string, string>>;
  readonly limits: NormalisedLimits;
  readonly overflow: Overflow;
  readonly sendTimeoutMs: number;
  readonly external: readonly string[];
  readonly backoff: Backoff | null | 'inherit';
}

export interface NormalisedPoolOptions {
  readonly module: NormalisedModule;
  readonly minThreads: number;
  readonly maxThreads: number;
  readonly queue: number;
  readonly concurrentTasks: number;
  readonly idleTimeoutMs: number;
}

export interface NormalisedPool extends NormalisedChild {
  readonly kind: 'pool';
  readonly pool: NormalisedPoolOptions;
  readonly name: string | null;
  readonly bindings: Readonly<Record<string, unknown>>;
  readonly env: Readonly<Record<string, string>>;
  readonly limits: NormalisedThreadLimits;
  readonly external: readonly string[];
  readonly backoff: Backoff | null | 'inherit';
}

export interface NormalisedSupervisor extends NormalisedChild {
  readonly kind: 'supervisor';
  readonly strategy: Strategy;
  readonly intensity: number;
  readonly periodMs: number;
  readonly autoShutdown: AutoShutdown;
  readonly siblings: Siblings;
  readonly maxChildren: number | 'infinity';
  /** Of its children; null: none. */
  readonly backoff: Backoff | null;
  /** Of its process; with `siblings: isolate`, what its children have together. Else nothing is held. */
  readonly limits: NormalisedProcessLimits;
  readonly children: readonly NormalisedNode[];
}

export type NormalisedNode = NormalisedEnvironment | NormalisedPool | NormalisedSupervisor;

/** What a namespace of its own offers to other hosts, and takes from them. */
export interface NormalisedNamespace {
  /** Of the node that has it, from the root on: `/tenants/blue`. */
  readonly path: string;
  /** By exported name; `path`: of who has the name that is exported. */
  readonly exports: Readonly<Record<string, Omit<ClusterExportSpec, 'to'> & { readonly path: string }>>;
  readonly imports: Readonly<Record<string, ClusterImportSpec>>;
}

export interface NormalisedTree {
  readonly name: string;
  /** The root's `id` is the tree's name; its `restart` and `shutdown` have no meaning. */
  readonly root: NormalisedSupervisor;
  /** For the daemon that runs the tree; there where the spec has it. */
  readonly cluster?: ClusterSpec;
  /** The same of namespaces below the root; there where the spec has some. */
  readonly namespaces?: readonly NormalisedNamespace[];
}
