/** What a supervisor's logic needs to know of its node; what a child is started from goes through it unread. */
import type { EnvironmentSpec, NodeStart, WallLimits } from '@espalier/core/internal/host.js';
import type { ChildSpec, SupervisorSpec } from '@espalier/core/internal/supervisor-logic.js';
import { DEFAULTS } from './defaults.js';
import type {
  NormalisedNode,
  NormalisedProcessLimits,
  NormalisedSupervisor,
  NormalisedThreadLimits,
} from './normalised.js';
import { isIsolating } from './reservations.js';

/** Where nobody asks for the spec again, or applies another. */
const NO_SOURCE = new Uint8Array();
const NEVER_APPLIED = '';
const { heapMb, youngMb, stackMb, mailbox, mailboxBytes, messageBytes } = DEFAULTS.limits;
/** What the kernel knows of a cell as one of its own: nobody can reach it. The limits are Node's own. */
const CELL: EnvironmentSpec = {
  boot: NO_SOURCE,
  name: null,
  terms: { capacity: mailbox, capacityBytes: mailboxBytes, messageBytes, ...DEFAULTS.environment },
  limits: { heapMb, youngMb, stackMb },
  // No guest runs in its main thread. Where that does not turn the process is halted as a whole, and with it every
  // limit and every stop that its kernel had to hold.
  unresponsiveMs: 5_000,
  env: {},
};

/** Children that an isolating supervisor may get beyond its spec, where `maxChildren` does not say. */
const ROOM_FOR_ADDED = 100;

/** What a node is started from, with the boundary that it says around it. */
export function behindItsWall(node: NormalisedNode, start: NodeStart): NodeStart {
  if (node.wall !== 'process') return start;
  const spec = { ...CELL, limits: processLimits(node), mostEntries: sumOf(node, 'kernelEntries') };
  return { kind: 'cell', spec, walls: node.walls, start };
}

/** What the wall holds of the process of a node as a whole. */
export function processLimits(node: NormalisedNode): WallLimits {
  const { memoryMb, cpu, cpuOver, processes } = wholeOf(node);
  return {
    ...CELL.limits,
    stdioBytesPerSecond: sumOf(node, 'stdioBytesPerSecond'),
    ...(memoryMb === 'unlimited' ? {} : { memoryMb }),
    ...(cpu === 'unlimited' ? {} : { cpu: { share: cpu, over: cpuOver } }),
    ...(processes === 'unlimited' ? {} : { processes }),
  };
}

function wholeOf(node: NormalisedNode): NormalisedProcessLimits {
  // Each child holds its part. Held once more for all of them, what one uses would count against the others.
  if (isIsolating(node)) return DEFAULTS.processLimits;
  if (node.kind === 'supervisor') return node.limits;
  if (node.kind === 'environment') return { ...node.limits, memoryMb: heldByThread(node.limits) };
  // One more: the thread that hands out its tasks.
  const memoryMb = (node.pool.maxThreads + 1) * heldByThread(node.limits);
  return { ...DEFAULTS.processLimits, memoryMb };
}

/**
 * What a process holds for a thread that keeps to its limit: V8's three halves of the young generation, and garbage
 * that is not collected yet or not given back to the system. (Measured: 300 MB with 41 MB of objects alive.) The
 * thread is held to its limit itself by the guard beside it; this is for what that cannot see.
 */
function heldByThread({ memoryMb, youngMb }: NormalisedThreadLimits): number {
  return Math.ceil(1.5 * memoryMb + 3 * youngMb);
}

/**
 * What all environments in it may print, or have kept for them in the kernel above: each as much as its own limit says.
 * Those in a group share that with whoever is added later; what isolates has room for them, so that none is refused what others use.
 */
function sumOf(node: NormalisedNode, limit: 'stdioBytesPerSecond' | 'kernelEntries'): number {
  if (node.kind === 'environment') return node.limits[limit];
  if (node.kind === 'pool') return DEFAULTS.limits[limit];
  const specified = node.children.map((child) => sumOf(child, limit));
  const sum = specified.length === 0 ? DEFAULTS.limits[limit] : specified.reduce((all, one) => all + one);
  if (!isIsolating(node)) return sum;
  const { maxChildren, strategy } = node;
  const [template] = strategy === 'simple_one_for_one' ? specified : [];
  const added = maxChildren === 'infinity' ? ROOM_FOR_ADDED : maxChildren - specified.length;
  return sum + added * (template ?? DEFAULTS.limits[limit]);
}

/** What a child is started from, as the kernel wants it; by default the normalised node itself. */
export type StartOf = (node: NormalisedNode) => unknown;

export function supervisorSpecOf(
  node: NormalisedSupervisor,
  startOf: StartOf = (child) => child,
): SupervisorSpec {
  const { strategy, siblings, intensity, periodMs, autoShutdown, maxChildren, backoff } = node;
  const children = node.children.map((child) => childSpecOf(child, startOf));
  return { strategy, siblings, intensity, periodMs, autoShutdown, maxChildren, backoff, children };
}

export function childSpecOf(node: NormalisedNode, startOf: StartOf = (child) => child): ChildSpec {
  const { id, kind, restart, shutdown, significant, startTimeoutMs } = node;
  // A nested supervisor's `backoff` is for its children; its own restarts wait as its supervisor says.
  const backoff = node.kind === 'supervisor' ? 'inherit' : node.backoff;
  const name = node.kind === 'supervisor' ? null : node.name;
  const { wall, walls } = node;
  // What runs in it is compared by itself; a process that is to have other limits as a whole starts anew.
  const limits = node.kind === 'supervisor' ? wholeOf(node) : undefined;
  const siblings = node.kind === 'supervisor' ? node.siblings : DEFAULTS.supervisor.siblings;
  const isPlain = wall === 'thread' && siblings === 'group';
  const cell = isPlain ? {} : { cell: JSON.stringify({ wall, walls, limits, siblings }) };
  const known = { id, kind, name, restart, shutdown, significant, startTimeoutMs, backoff, ...cell };
  return { ...known, start: startOf(node), version: NEVER_APPLIED, source: NO_SOURCE };
}
