/**
 * Where `cluster` of a spec becomes a part of the tree: one more child of the root, a supervisor of ours with the bridge
 * in a cell of its own. It stands in the tree because the names that it brings are names of the tree; and below a
 * supervisor that bears any number of restarts, so that what becomes of a broker is never the end of the tree.
 */
import type { ChildSpecInput, TreeSpec } from '@espalier/supervisor';

const ID = 'cluster';
const BRIDGE = 'bridge';

export type ImportSpecs = Exclude<NonNullable<TreeSpec['cluster']>['imports'], undefined>;

/** `folder`: with the membership, see `readMember`. The spec has been checked. */
export function withBridge(input: TreeSpec, folder: string | undefined): TreeSpec {
  const { cluster, ...tree } = input;
  if (cluster === undefined || folder === undefined) return input;
  const { hidden = false, ...terms } = cluster;
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
        args: { folder, hidden, terms },
        backoff: { initialMs: 100, factor: 2, maxMs: 5000, jitter: 0.2, resetAfterMs: 10_000 },
      },
    ],
  };
  const granted = withImports(tree, cluster.imports);
  return { ...granted, children: [...granted.children, bridge] };
}

/** Who is granted an import is granted what the bridge has spawned to hold its name here. What is no spec stays as it is. */
export function withImports<T>(given: T, imports: ImportSpecs = {}): T {
  if (typeof given !== 'object' || given === null) return given;
  const node: { grants?: unknown; children?: unknown } = { ...given };
  if (Array.isArray(node.children))
    node.children = node.children.map((child: unknown) => withImports(child, imports));
  const { grants } = node;
  if (typeof grants === 'object' && grants !== null && !Array.isArray(grants))
    node.grants = Object.fromEntries(
      Object.entries(grants).map(([name, line]) => [name, withImport(line, imports)]),
    );
  return node as T;
}

const IMPORT = 'cluster.imports.';

function withImport(line: unknown, imports: ImportSpecs): unknown {
  const { send } = (line ?? {}) as { readonly send?: unknown };
  if (typeof send !== 'string' || !send.startsWith(IMPORT)) return line;
  const exported = send.slice(IMPORT.length);
  if (!Object.hasOwn(imports, exported)) return line;
  return { send: `/${ID}/${BRIDGE}/${imports[exported]?.as ?? exported}` };
}

export function bridgePath(tree: string): string {
  return `${tree}/${ID}/${BRIDGE}`;
}
