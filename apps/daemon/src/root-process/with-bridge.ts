/**
 * Where `cluster` of a spec becomes a part of the tree: one more child of the root, a supervisor of ours with the bridge
 * in a cell of its own. It stands in the tree because the names that it brings are names of the tree; and below a
 * supervisor that bears any number of restarts, so that what becomes of a broker is never the end of the tree.
 */
import type { ChildSpecInput, TreeSpec } from '@espalier/supervisor';

const ID = 'cluster';
const BRIDGE = 'bridge';

/** `folder`: with the membership, see `readMember`. The spec has been checked. */
export function withBridge(input: TreeSpec, folder: string | undefined): TreeSpec {
  const { cluster, ...tree } = input;
  if (cluster === undefined || folder === undefined) return input;
  const bridge: ChildSpecInput = {
    id: ID,
    intensity: 1000,
    periodMs: 1000,
    children: [
      {
        id: BRIDGE,
        name: null,
        module: new URL('../drivers/bridge.cjs', import.meta.url),
        wall: 'process',
        args: { folder, terms: cluster },
        backoff: { initialMs: 100, factor: 2, maxMs: 5000, jitter: 0.2, resetAfterMs: 10_000 },
      },
    ],
  };
  return { ...tree, children: [...tree.children, bridge] };
}

export function bridgePath(tree: string): string {
  return `${tree}/${ID}/${BRIDGE}`;
}
