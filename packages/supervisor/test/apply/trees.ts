/** Specs and shapes as normalised trees with versions, as a host has them once images are built. */
import { normaliseSpec, type ChildSpecInput, type NormalisedNode, type TreeSpec } from '../../src/index.js';
import { differenceBetween, type Change, type VersionedTree } from '../../src/apply/difference.js';
import { threadVersion } from '../../src/apply/version.js';
import type { NodeShape, SupervisorShape } from './shapes.js';

/** `images`: the hash of each node's image, by path. */
export function versioned(spec: TreeSpec, images: Readonly<Record<string, string>> = {}): VersionedTree {
  const tree = normaliseSpec(spec, { base: 'file:///app/' });
  const versions = new Map<string, string>();
  const note = (path: string, node: NormalisedNode): void => {
    if (node.kind !== 'supervisor') versions.set(path, threadVersion(node, images[path] ?? 'sha256-0'));
    else for (const child of node.children) note(`${path}/${child.id}`, child);
  };
  note(tree.name, tree.root);
  return { tree, versions };
}

export function difference(from: TreeSpec, to: TreeSpec): readonly Change[] {
  return differenceBetween(versioned(from), versioned(to)).changes;
}

export function specOf({ id, strategy, children }: SupervisorShape): TreeSpec {
  return { name: id, strategy, children: children.map(inputOf) };
}

function inputOf(node: NodeShape): ChildSpecInput {
  if (node.kind === 'supervisor') {
    const { id, strategy, children } = node;
    return { id, strategy, children: children.map(inputOf) };
  }
  const { id, name, version, shutdown, temporary } = node;
  const restart = temporary ? 'temporary' : 'permanent';
  return { id, name, module: './leaf.js', args: version, shutdown, restart };
}
