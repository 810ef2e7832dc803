/**
 * Where a tree runs: in threads of the application's own process (`embedded`), or, as is the rule, in one cell,
 * which a supervisor above the root starts again when it dies. That one has no name, the path '' and no other
 * child; so below it every path, event and operation is the same in both places.
 */
import type { ExitReason } from '@espalier/core';
import type { KernelEvent, TreeSnapshot } from '@espalier/core/internal/host.js';
import type { SupervisionEvent, SupervisorSpec } from '@espalier/core/internal/supervisor-logic.js';
import { supervisorVersion } from '../apply/version.js';
import type { NormalisedTree } from '../spec/normalised.js';
import { behindItsWall, childSpecOf } from '../spec/supervisor-spec.js';

export interface TreePlace {
  readonly embedded: boolean;
  /** Of the supervisor that the kernel is told to start. */
  readonly path: string;
  /** What that is started with, out of what the root is to be. */
  spec(tree: NormalisedTree, root: SupervisorSpec): SupervisorSpec;
  /** Why the root did not start, out of what the kernel says. */
  failure(reason: ExitReason): ExitReason;
  snapshot(tree: TreeSnapshot | undefined): TreeSnapshot | undefined;
  /** As applications are told of it; undefined for what they hear otherwise. */
  event(event: KernelEvent): KernelEvent | undefined;
}

export function embeddedPlace(name: string): TreePlace {
  return {
    embedded: true,
    path: name,
    spec: (_tree, root) => root,
    failure: (reason) => reason,
    snapshot: (tree) => tree,
    event: (event) => event,
  };
}

const ABOVE = '';

export function cellPlace(name: string): TreePlace {
  return {
    embedded: false,
    path: ABOVE,
    spec: (tree, root) => aboveRoot(tree, root),
    failure: ofTheRoot,
    snapshot(tree) {
      if (tree === undefined) return undefined;
      const [root] = tree.children;
      return root ?? { path: name, kind: 'supervisor', state: 'booting', children: [] };
    },
    event(event) {
      if (event.path !== ABOVE) return event;
      // What is said of the whole tree, however it runs.
      if (event.kind !== 'supervision') {
        const reason = 'reason' in event ? { reason: ofTheRoot(event.reason) } : {};
        return { ...event, ...reason, path: name } as KernelEvent;
      }
      return isAboutTheCell(event.event) ? event : undefined;
    },
  };
}

/** Why the root ended, out of why the one above it did: because it did not start, or for the same reason. */
function ofTheRoot<R extends { readonly detail?: unknown }>(reason: R): R {
  const { failedToStart, reason: ofRoot } = (reason.detail ?? {}) as { failedToStart?: string; reason?: R };
  return failedToStart === undefined || ofRoot === undefined ? reason : ofRoot;
}

/** Its death and what follows. That it starts, stops and ends as its root does is told by the root itself. */
function isAboutTheCell(event: SupervisionEvent): boolean {
  if (event.kind === 'stopped') return !event.expected;
  if (event.kind === 'failed') return event.reason.tag !== 'shutdown';
  return event.kind === 'restarting' || event.kind === 'restarted' || event.kind === 'escalated';
}

/**
 * The cell runs again when it dies, as often and after such waits as the root's own children would. If the root
 * ends of itself (it gives up, or its significant children are done), so does this: OTP's `any_significant` over
 * a transient child.
 */
function aboveRoot(tree: NormalisedTree, root: SupervisorSpec): SupervisorSpec {
  const { intensity, periodMs, backoff } = root;
  const node = { ...tree.root, wall: 'process', restart: 'transient', significant: true } as const;
  const start = behindItsWall(node, { kind: 'supervisor', spec: root });
  return {
    strategy: 'one_for_one',
    intensity,
    periodMs,
    autoShutdown: 'any_significant',
    maxChildren: 'infinity',
    backoff,
    children: [{ ...childSpecOf(node), start, version: supervisorVersion(root) }],
  };
}
