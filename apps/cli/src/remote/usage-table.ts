/** What nodes use, as a table: processor time as a share of a core between two readings. */
import type { NodeUse, Usage } from '@espalier/supervisor/client';
import type { Paint } from '../colour.js';

export interface NodeRate extends NodeUse {
  /** Share of a core since the reading before; null where that is not known. */
  readonly cpu: number | null;
  readonly receivedPerSecond: number | null;
}

export const ORDERS = ['tree', 'cpu', 'memory', 'mailbox', 'restarts'] as const;
export type Order = (typeof ORDERS)[number];

/** What has a new life since the reading before began to count anew: its share is not known. */
export function ratesBetween(before: Usage, now: Usage): readonly NodeRate[] {
  const ms = Date.parse(now.at) - Date.parse(before.at);
  const earlier = new Map(before.nodes.map((node) => [node.path, node]));
  return now.nodes.map((node) => {
    const was = earlier.get(node.path);
    const [cpuMs, received] = [growth(was?.cpuMs, node.cpuMs), growth(was?.received, node.received)];
    return {
      ...node,
      cpu: cpuMs === null || ms <= 0 ? null : cpuMs / ms,
      receivedPerSecond: received === null || ms <= 0 ? null : (received * 1000) / ms,
    };
  });
}

function growth(from: number | null | undefined, to: number | null): number | null {
  return typeof from !== 'number' || to === null || to < from ? null : to - from;
}

const ORDER_BY: Record<Exclude<Order, 'tree'>, (node: NodeRate) => number> = {
  cpu: ({ cpu }) => cpu ?? 0,
  memory: (node) => node.processMb ?? (node.heapMb ?? 0) + (node.offHeapMb ?? 0),
  mailbox: ({ mailbox }) => mailbox ?? 0,
  restarts: ({ restarts }) => restarts,
};

/** Ordered by use, the supervisors stay out: they are the sums of what is shown. */
export function inOrder(nodes: readonly NodeRate[], order: Order): readonly NodeRate[] {
  if (order === 'tree') return nodes;
  const by = ORDER_BY[order];
  return nodes.filter(({ kind }) => kind === 'environment').sort((a, b) => by(b) - by(a));
}

const HEAD = ['CPU', 'HEAP', 'OTHER', 'PROCESS', 'QUEUED', 'IN/S', 'RESTARTS'] as const;

/** The first line is the head. */
export function usageLines(nodes: readonly NodeRate[], order: Order, paint: Paint): readonly string[] {
  const rows = nodes.map((node) => [nameOf(node, order), ...cells(node)]);
  const all = [['NODE', ...HEAD], ...rows];
  const widths = all[0]?.map((_, column) => Math.max(...all.map((row) => row[column]?.length ?? 0))) ?? [];
  const line = (row: readonly string[]): string =>
    row
      .map((cell, column) =>
        column === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[column] ?? 0),
      )
      .join('  ');
  return all.map((row, index) => {
    if (index === 0) return paint('dim', line(row));
    const { state } = nodes[index - 1] as NodeRate;
    return state === 'running' ? line(row) : `${line(row)}  ${paint('yellow', state)}`;
  });
}

function nameOf({ path, depth }: NodeRate, order: Order): string {
  return order === 'tree' ? `${'  '.repeat(depth)}${path.slice(path.lastIndexOf('/') + 1)}` : path;
}

function cells(node: NodeRate): readonly string[] {
  const { cpu, heapMb, offHeapMb, processMb, mailbox, receivedPerSecond, restarts } = node;
  return [
    cpu === null ? '-' : `${(cpu * 100).toFixed(1)} %`,
    megabytes(heapMb),
    megabytes(offHeapMb),
    megabytes(processMb),
    mailbox === null ? '-' : String(mailbox),
    receivedPerSecond === null ? '-' : String(Math.round(receivedPerSecond)),
    String(restarts),
  ];
}

function megabytes(value: number | null): string {
  return value === null ? '-' : `${value.toFixed(1)} MB`;
}
