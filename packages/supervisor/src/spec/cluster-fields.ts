/** The fields of `cluster`: what a tree offers to the trees of other hosts, and takes from them. */
import { flag, numberIn, oneOf, type FieldTable } from './field.js';
import { isWord, mapOf, word } from './kinds.js';
import { LONGEST_MS } from './limit-fields.js';
import { objectOf } from './object.js';
import { shown } from './problems.js';
import type { ClusterExportSpec, ClusterImportSpec, ClusterSpec, NamespaceClusterSpec } from './tree-spec.js';

const DURABLE = {
  kind: flag,
  says: 'Its messages outlive broker and hosts, and are handled at least once, in order.',
  default: '`false`',
};
const HOLDERS = {
  kind: oneOf('one', 'many'),
  says: 'With `durable`: one host at a time takes from it, in order, and the next when that is gone; or all of them at once.',
  default: '`one`',
};

export const CLUSTER_EXPORT_FIELDS = {
  to: { kind: word, says: 'The name in its namespace.', default: 'the exported one' },
  durable: DURABLE,
  holders: HOLDERS,
  attempts: {
    kind: numberIn({ min: 1, max: 1_000_000 }),
    says: 'With `durable`: handlings in vain before a message becomes a dead letter.',
    default: '5',
  },
} satisfies FieldTable<ClusterExportSpec>;

export const CLUSTER_IMPORT_FIELDS = {
  as: { kind: word, says: 'The name in its namespace.', default: 'the exported one' },
  durable: { ...DURABLE, says: 'As who exports it says.' },
  holders: { ...HOLDERS, says: 'As who exports it says.' },
  overflow: {
    kind: oneOf('block', 'reject', 'drop-newest', 'drop-oldest'),
    says: 'What a sender here meets when there is no room on the way to it, as at a full mailbox.',
    default: '`block`',
  },
  sendTimeoutMs: {
    kind: numberIn({ min: 0, max: LONGEST_MS, unit: 'milliseconds' }),
    says: 'How long a sender waits with `overflow: block`.',
    default: '5000',
  },
} satisfies FieldTable<ClusterImportSpec>;

const exportedName = (key: string): string | undefined =>
  isWord(key) ? undefined : `A name cannot be ${shown(key)}: it must be ${word.expects}.`;

/** Of any namespace. */
export const NAMESPACE_CLUSTER_FIELDS = {
  exports: {
    kind: mapOf(
      objectOf(CLUSTER_EXPORT_FIELDS, { on: 'root', prefix: 'cluster.exports.' }),
      'a map from names to objects with to, durable, holders, attempts',
      exportedName,
    ),
    says: 'What other hosts can reach: `{ prices: {} }`.',
    default: '`{}`',
  },
  imports: {
    kind: mapOf(
      objectOf(CLUSTER_IMPORT_FIELDS, { on: 'root', prefix: 'cluster.imports.' }),
      'a map from names to objects with as, durable, holders, overflow, sendTimeoutMs',
      exportedName,
    ),
    says: 'Names of other hosts that are to be names here: `{ stock: {} }`.',
    default: '`{}`',
  },
} satisfies FieldTable<NamespaceClusterSpec>;

/** Of the tree's own. */
export const CLUSTER_FIELDS = {
  ...NAMESPACE_CLUSTER_FIELDS,
  hidden: {
    kind: flag,
    says: 'What it exports is told over the broker alone, and not on the link, where anybody can listen.',
    default: '`false`',
  },
  replicated: {
    kind: flag,
    says: 'The broker is a cluster, and keeps durable queues on several nodes; the same on all hosts.',
    default: '`false`',
  },
} satisfies FieldTable<ClusterSpec>;
