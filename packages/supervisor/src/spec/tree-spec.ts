/**
 * What a user writes: a tree as a plain object, or a YAML or JSON file of the same shape. Every field
 * is described for people in docs/spec.md, which is made from the table in fields.ts; the compiler
 * checks that these types and that table have the same fields.
 *
 * A node is an environment (it has `module`), a pool (`pool`) or a supervisor (`children`).
 */
import type { WallName } from '@espalier/core/internal/host.js';
import type {
  AutoShutdown,
  Backoff,
  Restart,
  Shutdown,
  Strategy,
} from '@espalier/core/internal/supervisor-logic.js';

/** What a sender meets at a full mailbox. */
export type Overflow = 'block' | 'reject' | 'drop-newest' | 'drop-oldest';

export type Wall = 'thread' | 'process' | 'host';
/** Node's permission flag holds for a thread, not for a cell: with it the guard would be blind. */
export type CellWallName = Exclude<WallName, 'permission'>;

/** Walls that the system may offer around a cell: see docs/spec.md. */
export interface WallsSpec {
  /** One that the machine lacks fails the start. */
  required?: CellWallName[];
  /** One that the machine lacks is reported. */
  preferred?: CellWallName[];
}

/** How the children of a supervisor live together: see docs/isolation.md. */
export type Siblings = 'group' | 'isolate';

/** What a name leads to. */
export interface GrantSpec {
  /**
   * Who can be sent to, called, monitored, linked: the path of an environment or a pool, from the root on, `/store/db`;
   * below that of an environment, a name that one takes which it has spawned, `/bridge/prices`; or a name of another host,
   * `cluster.imports.prices`.
   */
  send: string;
}

export type Trust = 'trusted' | 'confined';

/** true: the defaults; false: none. */
export type BackoffSpec = Partial<Backoff> | boolean;

/** Limits of one thread's memory, in megabytes (1024 · 1024 bytes). */
export interface ThreadLimitsSpec {
  /** All that V8 keeps for the thread's objects; held from outside by the guard. */
  heapMb?: number;
  /** V8's young generation. */
  youngMb?: number;
  stackMb?: number;
  /** Heap and what lies off it (ArrayBuffers, external strings) together; held from outside by the guard. */
  memoryMb?: number;
}

export interface EnvironmentLimitsSpec extends ThreadLimitsSpec {
  /** Messages that may wait in the mailbox. */
  mailbox?: number;
  /** Bytes that may wait in the mailbox. */
  mailboxBytes?: number;
  /** Bytes of one message. */
  messageBytes?: number;
  /** Messages that its mailbox takes in a second. */
  messagesPerSecond?: number | 'unlimited';
  /** For so long its event loop may stand still. */
  unresponsiveMs?: number | 'infinity';
  /** A share of one core, over a second. */
  cpu?: number | 'unlimited';
  /** What happens to who uses more: others go first, for the rest of its life; or it ends with `limit`. */
  cpuOver?: 'lower' | 'end';
  /** What it may print; the rest is dropped, and counted. */
  stdioBytesPerSecond?: number;
  /** Environments that it has spawned and that run, or are being started. */
  children?: number | 'unlimited';
  /** Handles, names, monitors, links and spawns under way that the kernel keeps for it. */
  kernelEntries?: number;
  /** Timers of its own that are under way. */
  timers?: number | 'unlimited';
  /** Of its process: processes and threads in its cgroup. */
  processes?: number | 'unlimited';
}

/** What can be changed while the environment runs. */
export type ChangeableLimitsSpec = Omit<
  EnvironmentLimitsSpec,
  'mailbox' | 'mailboxBytes' | 'messageBytes' | 'messagesPerSecond' | 'children' | 'kernelEntries' | 'timers'
>;

/** Limits of a process as a whole: of all that runs in it, and all that it starts. */
export interface ProcessLimitsSpec {
  /** Megabytes, beyond what Node itself takes. */
  memoryMb?: number | 'unlimited';
  /** Cores, over a second. */
  cpu?: number | 'unlimited';
  /** As `cpuOver` of an environment. */
  cpuOver?: 'lower' | 'end';
  /** Processes and threads in its cgroup. */
  processes?: number | 'unlimited';
}

