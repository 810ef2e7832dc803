/**
 * What this machine offers for the walls of cells, tried out once: a command that is there may still be refused
 * by the system, and a file that can be seen may not be writable. Nothing is left behind.
 */
import { accessSync, constants } from 'node:fs';
import { mkdir, readFile, rmdir, writeFile } from 'node:fs/promises';
import { delimiter, isAbsolute, join } from 'node:path';
import { findCgroupBase, type CgroupFiles, type CgroupSearch } from './cgroup-bases.js';
import { runCommand, type CommandResult, type RunCommand } from './run-command.js';
import { commandsInOneShell } from './run-commands.js';
import {
  CONTROLLERS,
  NAMESPACE_FLAGS,
  NAMESPACES,
  NOBODY,
  TOOLS,
  USER_NAMESPACE,
  type CgroupBase,
  type Controller,
  type Machine,
  type Namespace,
  type ProbedWall,
  type Tool,
  type WallName,
} from './walls.js';

export interface ProbeOptions {
  /** Files that a cell has to read even as another user: its entry, images. Absolute. */
  readonly files: readonly string[];
  /** Default: the system. */
  readonly system?: ProbedSystem;
}

/** What a probe asks of the system. */
export interface ProbedSystem {
  readonly run: RunCommand;
  readonly files: CgroupFiles & { writeFile(path: string, text: string): Promise<void> };
  /** The absolute path of a command, if it is there. */
  find(tool: Tool): string | undefined;
  /** The user that this process runs as. */
  readonly uid: number;
  readonly node: string;
  readonly nodeFlags: ReadonlySet<string>;
}

export const UTIL_LINUX = 'Install the package util-linux.';
const PERMISSION_FLAGS = ['--permission', '--experimental-permission'];
export const OOM_SCORE_FILE = '/proc/self/oom_score_adj';
/** Node says its version before it starts an engine: in a tenth of the time of any other run. */
const RUNS_AND_READS =
  '"$0" --version > /dev/null || exit; for file; do [ -r "$file" ] || { echo "no right to read $file" >&2; exit 1; }; done';

const NAMESPACE_REMEDY =
  'Allow user namespaces (sysctl user.max_user_namespaces, kernel.unprivileged_userns_clone, ' +
  'kernel.apparmor_restrict_unprivileged_userns; in a container its seccomp profile), or run as root.';
const CGROUP_REMEDY =
  'Give this process a cgroup of its own to divide: systemd `Delegate=yes`, or a container with a writable /sys/fs/cgroup.';

/** Takes about as long as starting Node once. Never rejects. */
export async function probeMachine(options: ProbeOptions): Promise<Machine> {
  const system = options.system ?? realSystem();
  const tools = Object.fromEntries(
    TOOLS.flatMap((tool) => {
      const path = system.find(tool);
      return path === undefined ? [] : [[tool, path]];
    }),
  ) as Partial<Record<Tool, string>>;
  const [namespaces, rlimits, deathSignal, otherUser, oomScore, ...bases] = await Promise.all([
    probeNamespaces(system, tools),
    probeTool(system, tools, 'prlimit', ['--data=1073741824', '--nofile=64', '--core=0', '--nproc=1000']),
    probeTool(system, tools, 'setpriv', ['--pdeathsig', 'KILL', '--no-new-privs']),
    probeOtherUser(system, tools, options.files),
    probeOomScore(system),
    ...CONTROLLERS.map((controller) => findCgroupBase(controller, system.files)),
  ]);
  const cgroups: Partial<Record<Controller, CgroupBase>> = {};
  const held = CONTROLLERS.map((controller, n) => {
    const base = bases[n] as CgroupSearch;
    if (typeof base === 'string') return [controller, missing(base, CGROUP_REMEDY)] as const;
    if (tools.sh === undefined) return [controller, missing('there is no `sh`', 'Install a shell.')] as const;
    cgroups[controller] = base;
    return [controller, available(`cgroup version ${base.version}, ${base.folder}`)] as const;
  });
  const permissionFlag = PERMISSION_FLAGS.find((flag) => system.nodeFlags.has(flag));
  const permission =
    permissionFlag === undefined
      ? missing('this Node has no permission flag', 'Use Node 20 or later.')
      : available(permissionFlag);
  const walls: Record<WallName, ProbedWall> = {
    ...namespaces.walls,
    ...(Object.fromEntries(held) as Record<Controller, ProbedWall>),
    rlimits,
    deathSignal,
    otherUser,
    oomScore,
    permission,
  };
  return {
    walls,
    tools,
    inUserNamespace: namespaces.inUserNamespace,
    host: process.pid,
    cgroups,
    permissionFlag,
  };
}

type Tools = Machine['tools'];

