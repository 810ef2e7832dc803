/** What a supervisor's logic needs to know of its node; what a child is started from goes through it unread. */
import type { EnvironmentSpec, NodeStart } from '@espalier/core/internal/host.js';
import type { ChildSpec, SupervisorSpec } from '@espalier/core/internal/supervisor-logic.js';
import { DEFAULTS } from './defaults.js';
import type { NormalisedNode, NormalisedSupervisor } from './normalised.js';

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
  unresponsiveMs: 'infinity',
  env: {},
};

/** Its main thread starts threads and hands on their images, so it may be busy for longer than any of them. */
const CELL_UNRESPONSIVE_MS = 5_000;

/** What a node is started from, with the boundary that it says around it. */
export function behindItsWall(node: NormalisedNode, start: NodeStart): NodeStart {
  if (node.wall !== 'process') return start;
  const limits = { ...CELL.limits, stdioBytesPerSecond: stdioOf(node) };
  const spec = { ...CELL, limits, unresponsiveMs: unresponsiveMsOf(node) };
  return { kind: 'cell', spec, walls: node.walls, start };
}

/**
 * A process that is halted as a whole halts the kernel in it as well, which then holds no limit of anybody: where
 * somebody in it has to turn, so has that kernel.
 */
function unresponsiveMsOf(node: NormalisedNode): number | 'infinity' {
  // Its threads are Piscina's, and have no such limit.
  if (node.kind === 'pool') return 'infinity';
  if (node.kind === 'environment') {
    const { unresponsiveMs } = node.limits;
    return unresponsiveMs === 'infinity' ? unresponsiveMs : Math.max(CELL_UNRESPONSIVE_MS, unresponsiveMs);
  }
  const below = node.children.map(unresponsiveMsOf).filter((one) => one !== 'infinity');
  return below.length === 0 ? 'infinity' : Math.min(...below);
}

/** What may be printed in it, each environment as much as its own limit says. */
function stdioOf(node: NormalisedNode): number {
  if (node.kind === 'environment') return node.limits.stdioBytesPerSecond;
  if (node.kind === 'pool' || node.children.length === 0) return DEFAULTS.limits.stdioBytesPerSecond;
  return node.children.reduce((sum, child) => sum + stdioOf(child), 0);
}

/** What a child is started from, as the kernel wants it; by default the normalised node itself. */
export type StartOf = (node: NormalisedNode) => unknown;

export function supervisorSpecOf(
  node: NormalisedSupervisor,
  startOf: StartOf = (child) => child,
): SupervisorSpec {
  const { strategy, intensity, periodMs, autoShutdown, maxChildren, backoff } = node;
  const children = node.children.map((child) => childSpecOf(child, startOf));
  return { strategy, intensity, periodMs, autoShutdown, maxChildren, backoff, children };
}

export function childSpecOf(node: NormalisedNode, startOf: StartOf = (child) => child): ChildSpec {
  const { id, kind, restart, shutdown, significant, startTimeoutMs } = node;
  // A nested supervisor's `backoff` is for its children; its own restarts wait as its supervisor says.
  const backoff = node.kind === 'supervisor' ? 'inherit' : node.backoff;
  const name = node.kind === 'supervisor' ? null : node.name;
  const { wall, walls } = node;
  const cell = wall === 'process' ? { cell: JSON.stringify(walls) } : {};
  const known = { id, kind, name, restart, shutdown, significant, startTimeoutMs, backoff, ...cell };
  return { ...known, start: startOf(node), version: NEVER_APPLIED, source: NO_SOURCE };
}
