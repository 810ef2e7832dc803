/**
 * The command that starts a cell: Node, behind the commands that raise its walls. Each of them becomes the
 * next by `exec`, so that the process that was started is the cell itself:
 *
 *   sh (into its cgroups) → unshare (user) → setpriv → unshare (namespaces) → setpriv → prlimit → node
 *
 * Only a process namespace begins with a child, and that is a shell, which starts the cell and waits:
 *
 *   unshare ⇒ setpriv → sh (process 1 of the namespace) ⇒ prlimit → node
 *
 * The first process of a namespace inherits what others leave behind in it: a shell collects their ends, Node would not. Nor
 * do signals that are sent inside end it, an abort of its own among them; so Node ends as anywhere. Of that `sh` and `unshare`
 * pass on the exit code, for a signal 128 and its number. Each of them ends with the one above it, and all in the namespace
 * with its first; a death signal is lost when a process changes its user or enters a user namespace, so it is set after that.
 */
import { NAMESPACE_FLAGS, NAMESPACES, NOBODY, USER_NAMESPACE, type Machine, type WallName } from './walls.js';

/** Limits that the system holds for the process as a whole. Positive numbers, Infinity for none; left out: the host's own. */
export interface ProcessLimits {
  /**
   * Private memory beyond what Node takes before it runs anything, MB. What is over it is a RangeError in the
   * cell, or its end where V8 itself is refused memory. A thread takes about 12 for itself.
   */
  readonly dataMb?: number;
  /** Open descriptors. */
  readonly files?: number;
  /** Processes and threads of the user, where that is not root. */
  readonly processes?: number;
}

/**
 * The C library's own default, held: it would raise the size from which memory is given back to the system when it
 * is freed, up to 32 MB, so that a cell's garbage stayed its use. Guests do not see this.
 */
export const CELL_ENVIRONMENT = { MALLOC_MMAP_THRESHOLD_: '131072' };
/** Where the system is to choose it first when it runs out of memory. */
export const OOM_SCORE = 500;
const MAX_TITLE = 100;
const BYTES_PER_MB = 1024 * 1024;
const DEATH_SIGNAL = ['--pdeathsig', 'KILL'];
const NO_RIGHTS = ['--no-new-privs', '--bounding-set=-all', '--inh-caps=-all'];
const OTHER_USER = ['--reuid', String(NOBODY), '--regid', String(NOBODY), '--clear-groups'];
const INTO_CGROUPS =
  'while [ "$1" != -- ]; do echo 0 > "$1/cgroup.procs" || exit 125; shift; done; shift; exec "$@"';

/** Silent, or it would say into the cell's stream how that has ended. */
const WAITS = 'exec 9>&2 2> /dev/null; (exec "$@" 2>&9 9>&-); exit $?';

export interface CellCommand {
  /** Those that the machine offers: see `chooseWalls`. */
  readonly walls: ReadonlySet<WallName>;
  readonly machine: Machine;
  readonly limits: ProcessLimits;
  /** Cgroups that the cell joins before it runs anything. */
  readonly cgroups: readonly string[];
  /** Node with its flags, the file to run and its arguments. */
  readonly node: readonly string[];
}

/** The words of the command. */
export function cellCommand({ walls, machine, limits, cgroups, node }: CellCommand): string[] {
  const { sh, unshare, setpriv, prlimit } = machine.tools;
  const kinds = [...NAMESPACES, 'proc' as const].filter((kind) => walls.has(kind));
  const namespaces = [...new Set(kinds.flatMap((kind) => NAMESPACE_FLAGS[kind]))];
  const inUserNamespace = walls.has('user') || (namespaces.length > 0 && machine.inUserNamespace);
  const dies = walls.has('deathSignal') ? DEATH_SIGNAL : [];
  // Rights that the host has not got itself are given back; another user has none.
  const rights = inUserNamespace || walls.has('otherUser') ? NO_RIGHTS : [];
  const before = namespaces.includes('--fork') ? dies : [];
  const behind = [...(walls.has('otherUser') ? OTHER_USER : []), ...rights, ...dies];
  const held = walls.has('rlimits') ? rlimits(limits, machine.nodeDataMb) : [];
  return [
    ...(cgroups.length > 0 ? [sh ?? 'sh', '-c', INTO_CGROUPS, 'sh', ...cgroups, '--'] : []),
    ...step(unshare, inUserNamespace ? USER_NAMESPACE : []),
    ...step(setpriv, before),
    ...step(unshare, namespaces),
    ...step(setpriv, behind),
    ...(hasWaitingShell(walls, machine) ? [sh ?? 'sh', '-c', WAITS, 'sh'] : []),
    ...step(prlimit, held),
    ...node,
  ];
}

/** Node's flag that gives its process a title. */
export function titled(title: string): string {
  return `--title=${title.slice(0, MAX_TITLE)}`;
}

/** Whether the process that is started waits for the cell, its child, instead of becoming it. */
export function hasOwnProcessNamespace(walls: ReadonlySet<WallName>): boolean {
  return walls.has('pid') || walls.has('proc');
}

/** Whether the first process of that namespace is not the cell, but a shell that waits for it. */
export function hasWaitingShell(walls: ReadonlySet<WallName>, { tools }: Machine): boolean {
  return hasOwnProcessNamespace(walls) && tools.sh !== undefined;
}

/** The command that limits the private memory of a cell that runs: as its own user, which takes no right. */
export function limitDataCommand(
  { walls, machine }: Pick<CellCommand, 'walls' | 'machine'>,
  pid: number,
  dataMb: number,
): string[] | undefined {
  const { setpriv, prlimit } = machine.tools;
  if (!walls.has('rlimits') || prlimit === undefined) return undefined;
  return [
    ...step(setpriv, walls.has('otherUser') ? OTHER_USER : []),
    prlimit,
    '--pid',
    String(pid),
    dataLimit(dataMb),
  ];
}

/** What `prlimit` is told of private memory, MB. The soft limit alone: to raise the hard one takes a right that few have. */
function dataLimit(dataMb: number): string {
  return `--data=${Number.isFinite(dataMb) ? Math.round(dataMb * BYTES_PER_MB) : 'unlimited'}:`;
}

function step(command: string | undefined, flags: readonly string[]): string[] {
  return command === undefined || flags.length === 0 ? [] : [command, ...flags, '--'];
}

function rlimits({ dataMb, files, processes }: ProcessLimits, nodeDataMb: number | undefined): string[] {
  const flags = ['--core=0'];
  if (dataMb !== undefined && nodeDataMb !== undefined) flags.push(dataLimit(nodeDataMb + dataMb));
  if (files !== undefined) flags.push(`--nofile=${Math.ceil(files)}`);
  if (processes !== undefined) flags.push(`--nproc=${Math.ceil(processes)}`);
  return flags;
}
