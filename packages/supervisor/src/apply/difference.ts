/**
 * What changes between two specs of one tree, and what it takes: pure data, for people and machines. It
 * is what an apply carries out as long as nobody has changed the tree by hand; that it is exactly that is
 * a property test.
 */
import { isIsolating } from '../spec/reservations.js';
import { sharedFate } from '../strategies/shared-fate.js';
import type { NormalisedNode, NormalisedSupervisor, NormalisedTree } from '../spec/normalised.js';
import { changedFields, orderChange, type FieldChange } from './field-changes.js';
import { isSame } from './fingerprint.js';
import { imageOf } from './version.js';

/** A tree with what its specs alone do not tell: which code its modules are at the time. */
export interface VersionedTree {
  readonly tree: NormalisedTree;
  /** By path, from the tree's name on. */
  readonly versions: ReadonlyMap<string, string>;
}

interface AnyChange {
  /** As in `Host.tree()`; of a template, with its own id. */
  readonly path: string;
  readonly kind: NormalisedNode['kind'];
  /** It is a template or below one: what is said holds for each child that is made from it. */
  readonly template: boolean;
}

export type Change = AnyChange &
  (
    | { readonly what: 'added' | 'removed' }
    /** Stopped there and started here, because it has the same name; a supervisor, because it has the same id. */
    | { readonly what: 'moved'; readonly from: string; readonly fields: readonly FieldChange[] }
    | { readonly what: 'changed'; readonly fields: readonly FieldChange[]; readonly restarts: boolean }
    /** Not changed, but its strategy restarts it along with `because`. */
    | { readonly what: 'restarted'; readonly because: string }
    /** The same for a temporary one, which is never started again. */
    | { readonly what: 'stopped'; readonly because: string }
  );

export interface Difference {
  /** In the order of the new tree; what is removed comes last below its supervisor. */
  readonly changes: readonly Change[];
}

/** The two trees have the same name. */
export function differenceBetween(from: VersionedTree, to: VersionedTree): Difference {
  const walk: Walk = { from, to, changes: [], added: [], removed: [] };
  compareSupervisors(walk, { path: from.tree.name, template: false }, from.tree.root, to.tree.root, true);
  return { changes: withMoves(walk) };
}

/** What a tree is that runs by a spec for the first time. */
export function firstDifference(tree: NormalisedTree): Difference {
  const versions = new Map<string, string>();
  const nothing = { ...tree, root: { ...tree.root, children: [] } };
  return differenceBetween({ tree: nothing, versions }, { tree, versions });
}

type Place = Pick<AnyChange, 'path' | 'template'>;

interface Listed extends Place {
  readonly node: NormalisedNode;
}

interface Walk {
  readonly from: VersionedTree;
  readonly to: VersionedTree;
  readonly changes: Change[];
  readonly added: Listed[];
  readonly removed: Listed[];
}

/** `survives`: it is not restarted as a whole, so what its strategy says comes into it. */
function compareSupervisors(
  walk: Walk,
  place: Place,
  was: NormalisedSupervisor,
  is: NormalisedSupervisor,
  survives: boolean,
): void {
  const fields = [...changedFields(was, is, false), ...orderChange(was, is)];
  if (fields.length > 0) {
    const restarts = fields.some(({ effect }) => effect === 'restart');
    walk.changes.push({ what: 'changed', ...place, kind: 'supervisor', fields, restarts });
  }
  // Children of a template are its own: with a strategy of the other sort, nobody of before stays.
  const stay = isTemplated(was) === isTemplated(is) ? was.children : [];
  const known = byId(stay);
  const causes = survives ? causesOf(walk, place, known, is) : new Map<string, string>();
  for (const node of is.children) {
    const at = placeOf(place, is, node);
    const before = known.get(node.id);
    if (before === undefined) list(walk, 'added', at, node);
    else compareNodes(walk, at, before, node, survives, causes.get(node.id));
  }
  const wanted = byId(is.children);
  for (const node of was.children)
    if (!known.has(node.id) || !wanted.has(node.id)) list(walk, 'removed', placeOf(place, was, node), node);
}

function compareNodes(
  walk: Walk,
  place: Place,
  was: NormalisedNode,
  is: NormalisedNode,
  survives: boolean,
  cause: string | undefined,
): void {
  const about = { ...place, kind: is.kind };
  if (was.kind !== is.kind) {
    const fields = [{ field: 'kind', from: was.kind, to: is.kind, effect: 'restart' as const }];
    walk.changes.push({ what: 'changed', ...about, fields, restarts: true });
    listBelow(walk, 'added', place, is);
    listBelow(walk, 'removed', place, was);
    return;
  }
  const goesAlong = cause !== undefined && cause !== place.path;
  if (is.kind === 'supervisor') {
    if (goesAlong) walk.changes.push(along(about, is, cause));
    const stays = !goesAlong && !hasOtherProcess(was, is);
    compareSupervisors(walk, place, was as NormalisedSupervisor, is, survives && stays);
    return;
  }
  const fields = threadChanges(walk, { ...place, node: was }, { ...place, node: is });
  const restarts = fields.some(({ effect }) => effect === 'restart');
  if (fields.length > 0) walk.changes.push({ what: 'changed', ...about, fields, restarts });
  if (!restarts && goesAlong) walk.changes.push(along(about, is, cause));
}

