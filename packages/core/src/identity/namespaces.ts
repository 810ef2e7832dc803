/**
 * Namespaces of a cluster, as they are known outside of hosts: what a namespace exports is published under its id. The same
 * path has the same id on each host, and to who is no member it tells nothing: the root's public key, of which it is made,
 * is told to members alone (in their tickets), and neither goes over the link nor to the broker (docs/wire.md).
 */
import { createHmac } from 'node:crypto';

/** 22 characters of base64url. */
const ID = '[A-Za-z0-9_-]{22}';
const PUBLISHED = new RegExp(`^(${ID})/([^/]+)$`, 'su');

/**
 * @param root the public key of the cluster's root
 * @param path of the node whose namespace it is, from the root of the tree on and without its name: `/tenants/blue`
 */
export function namespaceId(root: string, path: string): string {
  const text = `espalier namespace 1\n${path}\n`;
  return createHmac('sha256', root).update(text).digest('base64url').slice(0, 22);
}

/** How a name of that namespace is published. Names of the tree's own are published as they are, and have no `/`. */
export function publishedName(id: string, name: string): string {
  return `${id}/${name}`;
}

/** The other way round; undefined: it is of no namespace but the tree's own. */
export function namespaceOf(published: string): { readonly id: string; readonly name: string } | undefined {
  const [, id, name] = PUBLISHED.exec(published) ?? [];
  return id === undefined || name === undefined ? undefined : { id, name };
}
