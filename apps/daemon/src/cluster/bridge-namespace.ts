/**
 * A namespace below the root whose names go over the bridge: what the spec says of it, with names of the tree's own
 * namespace in place of its own; and how its names are published, once the host knows of which cluster it is.
 */
import { namespaceId, publishedName } from '@espalier/core/identity';
import type { BridgeTerms, ExportSettings, ImportSettings } from '@espalier/mq-bridge';

export interface BridgeNamespace {
  /** Of its node, from the root on: `/tenants/blue`. */
  readonly path: string;
  /** By exported name; `to`: the name by which the bridge was granted who has it. */
  readonly exports: Readonly<Record<string, ExportSettings>>;
  /** By exported name; `as`: what the bridge is to call who holds it, whom the namespace was granted. */
  readonly imports: Readonly<Record<string, ImportSettings>>;
}

/** What the bridge offers and takes for all namespaces together. `root`: the public key of the cluster's. */
export function termsOfAll(
  terms: BridgeTerms,
  namespaces: readonly BridgeNamespace[],
  root: string,
): BridgeTerms {
  const of = <T>(own: Readonly<Record<string, T>> = {}, part: (one: BridgeNamespace) => typeof own) =>
    Object.assign(
      { ...own },
      ...namespaces.map((namespace) => published(part(namespace), namespaceId(root, namespace.path))),
    ) as Readonly<Record<string, T>>;
  return {
    ...terms,
    exports: of(terms.exports, ({ exports }) => exports),
    imports: of(terms.imports, ({ imports }) => imports),
  };
}

function published<T>(names: Readonly<Record<string, T>>, id: string): Readonly<Record<string, T>> {
  return Object.fromEntries(Object.entries(names).map(([name, how]) => [publishedName(id, name), how]));
}