async function probeTool(
  system: ProbedSystem,
  tools: Tools,
  tool: 'prlimit' | 'setpriv',
  flags: readonly string[],
): Promise<ProbedWall> {
  const command = tools[tool];
  if (command === undefined) return missing(missingTool(tool), UTIL_LINUX);
  const result = await system.run([command, ...flags, tools.true ?? 'true']);
  return verdict(result, `${command} ${flags.join(' ')}`, UTIL_LINUX);
}

async function probeOtherUser(
  system: ProbedSystem,
  tools: Tools,
  files: readonly string[],
): Promise<ProbedWall> {
  if (system.uid !== 0)
    return missing('only root may start a process as another user', 'Run as root, or do without.');
  if (tools.setpriv === undefined) return missing('there is no `setpriv`', UTIL_LINUX);
  const user = ['--reuid', String(NOBODY), '--regid', String(NOBODY), '--clear-groups', '--no-new-privs'];
  if (tools.sh === undefined) return missing('there is no `sh`', 'Install a shell.');
  const readsAll = [tools.sh, '-c', RUNS_AND_READS, system.node, ...files];
  const result = await system.run([tools.setpriv, ...user, '--', ...readsAll]);
  const remedy = `Let every user read and run ${[system.node, ...files].join(', ')} and the folders that lead there.`;
  return verdict(result, `user ${NOBODY} can run Node and read what it needs`, remedy);
}

async function probeOomScore({ files }: ProbedSystem): Promise<ProbedWall> {
  try {
    // What stands there, so that nothing is changed.
    await files.writeFile(OOM_SCORE_FILE, (await files.readFile(OOM_SCORE_FILE)).trim());
    return available(`${OOM_SCORE_FILE} is writable`);
  } catch (error) {
    return missing((error as Error).message, 'Make /proc writable.');
  }
}

interface ProbedNamespaces {
  readonly walls: Record<Namespace | 'user' | 'proc', ProbedWall>;
  readonly inUserNamespace: boolean;
}

/** All at once, which is the usual case; only where that is refused, one by one. */
async function probeNamespaces(system: ProbedSystem, tools: Tools): Promise<ProbedNamespaces> {
  const { unshare } = tools;
  const kinds = [...NAMESPACES, 'proc'] as const;
  if (unshare === undefined) {
    const none = missing('there is no `unshare`', UTIL_LINUX);
    const walls = Object.fromEntries([...kinds, 'user'].map((kind) => [kind, none]));
    return { walls: walls as ProbedNamespaces['walls'], inUserNamespace: false };
  }
  const attempt = (user: boolean, flags: readonly string[]): Promise<CommandResult> =>
    system.run([unshare, ...(user ? USER_NAMESPACE : []), ...flags, tools.true ?? 'true']);
  const all = [...new Set(kinds.flatMap((kind) => NAMESPACE_FLAGS[kind]))];
  const [plain, inside, alone] = await Promise.all([
    attempt(false, all),
    attempt(true, all),
    attempt(true, []),
  ]);
  const inUserNamespace = !plain.ok && alone.ok;
  const complete = plain.ok || inside.ok;
  const results = complete
    ? kinds.map(() => (plain.ok ? plain : inside))
    : await Promise.all(kinds.map((kind) => attempt(inUserNamespace, NAMESPACE_FLAGS[kind])));
  const how = inUserNamespace ? 'inside a user namespace' : 'as this user';
  const walls = Object.fromEntries(
    kinds.map((kind, n) => [kind, verdict(results[n] as CommandResult, how, NAMESPACE_REMEDY)]),
  );
  walls['user'] = verdict(alone, unshare, NAMESPACE_REMEDY);
  return { walls: walls as ProbedNamespaces['walls'], inUserNamespace };
}

function available(why: string): ProbedWall {
  return { available: true, why };
}

export function missing(why: string, remedy: string): ProbedWall {
  return { available: false, why, remedy };
}

export function missingTool(tool: Tool): string {
  return `there is no \`${tool}\``;
}

/** The absolute path of a command, if it is there. */
export function findTool(tool: Tool): string | undefined {
  const path = (process.env['PATH'] ?? '').split(delimiter).filter(isAbsolute);
  const folders = [...path, '/usr/bin', '/bin', '/usr/sbin', '/sbin'];
  return folders.map((folder) => join(folder, tool)).find(isExecutable);
}

function verdict(result: CommandResult, how: string, remedy: string): ProbedWall {
  return result.ok ? available(how) : missing(result.said, remedy);
}

/** The system itself: what a probe asks of by default. */
export function realSystem(): ProbedSystem {
  const sh = findTool('sh');
  return {
    run: sh === undefined ? runCommand : commandsInOneShell(sh),
    files: {
      readFile: (path) => readFile(path, 'utf8'),
      writeFile: (path, text) => writeFile(path, text),
      mkdir: async (path) => {
        await mkdir(path);
      },
      rmdir: (path) => rmdir(path),
    },
    find: findTool,
    uid: process.getuid?.() ?? -1,
    node: process.execPath,
    nodeFlags: process.allowedNodeEnvironmentFlags,
  };
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
