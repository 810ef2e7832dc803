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
  // No guest runs in its main thread. Where that does not turn the process is halted as a whole, and with it every
  // limit and every stop that its kernel had to hold.
  unresponsiveMs: 5_000,
  env: {},
};

/** What a node is started from, with the boundary that it says around it. */
export function behindItsWall(node: NormalisedNode, start: NodeStart): NodeStart {
  if (node.wall !== 'process') return start;
  const limits = { ...CELL.limits, stdioBytesPerSecond: stdioOf(node) };
  return { kind: 'cell', spec: { ...CELL, limits }, walls: node.walls, start };
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
