/**
 * Limits that were changed while the tree ran. They hold for every life of what is at a path, for as long as its
 * spec says what it said when they were changed: an apply that says something else is the last word.
 */
import { isWithin } from '../node-path.js';
import type { WallLimits } from '../kernel/wall.js';

export interface ChangedLimits {
  readonly from: WallLimits;
  readonly to: WallLimits;
}

export type UnresponsiveMs = number | 'infinity';

/** Plain data: it goes to other threads, and into cells. */
export interface LimitChange {
  readonly path: string;
  /** Of the thread there. */
  readonly thread?: ChangedLimits | undefined;
  readonly unresponsiveMs?: { readonly from: UnresponsiveMs; readonly to: UnresponsiveMs } | undefined;
  /** Of the process there. */
  readonly process?: ChangedLimits | undefined;
}

export class LimitChanges {
  readonly #changes = new Map<string, LimitChange>();

  constructor(changes: readonly LimitChange[] = []) {
    for (const change of changes) this.set(change);
  }

  set(change: LimitChange): void {
    this.#changes.set(change.path, change);
  }

  /** Those of the node at that path and of all below it: for its cell. */
  within(path: string): readonly LimitChange[] {
    return [...this.#changes.values()].filter((change) => isWithin(change.path, path));
  }

  /** What holds for the thread or the process that is about to be started there. */
  of(what: 'thread' | 'process', path: string, specified: WallLimits): WallLimits {
    const change = this.#changes.get(path);
    const limits = change?.[what];
    if (change === undefined || limits === undefined) return specified;
    if (isSame(limits.from, specified)) return limits.to;
    this.#changes.delete(path);
    return specified;
  }

  unresponsiveMs(path: string, specified: UnresponsiveMs): UnresponsiveMs {
    const change = this.#changes.get(path)?.unresponsiveMs;
    return change === undefined || change.from !== specified ? specified : change.to;
  }
}

function isSame(one: WallLimits, other: WallLimits): boolean {
  const keys = new Set([...Object.keys(one), ...Object.keys(other)]) as Set<keyof WallLimits>;
  return [...keys].every((key) => JSON.stringify(one[key]) === JSON.stringify(other[key]));
}
