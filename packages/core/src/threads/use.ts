/**
 * What threads and processes use, as their walls know it: read when somebody asks, and only then. Plain data: it
 * comes from other threads, and out of cells, whose word is checked for shape and for speaking of nobody else.
 */
import { isWithin } from '../node-path.js';

/** Of the thread that runs at a path now. */
export interface ThreadUse {
  readonly path: string;
  /** As the guard has read it last: memory of one that rests does not change. Undefined before that, or without a guard. */
  readonly heapMb: number | undefined;
  readonly offHeapMb: number | undefined;
  /** Undefined where the system does not tell. */
  readonly cpuMs: number | undefined;
  /** UTF-16 units that it has printed, without those dropped. */
  readonly printed: number;
}

/** Of the process that runs at a path now, with all that it has started, as seen from outside. */
export interface CellUse {
  readonly path: string;
  /** As `memoryMb` counts it. Undefined where the system does not tell. */
  readonly memoryMb: number | undefined;
  readonly cpuMs: number | undefined;
  readonly printed: number;
}

export interface Use {
  readonly threads: readonly ThreadUse[];
  readonly cells: readonly CellUse[];
}

export const NO_USE: Use = { threads: [], cells: [] };

export function together(uses: readonly Use[]): Use {
  return {
    threads: uses.flatMap(({ threads }) => threads),
    cells: uses.flatMap(({ cells }) => cells),
  };
}

/** What the cell at that path has said of what is in it; undefined if it is nothing of the kind. */
export function readUse(value: unknown, cell: string): Use | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const { threads, cells } = value as Record<string, unknown>;
  if (!Array.isArray(threads) || !Array.isArray(cells)) return undefined;
  const sound =
    threads.every((one) => speaksOf(one, ['heapMb', 'offHeapMb', 'cpuMs'], cell)) &&
    // What its own process uses was measured already.
    cells.every((one) => speaksOf(one, ['memoryMb', 'cpuMs'], cell) && (one as CellUse).path !== cell);
  return sound ? (value as Use) : undefined;
}

function speaksOf(value: unknown, numbers: readonly string[], cell: string): boolean {
  if (typeof value !== 'object' || value === null) return false;
  const fields = value as Record<string, unknown>;
  if (typeof fields['path'] !== 'string' || !isWithin(fields['path'], cell)) return false;
  const amount = (given: unknown): boolean =>
    typeof given === 'number' && Number.isFinite(given) && given >= 0;
  return (
    amount(fields['printed']) && numbers.every((name) => fields[name] === undefined || amount(fields[name]))
  );
}
