/** Paths of nodes: the ids from the root of the tree on, with slashes between. */

/** Whether a path is that of a node, or of one below it. */
export function isWithin(path: string, node: string): boolean {
  return path === node || path.startsWith(`${node}/`);
}