/** What every node below the root may say: how its supervisor treats it. */
export interface ChildNodeSpec {
  id: string;
  restart?: Restart;
  shutdown?: Shutdown;
  startTimeoutMs?: number | 'infinity';
  significant?: boolean;
  wall?: Wall;
  /** Of the process, with `wall: process`. */
  walls?: WallsSpec;
  /** Names of its namespace that lead to mailboxes of others. */
  grants?: Record<string, GrantSpec>;
  /** What its namespace offers to the same one on other hosts, and takes from it. On children of `siblings: isolate`. */
  cluster?: NamespaceClusterSpec;
}

export interface EnvironmentSpec extends ChildNodeSpec {
  /** File path, package name, or URL (`file:`). A relative path is taken from the spec file's folder. */
  module: string | URL;
  /** The name under which others find it; null for none. Default: the id. */
  name?: string | null;
  /** Handed to the behaviour's init. Any value of the closed set (docs/values.md). */
  args?: unknown;
  /** Initial bindings of its lexical environment. */
  bindings?: Record<string, unknown>;
  /** Its whole `process.env`. */
  env?: Record<string, string>;
  limits?: EnvironmentLimitsSpec;
  overflow?: Overflow;
  sendTimeoutMs?: number;
  /** Packages that are left out of the image and loaded by Node. */
  external?: string[];
  trust?: Trust;
  /** Overrides the supervisor's. */
  backoff?: BackoffSpec;
}

export interface PoolOptionsSpec {
  /** A module whose default export is one function, or whose named exports are functions. */
  module: string | URL;
  minThreads?: number;
  maxThreads?: number;
  /** Tasks that may wait for a thread. */
  queue?: number;
  /** Tasks that one thread runs at a time. */
  concurrentTasks?: number;
  /** A thread above `minThreads` that has had no task for so long ends. */
  idleTimeoutMs?: number;
}

export interface PoolSpec extends ChildNodeSpec {
  pool: PoolOptionsSpec;
  name?: string | null;
  bindings?: Record<string, unknown>;
  env?: Record<string, string>;
  /** Of each of its threads. */
  limits?: ThreadLimitsSpec;
  external?: string[];
  trust?: Trust;
  /** Overrides the supervisor's. */
  backoff?: BackoffSpec;
}

/** What root and inner supervisors have in common. */
export interface SupervisorOptionsSpec {
  children: ChildSpecInput[];
  strategy?: Strategy;
  intensity?: number;
  periodMs?: number;
  autoShutdown?: AutoShutdown;
  maxChildren?: number | 'infinity';
  siblings?: Siblings;
  /** How long restarts of its children wait. */
  backoff?: BackoffSpec;
}

export interface SupervisorNodeSpec extends ChildNodeSpec, SupervisorOptionsSpec {
  /** Of its process, with `wall: process`: a pool for all that runs in it; or what isolated children reserve parts of. */
  limits?: ProcessLimitsSpec;
}

export type ChildSpecInput = EnvironmentSpec | PoolSpec | SupervisorNodeSpec;

/** A name that other hosts can reach. */
export interface ClusterExportSpec {
  /** The name in its namespace. Default: the exported one. */
  to?: string;
  durable?: boolean;
  holders?: 'one' | 'many';
  attempts?: number;
}

/** A name of other hosts. */
export interface ClusterImportSpec {
  /** The name in its namespace. Default: the exported one. */
  as?: string;
  durable?: boolean;
  holders?: 'one' | 'many';
  /** What a sender here meets when there is no room on the way. Default: `block`. */
  overflow?: Overflow;
  /** How long a sender waits with `block`. Milliseconds, 5000 by default. */
  sendTimeoutMs?: number;
}

/** What a namespace offers to the same one on other hosts, and takes from it. For a tree that a daemon runs. */
export interface NamespaceClusterSpec {
  exports?: Record<string, ClusterExportSpec>;
  imports?: Record<string, ClusterImportSpec>;
}

/** The same of the tree's own namespace, which all hosts of the cluster share. */
export interface ClusterSpec extends NamespaceClusterSpec {
  /** What it exports is told over the broker alone, and not on the link. Default: false. */
  hidden?: boolean;
  /** The broker is a cluster. The same on all hosts. */
  replicated?: boolean;
}

/** The root: a supervisor with nobody above it, so it has a name and no restart. */
export interface TreeSpec extends SupervisorOptionsSpec {
  /** For people. Default: `root`. */
  name?: string;
  wall?: Wall;
  /** Names of the tree's own namespace, which is the application's, that lead to mailboxes in others. */
  grants?: Record<string, GrantSpec>;
  /** What it offers to other hosts, and takes from them. Refused where no daemon runs the tree. */
  cluster?: ClusterSpec;
}