/**
 * A supervisor stays, whatever becomes of those below it, unless it gets or loses a process of its own, or its
 * children namespaces of theirs.
 */
function hasOtherProcess(was: NormalisedNode, is: NormalisedNode): boolean {
  if (was.kind === 'supervisor' && is.kind === 'supervisor' && was.siblings !== is.siblings) return true;
  if (was.wall !== is.wall) return true;
  if (is.wall !== 'process') return false;
  if (!isSame(was.walls, is.walls)) return true;
  // What children reserve parts of is not held around them all.
  return is.kind === 'supervisor' && !isIsolating(is) && !isSame(was.limits, is.limits);
}

function along(about: AnyChange, { restart }: NormalisedNode, because: string): Change {
  return { what: restart === 'temporary' ? 'stopped' : 'restarted', ...about, because };
}

/** For each child that is replaced, or goes along with one that is: the path of the first that takes it along. */
function causesOf(
  walk: Walk,
  place: Place,
  known: ReadonlyMap<string, NormalisedNode>,
  is: NormalisedSupervisor,
): ReadonlyMap<string, string> {
  const causes = new Map<string, string>();
  const next = byId(is.children);
  for (const node of is.children) {
    const was = known.get(node.id);
    const { path } = placeOf(place, is, node);
    const isReplaced =
      was !== undefined &&
      (was.kind !== node.kind ||
        hasOtherProcess(was, node) ||
        (node.kind !== 'supervisor' && walk.from.versions.get(path) !== walk.to.versions.get(path)));
    if (!isReplaced || causes.has(node.id)) continue;
    for (const { id } of sharedFate(is.strategy, next, node)) causes.set(id, path);
  }
  return causes;
}

/** Of an environment or a pool: its fields, and its code. */
function threadChanges({ from, to }: Walk, was: Listed, is: Listed): readonly FieldChange[] {
  const [old, now] = [from.versions.get(was.path) ?? '', to.versions.get(is.path) ?? ''];
  const [oldCode, code] = [imageOf(old), imageOf(now)];
  const fields = changedFields(was.node, is.node, old === now);
  return oldCode === code
    ? fields
    : [...fields, { field: 'code', from: oldCode, to: code, effect: 'restart' }];
}

/** A node that is there only before or only afterwards, with all below it. */
function list(walk: Walk, what: 'added' | 'removed', place: Place, node: NormalisedNode): void {
  walk[what].push({ ...place, node });
  walk.changes.push({ what, ...place, kind: node.kind });
  listBelow(walk, what, place, node);
}

function listBelow(walk: Walk, what: 'added' | 'removed', place: Place, node: NormalisedNode): void {
  if (node.kind !== 'supervisor') return;
  for (const child of node.children) list(walk, what, placeOf(place, node, child), child);
}

function withMoves(walk: Walk): readonly Change[] {
  const gone = new Map(walk.removed.map((listed) => [whoIs(listed.node), listed]));
  const moves = new Map<string, Change>();
  const left = new Set<string>();
  for (const listed of walk.added) {
    const { node, ...place } = listed;
    const origin = gone.get(whoIs(node));
    if (origin === undefined || origin.template !== place.template) continue;
    gone.delete(whoIs(node));
    const isThread = node.kind !== 'supervisor';
    const fields = isThread ? threadChanges(walk, origin, listed) : changedFields(origin.node, node, false);
    moves.set(place.path, { what: 'moved', ...place, kind: node.kind, from: origin.path, fields });
    left.add(origin.path);
  }
  return walk.changes.flatMap((change) => {
    if (change.what === 'removed' && left.has(change.path)) return [];
    return [change.what === 'added' ? (moves.get(change.path) ?? change) : change];
  });
}

/** Names are unique in a tree; ids of supervisors mostly are, and the last one found will do. */
function whoIs(node: NormalisedNode): string {
  if (node.kind === 'supervisor') return `supervisor ${node.id}`;
  return node.name === null ? `${node.kind} without a name ${node.id}` : `${node.kind} ${node.name}`;
}

function placeOf(place: Place, supervisor: NormalisedSupervisor, { id }: NormalisedNode): Place {
  return { path: `${place.path}/${id}`, template: place.template || isTemplated(supervisor) };
}

function isTemplated({ strategy }: NormalisedSupervisor): boolean {
  return strategy === 'simple_one_for_one';
}

function byId(nodes: readonly NormalisedNode[]): ReadonlyMap<string, NormalisedNode> {
  return new Map(nodes.map((node) => [node.id, node]));
}
