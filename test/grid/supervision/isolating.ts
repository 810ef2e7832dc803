/** Any tree, with its children isolated from each other, and as much granted as makes it do what it did. */
import type { ChildSpecInput, TreeSpec } from '@espalier/supervisor';

type Node = TreeSpec | ChildSpecInput;
type Grants = NonNullable<TreeSpec['grants']>;

/** Somebody with a name. */
interface Named {
  readonly name: string;
  readonly path: string;
  /** The path of the isolated node that it is or is in. */
  readonly space: string;
}

/** `siblings: isolate` on every supervisor but those of templates, whose children have no names to be granted. */
export function isolating(spec: TreeSpec): TreeSpec {
  const all = namedIn(spec, '', '');
  return { ...(withGrants(spec, '', '', all) as TreeSpec), grants: grantsOf('', all) };
}

function namedIn(node: Node, path: string, space: string): readonly Named[] {
  if ('children' in node) {
    if (node.strategy === 'simple_one_for_one') return [];
    return below(node, path, space).flatMap(([child, at, its]) => namedIn(child, at, its));
  }
  const name = !('name' in node) || node.name === undefined ? (node as ChildSpecInput).id : node.name;
  return name === null ? [] : [{ name, path, space }];
}

function withGrants(node: Node, path: string, space: string, all: readonly Named[]): Node {
  const isOwn = path !== '' && space === path;
  if (!('children' in node)) return isOwn ? { ...node, grants: grantsOf(space, all) } : node;
  const siblings = isIsolating(node) ? 'isolate' : 'group';
  const children = below(node, path, space).map(
    ([child, at, its]) => withGrants(child, at, its, all) as ChildSpecInput,
  );
  const grants = siblings === 'group' && isOwn ? { grants: grantsOf(space, all) } : {};
  return { ...node, siblings, children, ...grants };
}

/** Its children, each with its path and its namespace. */
function below(
  node: Extract<Node, { readonly children: unknown }>,
  path: string,
  space: string,
): readonly (readonly [ChildSpecInput, string, string])[] {
  return node.children.map((child) => {
    const at = `${path}/${child.id}`;
    return [child, at, isIsolating(node) ? at : space];
  });
}

function grantsOf(space: string, all: readonly Named[]): Grants {
  const others = all.filter((one) => one.space !== space);
  return Object.fromEntries(others.map(({ name, path }) => [name, { send: path }]));
}

function isIsolating(node: Node): boolean {
  return !hasTemplate(node);
}

function hasTemplate(node: Node): boolean {
  return 'children' in node && (node.strategy === 'simple_one_for_one' || node.children.some(hasTemplate));
}
