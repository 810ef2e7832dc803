/**
 * Who may speak to whom across namespaces. Below an isolating supervisor each child has a namespace of its
 * own, with the names of what is in it and what its `grants` add: names that lead to mailboxes outside.
 */
import { nameIn } from '@espalier/core/internal/host.js';
import { claim, type Claims } from './conflicts.js';
import { importOf } from './kinds.js';
import type { NormalisedNode, NormalisedTree } from './normalised.js';
import { shown, type Problems, type Segments } from './problems.js';
import { nearest } from './suggest.js';
import type { NamespaceClusterSpec } from './tree-spec.js';

/** A node of a tree that is being read. */
export interface Seat {
  readonly segments: Segments;
  /** From the root on: `/store/db`. */
  readonly path: string;
  /** The path of the isolated node that it is or is in; '' if there is none. */
  readonly space: string;
  readonly node: NormalisedNode;
  /** A template or below one. */
  readonly unnamed: boolean;
  /** As it was read. */
  readonly cluster?: NamespaceClusterSpec;
}

/** One line of `grants`, as the kernel takes it. */
export interface Grant {
  /** The path of the node whose line it is, with the tree's name. */
  readonly by: string;
  /** With its namespace. */
  readonly name: string;
  /** The name of whom it leads to, with its namespace; and the path. */
  readonly target: string;
  readonly path: string;
}

/**
 * Reports every line that can lead nowhere, and adds its name to those that are taken. `imports`: the names that
 * `cluster` imports; undefined: what can be led to is not all among the seats, as of one child by itself, and it is for
 * the tree that runs to say.
 */
export function checkGrants(
  seats: readonly Seat[],
  claims: Claims,
  problems: Problems,
  imports: readonly string[] | undefined,
): void {
  const byPath = new Map(seats.map((seat) => [seat.path, seat]));
  for (const seat of seats) {
    const { node, segments, space, unnamed } = seat;
    // One whose path was refused has none.
    const lines = Object.entries(node.grants as Readonly<Record<string, { readonly send?: string }>>);
    for (const [name, { send }] of lines) {
      const at = [...segments, 'grants', name];
      const problem = unnamed ? TEMPLATE : holderProblem(seat);
      if (problem !== undefined) {
        problems.add(at, send, ...problem);
        continue;
      }
      claim(claims, space, name, { segments: at, id: undefined });
      if (send === undefined || imports === undefined) continue;
      const wrong =
        importOf(send) === undefined
          ? targetProblem(send, seatAt(send, byPath), space, [...byPath.keys()])
          : importProblem(send, space, imports);
      if (wrong !== undefined) problems.add([...at, 'send'], send, ...wrong);
    }
  }
}

/** What is wrong, and what to do. */
export type Fault = readonly [problem: string, remedy: string];

const TEMPLATE: Fault = [
  '`grants` and `strategy: simple_one_for_one` contradict each other: there may be many of it.',
  'Leave `grants` out, and use `host.grant` for each child once it is there.',
];

/** Why a node cannot be granted anything. */
export function holderProblem({ node, path }: Pick<Seat, 'node' | 'path'>): Fault | undefined {
  // The root's is the application's.
  if (path === '' || node.kind !== 'supervisor' || node.siblings !== 'isolate') return undefined;
  return [
    'Its children have a namespace each, and nobody has the one of an isolating node.',
    'Write `grants` on its children.',
  ];
}

/** Why a path cannot be granted to who lives in a namespace. */
export function targetProblem(
  send: string,
  target: Pick<Seat, 'node' | 'space'> | undefined,
  space: string,
  known: readonly string[] = [],
): Fault | undefined {
  if (target === undefined) {
    const meant = nearest(send, known);
    const remedy = 'Write the path of an environment or a pool, from the root on: `/store/db`.';
    return [
      `There is nothing at ${shown(send)}.`,
      meant === undefined ? remedy : `Did you mean \`${meant}\`?`,
    ];
  }
  const { node } = target;
  if (node.kind === 'supervisor')
    return [
      `${shown(send)} is a supervisor, and has no mailbox.`,
      'Write the path of an environment or a pool.',
    ];
  if (node.name === null)
    return [`${shown(send)} has no name, and a grant leads to a name.`, 'Give it a `name`.'];
  if (target.space !== space) return undefined;
  const problem = `${shown(send)} is in the same namespace, where it is called ${shown(node.name)}.`;
  return [problem, `Leave the grant out, and use the name ${shown(node.name)}.`];
}

/** The same of a name that `cluster` imports: which is a name of the tree's namespace. */
function importProblem(send: string, space: string, imports: readonly string[]): Fault | undefined {
  const name = importOf(send) ?? '';
  if (!imports.includes(name)) {
    const meant = nearest(name, imports);
    const remedy = `Write \`cluster: { imports: { ${name}: {} } }\` on the root.`;
    return [
      `The tree imports no ${shown(name)}.`,
      meant === undefined ? remedy : `Did you mean \`cluster.imports.${meant}\`?`,
    ];
  }
  if (space !== '') return undefined;
  return [
    `${shown(send)} is a name of the same namespace.`,
    'Leave the grant out, and use the name that `cluster` gives it.',
  ];
}

type Target = Pick<Seat, 'node' | 'path' | 'space'>;

/** Who is at a path, or is what an environment has spawned: one step below it, by name. */
export function seatAt(path: string, seats: ReadonlyMap<string, Target & Partial<Seat>>): Target | undefined {
  const seat = seats.get(path);
  if (seat !== undefined) return seat;
  const at = path.lastIndexOf('/');
  const above = seats.get(path.slice(0, at));
  // Of a template there may be many.
  return above === undefined || above.unnamed === true ? undefined : spawnedBy(above, path.slice(at + 1));
}

/** What an environment spawns is in no spec: whatever it is, it holds that name, and is no further from the root. */
export function spawnedBy({ node, path, space }: Target, name: string): Target | undefined {
  return node.kind === 'environment' ? { node: { ...node, name }, path, space } : undefined;
}

/** A node and all below it, by path. */
export function seatsBelow(
  top: NormalisedNode,
  topPath: string,
  topSpace: string,
): ReadonlyMap<string, Target> {
  const seats = new Map<string, Target>();
  const seat = (node: NormalisedNode, path: string, space: string): void => {
    seats.set(path, { node, path, space });
    if (node.kind !== 'supervisor') return;
    for (const child of node.children) {
      const at = `${path}/${child.id}`;
      seat(child, at, node.siblings === 'isolate' ? at : space);
    }
  };
  seat(top, topPath, topSpace);
  return seats;
}

/** All lines of a tree, which has been checked. */
export function grantsOf({ name: tree, root }: NormalisedTree): readonly Grant[] {
  const seats = seatsBelow(root, '', '');
  return [...seats.values()].flatMap(({ node, path, space }) =>
    Object.entries(node.grants).flatMap(([name, { send }]) => {
      const target = seatAt(send, seats);
      return target === undefined ? [] : [grantTo(target, { tree, path, space, name })];
    }),
  );
}

/** `by.path`, `space` and `target` are without the tree's name. */
export function grantTo(
  target: Target,
  by: { readonly tree: string; readonly path: string; readonly space: string; readonly name: string },
): Grant {
  const inTree = (space: string): string => (space === '' ? '' : by.tree + space);
  return {
    by: by.tree + by.path,
    name: nameIn(inTree(by.space), by.name),
    target: nameIn(inTree(target.space), target.node.kind === 'supervisor' ? '' : (target.node.name ?? '')),
    path: by.tree + target.path,
  };
}
