/**
 * Where `cluster` of a spec becomes a part of the tree: one more child of the root, a supervisor of ours with the bridge
 * in a cell of its own. It stands in the tree because the names that it brings are names of the tree; and below a
 * supervisor that bears any number of restarts, so that what becomes of a broker is never the end of the tree.
 *
 * It lives in the tree's own namespace. To another one it comes, and is come to, by grants: it is granted who is exported
 * there, and that namespace is granted who holds the imported name. On this side of each grant is a name that nobody can
 * guess, for who lives in the tree's namespace was granted nothing of all that.
 */
import { createHmac } from 'node:crypto';
import type { ChildSpecInput, NormalisedNamespace, NormalisedTree, TreeSpec } from '@espalier/supervisor';
import type { BridgeNamespace } from '../cluster/bridge-namespace.js';

const ID = 'cluster';
const BRIDGE = 'bridge';

export type ImportSpecs = Exclude<NonNullable<TreeSpec['cluster']>['imports'], undefined>;

export interface BridgePlace {
  /** With the membership, see `readMember`. */
  readonly folder: string;
  /** Made for this life of the daemon: an apply of the same spec makes the same tree. */
  readonly secret: string;
}

type Grants = Record<string, { readonly send: string }>;

/** `tree`: the spec, as it was checked. */
export function withBridge(
  input: TreeSpec,
  { cluster, namespaces = [] }: NormalisedTree,
  place: BridgePlace | undefined,
): TreeSpec {
  if (place === undefined || (cluster === undefined && namespaces.length === 0)) return input;
  const { hidden = false, ...terms } = cluster ?? {};
  const { folder, secret } = place;
  const within = namespaces.map((namespace) => wired(namespace, secret));
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
        args: { folder, hidden, terms, namespaces: within.map(({ told }) => told) },
        grants: Object.assign({}, ...within.map(({ toBridge }) => toBridge)) as Grants,
        backoff: { initialMs: 100, factor: 2, maxMs: 5000, jitter: 0.2, resetAfterMs: 10_000 },
      },
    ],
  };
  const { cluster: _, ...tree } = withImports(input, cluster?.imports);
  const granted = new Map(within.map(({ told, toNamespace }) => [told.path, toNamespace]));
  return { ...tree, children: [...tree.children.map((child) => withNames(child, '', granted)), bridge] };
}

interface Wired {
  readonly told: BridgeNamespace;
  readonly toBridge: Grants;
  readonly toNamespace: Grants;
}

function wired({ path, exports, imports }: NormalisedNamespace, secret: string): Wired {
  const out = Object.entries(exports).map(([name, { path: send, ...how }]) => {
    return { name, send, how: { ...how, to: secretName(secret, 'export', path, name) } };
  });
  const into = Object.entries(imports).map(([name, { as = name, ...how }]) => {
    return { name, known: as, how: { ...how, as: secretName(secret, 'import', path, name) } };
  });
  return {
    told: {
      path,
      exports: Object.fromEntries(out.map(({ name, how }) => [name, how])),
      imports: Object.fromEntries(into.map(({ name, how }) => [name, how])),
    },
    toBridge: Object.fromEntries(out.map(({ how, send }) => [how.to, { send }])),
    toNamespace: Object.fromEntries(
      into.map(({ known, how }) => [known, { send: `/${ID}/${BRIDGE}/${how.as}` }]),
    ),
  };
}

function secretName(secret: string, ...of: readonly string[]): string {
  return `${ID}.${createHmac('sha256', secret).update(JSON.stringify(of)).digest('hex').slice(0, 32)}`;
}

/** Each node whose namespace takes part is granted its imports, and says no more of the cluster. */
function withNames(
  node: ChildSpecInput,
  above: string,
  granted: ReadonlyMap<string, Grants>,
): ChildSpecInput {
  const path = `${above}/${node.id}`;
  const { cluster: _, ...rest } = node;
  const names = granted.get(path);
  const own = names === undefined ? rest : { ...rest, grants: { ...rest.grants, ...names } };
  if (!('children' in own)) return own;
  return { ...own, children: own.children.map((child) => withNames(child, path, granted)) };
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

/** Of whatever tree: one that is starting can be asked already, and has no name here yet. */
export function isBridgePath(path: string): boolean {
  const [tree = '', ...below] = path.split('/');
  return below.length === 2 && path === bridgePath(tree);
}
