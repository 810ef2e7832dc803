/** The walls that a system may offer around a cell: what they are called, and what a probe says of each. */

export const NAMESPACES = ['pid', 'net', 'mount', 'ipc', 'uts'] as const;

export type Namespace = (typeof NAMESPACES)[number];

export const CONTROLLERS = ['memory', 'cpu', 'pids'] as const;

/** What a cgroup holds: memory with a kill at its limit, a share of the processors, a number of processes and threads. */
export type Controller = (typeof CONTROLLERS)[number];

export const WALLS = {
  user: 'a user namespace: what namespaces need where the host does not run as root',
  pid: 'a process namespace: nothing in the cell outlives it, and it sees no process outside',
  proc: 'the same, with a /proc of its own, which shows the cell alone',
  net: 'a network namespace: no network at all',
  mount: 'a mount namespace: what it mounts is seen by nobody else',
  ipc: 'a namespace for System V IPC and POSIX queues',
  uts: 'a namespace for the host name',
  rlimits: 'limits of memory, descriptors, processes and core files that the system holds (prlimit)',
  deathSignal:
    'ended by the system when the kernel’s thread ends, even with its own main thread blocked (setpriv)',
  otherUser: 'a user without rights of its own',
  memory: 'a cgroup that holds its memory',
  cpu: 'a cgroup that holds its share of the processors',
  pids: 'a cgroup that holds its number of processes and threads',
  oomScore: 'chosen first when the system runs out of memory',
  permission: 'Node’s permission flag',
} as const;

export type WallName = keyof typeof WALLS;

/** Of one wall on this machine. */
export interface ProbedWall {
  readonly available: boolean;
  /** What was found, for people. */
  readonly why: string;
  /** What to do about it where it is missing, for people. */
  readonly remedy?: string;
}

/** What this machine offers: plain data. */
export interface Machine {
  readonly walls: Readonly<Record<WallName, ProbedWall>>;
  /** Absolute paths of the commands that are there. */
  readonly tools: Readonly<Partial<Record<Tool, string>>>;
  /** Whether namespaces are to be made inside a user namespace: not where the host may make them as it is. */
  readonly inUserNamespace: boolean;
  /** The host's process, as the system numbers it: whose cgroups these are, whichever of its cells has made them. */
  readonly host: number;
  /** Folders that cgroups can be made in. */
  readonly cgroups: Readonly<Partial<Record<Controller, CgroupBase>>>;
  /**
   * Private memory that Node takes before it runs anything, MB: 50 of version 20, 570 from version 24 on, which
   * sets aside room for code. Not probed, for that would take a start of Node: the first cell shows it. A cell
   * that is started before is limited as soon as it has said hello.
   */
  readonly nodeDataMb?: number | undefined;
  /** What Node calls its permission flag. */
  readonly permissionFlag: string | undefined;
}

export const TOOLS = ['unshare', 'prlimit', 'setpriv', 'sh', 'true'] as const;

export type Tool = (typeof TOOLS)[number];

export interface CgroupBase {
  readonly version: 1 | 2;
  readonly folder: string;
}

/** A user that owns nothing, on every system. */
export const NOBODY = 65_534;

/** Root there, which is nobody here: only so do the commands that follow keep the right to divide it further. */
export const USER_NAMESPACE = ['--user', '--map-root-user'];

/** How `unshare` is asked for each. A process namespace begins with a child, which ends with its parent. */
export const NAMESPACE_FLAGS: Readonly<Record<Namespace | 'proc', readonly string[]>> = {
  pid: ['--pid', '--fork', '--kill-child=KILL'],
  proc: ['--pid', '--fork', '--kill-child=KILL', '--mount', '--mount-proc'],
  net: ['--net'],
  mount: ['--mount'],
  ipc: ['--ipc'],
  uts: ['--uts'],
};
