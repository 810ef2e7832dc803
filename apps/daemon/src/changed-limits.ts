/**
 * Limits that were changed while a tree ran. They lie over those of its spec: whole nodes at a time, so that a tree
 * that is started anew begins with them, and until an apply changes what the spec itself says of that node.
 */
import { isDeepStrictEqual } from 'node:util';
import {
  wholeLimits,
  type ChildSpecInput,
  type NormalisedNode,
  type NormalisedTree,
  type TreeSpec,
} from '@espalier/supervisor';
import type { ChangedLimits, NodeLimits } from '@espalier/supervisor/client';

export function limitsOf(list: readonly ChangedLimits[], path: string): NodeLimits | undefined {
  return list.find((changed) => changed.path === path)?.limits;
}

/** With these on top of what was changed of that node before. */
export function withChanged(
  list: readonly ChangedLimits[],
  { path, limits }: ChangedLimits,
): ChangedLimits[] {
  const others = list.filter((changed) => changed.path !== path);
  return [...others, { path, limits: { ...limitsOf(list, path), ...limits } }];
}

/** Those of nodes of which both specs say the same. */
export function stillHolding(
  list: readonly ChangedLimits[],
  was: NormalisedTree,
  is: NormalisedTree,
): readonly ChangedLimits[] {
  return list.filter(({ path }) => {
    const [before, now] = [nodeIn(was, path), nodeIn(is, path)];
    return before !== undefined && now !== undefined && isDeepStrictEqual(facts(before), facts(now));
  });
}

export function nodeIn({ name, root }: NormalisedTree, path: string): NormalisedNode | undefined {
  const [top, ...ids] = path.split('/');
  if (top !== name || ids.length === 0) return undefined;
  let node: NormalisedNode | undefined = root;
  for (const id of ids) {
    node = node?.kind === 'supervisor' ? node.children.find((child) => child.id === id) : undefined;
  }
  return node;
}

/** The spec with those limits in it. */
export function overlaid(input: TreeSpec, tree: NormalisedTree, list: readonly ChangedLimits[]): TreeSpec {
  return list.reduce((spec, { path, limits }) => {
    const node = nodeIn(tree, path);
    if (node === undefined) return spec;
    return replaced(spec, path.split('/').slice(1), wholeLimits(node, limits));
  }, input);
}

function replaced<S extends TreeSpec | ChildSpecInput>(
  spec: S,
  ids: readonly string[],
  limits: NodeLimits,
): S {
  const [id, ...below] = ids;
  if (id === undefined) return { ...spec, limits: { ...('limits' in spec ? spec.limits : {}), ...limits } };
  const { children = [] } = spec as TreeSpec;
  const next = children.map((child) => (child.id === id ? replaced(child, below, limits) : child));
  return { ...spec, children: next };
}

function facts({ kind, wall, limits }: NormalisedNode): unknown {
  return { kind, wall, limits };
}
