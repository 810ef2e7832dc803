/** `cluster` of a root, and of namespaces below it: for which trees, and for whom. */
import { SpecError } from '@espalier/core';
import { claim, type Claims } from './conflicts.js';
import type { Place } from './field.js';
import { holderProblem, type Fault, type Seat } from './grants.js';
import type { NormalisedNamespace, NormalisedSupervisor, NormalisedTree } from './normalised.js';
import { shown, type Problems } from './problems.js';
import { nearest } from './suggest.js';
import type { NamespaceClusterSpec } from './tree-spec.js';

/** Names of other hosts are names of the root's namespace, and what holds them is one child more. */
export function checkCluster(
  { siblings, strategy }: NormalisedSupervisor,
  { segments, problems }: Place,
): void {
  const refused =
    siblings === 'isolate'
      ? '`siblings: isolate`'
      : strategy === 'simple_one_for_one'
        ? '`strategy: simple_one_for_one`'
        : undefined;
  if (refused === undefined) return;
  const problem = `\`cluster\` and ${refused} of the root contradict each other: it takes one more child, beside the others.`;
  problems.add(
    [...segments, 'cluster'],
    'an object',
    problem,
    'Put one supervisor between the root and them.',
  );
}

type ClusterSeat = Seat & { readonly cluster: NamespaceClusterSpec };

/**
 * What the namespaces of a tree offer and take, by `cluster` of the nodes that have them. Reports what cannot be, and adds
 * the names that are taken to those that are claimed.
 */
export function namespacesOf(
  seats: readonly Seat[],
  claims: Claims,
  problems: Problems,
): readonly NormalisedNamespace[] {
  return seatsWithCluster(seats).flatMap((seat) => {
    const { segments, path, cluster } = seat;
    const refused = namespaceProblem(seat);
    if (refused !== undefined) {
      problems.add([...segments, 'cluster'], 'an object', ...refused);
      return [];
    }
    const { imports = {} } = cluster;
    for (const [name, how] of Object.entries(imports))
      claim(claims, path, how.as ?? name, {
        segments: [...segments, 'cluster', 'imports', name],
        id: undefined,
        remedy: 'Import it under another name: `{ as: … }`.',
      });
    return [Object.freeze({ path, exports: exportsOf(seat, seats, problems), imports })];
  });
}

/** What is added to a tree that runs is no part of the spec that its bridge was made of. */
export function refuseInChild(seats: readonly Seat[], problems: Problems): void {
  const problem = '`cluster` belongs to the spec of the whole tree, and this is a child by itself.';
  for (const { segments } of seatsWithCluster(seats))
    problems.add([...segments, 'cluster'], 'an object', problem, 'Write it in that spec, and apply it.');
}

function seatsWithCluster(seats: readonly Seat[]): readonly ClusterSeat[] {
  return seats.filter((seat): seat is ClusterSeat => seat.cluster !== undefined);
}

/** Why a node has no namespace whose names could be exported. */
function namespaceProblem(seat: Seat): Fault | undefined {
  const { path, space, unnamed } = seat;
  if (unnamed)
    return [
      '`cluster` and `strategy: simple_one_for_one` contradict each other: there may be many of it.',
      'Leave `cluster` out.',
    ];
  if (space !== path)
    return [
      'It lives in a namespace with others, and `cluster` is said of a namespace.',
      `Write it on ${space === '' ? 'the root' : `\`${space}\``}, where its namespace is; or put the node below \`siblings: isolate\`.`,
    ];
  return holderProblem(seat) === undefined
    ? undefined
    : [
        'Its children have a namespace each, and nobody has the one of an isolating node.',
        'Write `cluster` on its children.',
      ];
}

/** With the path of who has the name: what is outside of the namespace reaches it by that. */
function exportsOf(
  { segments, path: space, cluster }: ClusterSeat,
  seats: readonly Seat[],
  problems: Problems,
): NormalisedNamespace['exports'] {
  const held = new Map<string, string>();
  for (const { node, path, space: where, unnamed } of seats)
    if (where === space && !unnamed && node.kind !== 'supervisor' && node.name !== null)
      held.set(node.name, path);
  const entries = Object.entries(cluster.exports ?? {}).flatMap(([exported, { to = exported, ...how }]) => {
    const path = held.get(to);
    if (path !== undefined) return [[exported, { ...how, path }] as const];
    const meant = nearest(to, [...held.keys()]);
    problems.add(
      [...segments, 'cluster', 'exports', exported, 'to'],
      to,
      `No environment and no pool of its namespace has the name ${shown(to)} by the spec.`,
      meant === undefined ? 'Name one that has: `{ to: … }`.' : `Did you mean \`${meant}\`?`,
    );
    return [];
  });
  return Object.freeze(Object.fromEntries(entries));
}

/** @throws SpecError `spec_invalid`: nobody here would do what `cluster` says. */
export function checkWithoutDaemon({ cluster, namespaces }: NormalisedTree): void {
  if (cluster === undefined && namespaces === undefined) return;
  const of = cluster === undefined ? ` of \`${namespaces?.[0]?.path ?? ''}\`` : '';
  const problem = `\`cluster\`${of} takes a daemon that is a host of the cluster.`;
  throw new SpecError('spec_invalid', problem, [
    {
      path: 'cluster',
      value: 'an object',
      problem,
      remedy: 'Run `espalierd`, and give it the file by `espalier apply`; or leave `cluster` out.',
    },
  ]);
}
