/** The limits of one running tree that lie over its spec: those that it was started with, and those that hold now. */
import { isDeepStrictEqual } from 'node:util';
import { SupervisionError } from '@espalier/core';
import {
  wholeLimits,
  type Change,
  type Host,
  type LimitsChanged,
  type NormalisedTree,
  type TreeSpec,
} from '@espalier/supervisor';
import type { ChangedLimits, NodeLimits } from '@espalier/supervisor/client';
import { limitsOf, nodeIn, overlaid, stillHolding, withChanged } from '../changed-limits.js';

/** A node whose limits are to be others than they are. */
interface Pending {
  readonly path: string;
  readonly from: NodeLimits;
  readonly to: NodeLimits;
}

export class LiveLimits {
  /**
   * In the spec that the host knows. They stay in what it is given later, too: a change of limits in a spec is a
   * restart of the node, and nothing has changed.
   */
  #inSpec: readonly ChangedLimits[];
  #now: readonly ChangedLimits[];
  #tree: NormalisedTree;

  constructor(tree: NormalisedTree, limits: readonly ChangedLimits[]) {
    this.#tree = tree;
    this.#inSpec = limits;
    this.#now = limits;
  }

  of(path: string): NodeLimits | null {
    return limitsOf(this.#now, path) ?? null;
  }

  async set(host: Host, change: ChangedLimits): Promise<LimitsChanged> {
    const done = await host.setLimits(change.path, change.limits);
    this.#now = withChanged(this.#now, change);
    return done;
  }

  /** What the host is to be given for that spec, if these are the limits that are to hold over it. */
  specFor(input: TreeSpec, tree: NormalisedTree, limits: readonly ChangedLimits[]): TreeSpec {
    return overlaid(input, tree, this.#kept(limits));
  }

  /** What `settle` will change, beside what the spec changes. */
  changes(tree: NormalisedTree, limits: readonly ChangedLimits[]): readonly Change[] {
    return this.#pending(tree, limits).map(({ path, from, to }) => {
      const fields = Object.keys(to)
        .filter((key) => from[key] !== to[key])
        .map((key) => ({ field: `limits.${key}`, from: from[key], to: to[key], effect: 'inPlace' as const }));
      const kind = nodeIn(tree, path)?.kind ?? 'environment';
      return { what: 'changed', path, kind, template: false, fields, restarts: false };
    });
  }

  /** The tree was made what the spec says; now these hold over it. */
  async settle(host: Host, tree: NormalisedTree, limits: readonly ChangedLimits[]): Promise<void> {
    for (const { path, to } of this.#pending(tree, limits)) await setIfThere(host, path, to);
    this.#inSpec = this.#kept(limits);
    this.#now = limits;
    this.#tree = tree;
  }

  #kept(limits: readonly ChangedLimits[]): readonly ChangedLimits[] {
    return this.#inSpec.filter(({ path }) => limitsOf(limits, path) !== undefined);
  }

  #pending(tree: NormalisedTree, limits: readonly ChangedLimits[]): readonly Pending[] {
    const holding = stillHolding(this.#now, this.#tree, tree);
    const paths = new Set([...holding, ...limits].map(({ path }) => path));
    return [...paths].flatMap((path) => {
      const node = nodeIn(tree, path);
      if (node === undefined) return [];
      const from = wholeLimits(node, limitsOf(holding, path));
      const to = wholeLimits(node, limitsOf(limits, path));
      return isDeepStrictEqual(from, to) ? [] : [{ path, from, to }];
    });
  }
}

/** One that was forgotten when it ended has nothing to be limited; its spec has it when it is started again. */
async function setIfThere(host: Host, path: string, limits: NodeLimits): Promise<void> {
  try {
    await host.setLimits(path, limits);
  } catch (error) {
    if (!(error instanceof SupervisionError) || error.code !== 'not_found') throw error;
  }
}
