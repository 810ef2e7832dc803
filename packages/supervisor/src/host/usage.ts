/**
 * What the nodes of a tree use, put together when somebody asks: the walls say what they measure, the environments
 * what lies in their mailboxes, the supervisors how often each child was restarted. Nothing is counted for it meanwhile.
 */
import { CallError, type Statistics } from '@espalier/core';
import { isWithin, type TreeSnapshot, type Use } from '@espalier/core/internal/host.js';
import type { ChildInfo } from './children.js';
import { assertPath } from './path.js';

export interface NodeUsage {
  readonly path: string;
  readonly kind: TreeSnapshot['kind'];
  readonly state: TreeSnapshot['state'];
  /**
   * Of an environment, its own; of a supervisor the sum. MB; undefined where nothing of it was read yet. Of what runs
   * in a cell it is the cell's word.
   */
  readonly heapMb: number | undefined;
  readonly offHeapMb: number | undefined;
  /** Processor time of the present lives, milliseconds; of a process as seen from outside, with what it has started. */
  readonly cpuMs: number | undefined;
  /** UTF-16 units that were printed in the present lives, without those dropped. */
  readonly printed: number;
  /**
   * Messages that wait and their bytes, bytes that were sent and wait for room or for their receiver's next life, messages received and sent in the present lives (casts and calls, too), and calls not answered
   * yet; undefined of one who does not answer himself.
   */
  readonly mailbox: number | undefined;
  readonly mailboxBytes: number | undefined;
  readonly inFlightBytes: number | undefined;
  readonly received: number | undefined;
  readonly sent: number | undefined;
  readonly pendingCalls: number | undefined;
  /** Since its supervisor has started; of a supervisor, with those of all below. */
  readonly restarts: number;
  /** Of its process, as `memoryMb` counts it, where it has one of its own. MB, seen from outside. */
  readonly processMb: number | undefined;
  readonly children: readonly NodeUsage[];
}

/** What usage is put together from. */
export interface UsageSources {
  tree(): Promise<TreeSnapshot | undefined>;
  use(path: string): Promise<Use>;
  /** Undefined of one that does not answer in time, or is not there any more. */
  statistics(path: string): Promise<Statistics | undefined>;
  /** None of a supervisor that is not there any more. */
  children(path: string): Promise<readonly ChildInfo[]>;
}

/** @throws CallError `noproc`: there is no node at that path. */
export async function usageOf(sources: UsageSources, path: string | undefined): Promise<NodeUsage> {
  if (path !== undefined) assertPath(path);
  const root = await sources.tree();
  const node = root === undefined ? undefined : nodeAt(root, path ?? root.path);
  if (node === undefined) {
    const remedy = 'Ask `tree()` for the paths of those that are there.';
    throw new CallError('noproc', `there is no node at '${path ?? ''}'`, {
      field: 'path',
      value: path,
      remedy,
    });
  }
  const above = node === root ? [] : sources.children(node.path.slice(0, node.path.lastIndexOf('/')));
  const [use, infos] = await Promise.all([sources.use(node.path), above]);
  return usage(node, restartsIn(infos).get(node.path) ?? 0, sources, {
    threads: new Map(use.threads.map((one) => [one.path, one])),
    cells: new Map(use.cells.map((one) => [one.path, one])),
  });
}

interface Measured {
  readonly threads: ReadonlyMap<string, Use['threads'][number]>;
  readonly cells: ReadonlyMap<string, Use['cells'][number]>;
}

async function usage(
  node: TreeSnapshot,
  ownRestarts: number,
  sources: UsageSources,
  measured: Measured,
): Promise<NodeUsage> {
  const { path, kind, state } = node;
  const thread = measured.threads.get(path);
  const cell = measured.cells.get(path);
  const isInner = kind === 'supervisor';
  const [statistics, infos] = await Promise.all([
    isInner ? undefined : sources.statistics(path),
    isInner ? sources.children(path) : [],
  ]);
  const restartsOf = restartsIn(infos);
  const children = await Promise.all(
    node.children.map((child) => usage(child, restartsOf.get(child.path) ?? 0, sources, measured)),
  );
  const sum = (own: number | undefined, of: (child: NodeUsage) => number | undefined): number | undefined =>
    [own, ...children.map(of)].reduce((all, one) => (one === undefined ? all : (all ?? 0) + one), undefined);
  return {
    path,
    kind,
    state,
    heapMb: sum(thread?.heapMb, ({ heapMb }) => heapMb),
    offHeapMb: sum(thread?.offHeapMb, ({ offHeapMb }) => offHeapMb),
    cpuMs: cell?.cpuMs ?? sum(thread?.cpuMs, ({ cpuMs }) => cpuMs),
    printed: cell?.printed ?? sum(thread?.printed, ({ printed }) => printed) ?? 0,
    mailbox: sum(amount(statistics?.mailbox), ({ mailbox }) => mailbox),
    mailboxBytes: sum(amount(statistics?.mailboxBytes), ({ mailboxBytes }) => mailboxBytes),
    inFlightBytes: sum(amount(statistics?.inFlightBytes), ({ inFlightBytes }) => inFlightBytes),
    received: sum(amount(statistics?.received), ({ received }) => received),
    sent: sum(amount(statistics?.sent), ({ sent }) => sent),
    pendingCalls: sum(amount(statistics?.pendingCalls), ({ pendingCalls }) => pendingCalls),
    restarts: sum(ownRestarts, ({ restarts }) => restarts) ?? 0,
    processMb: cell?.memoryMb,
    children,
  };
}

/** What an environment says of itself may be anything. */
function amount(said: unknown): number | undefined {
  return typeof said === 'number' && said >= 0 && said < Infinity ? said : undefined;
}

function restartsIn(infos: readonly ChildInfo[]): ReadonlyMap<string, number> {
  return new Map(infos.map((info) => [info.path, info.incarnation - 1]));
}

function nodeAt(node: TreeSnapshot, path: string): TreeSnapshot | undefined {
  if (node.path === path) return node;
  const next = node.children.find((child) => isWithin(path, child.path));
  return next === undefined ? undefined : nodeAt(next, path);
}
