/**
 * From what a user wrote to what the kernel takes: every field checked by the table, every default
 * filled in, every path resolved, everything frozen; and every problem reported at once.
 */
import { isAbsolute } from 'node:path';
import { pathToFileURL } from 'node:url';
import { SpecError } from '@espalier/core';
import type { AutoShutdown, Backoff } from '@espalier/core/internal/supervisor-logic.js';
import {
  checkChild,
  checkNames,
  checkSignificant,
  checkSupervisor,
  claim,
  type Claims,
} from './conflicts.js';
import { DEFAULTS } from './defaults.js';
import { inside, isPlainObject, refuse, type Place } from './field.js';
import { checkCluster, namespacesOf, refuseInChild } from './cluster.js';
import { checkGrants, type Seat } from './grants.js';
import { ENVIRONMENT_FIELDS, POOL_NODE_FIELDS, ROOT_FIELDS, SUPERVISOR_FIELDS } from './fields.js';
import type {
  NormalisedEnvironment,
  NormalisedLimits,
  NormalisedNode,
  NormalisedPool,
  NormalisedPoolOptions,
  NormalisedSupervisor,
  NormalisedThreadLimits,
  NormalisedTree,
  NormalisedWalls,
} from './normalised.js';
import type { NodeKind } from './not-built.js';
import { readObject, requireField, type Fields } from './object.js';
import { isIsolating, partsOf, reservationFaults, sharedFaults } from './reservations.js';
import { Problems, type Locate } from './problems.js';
import type { ClusterSpec, NamespaceClusterSpec, Siblings, Wall } from './tree-spec.js';

const NO_WALLS: NormalisedWalls = Object.freeze({
  required: Object.freeze([]),
  preferred: Object.freeze([]),
});

/** Deep enough for any tree, and an end for one that holds itself. */
const DEEPEST = 64;

export interface NormaliseOptions {
  /** The folder that relative module paths are taken from: an absolute path or a `file:` URL. */
  readonly base: string | URL;
  /** Where in its file something is; `readSpecFile` gives it. */
  readonly locate?: Locate;
  /** What to call the spec in the error's message; e.g. its file. */
  readonly source?: string;
}

interface Walk {
  readonly place: Place;
  readonly names: Claims;
  readonly above: readonly unknown[];
  /** From the root on, without its name: '', `/store`. */
  readonly path: string;
  /** The path of the isolated node that it is or is in. */
  readonly space: string;
  /** Its supervisor's. */
  readonly siblings: Siblings;
  /** All nodes so far. */
  readonly seats: Seat[];
  /** Below a template, of which there may be many at a time: nothing there can hold a name. */
  readonly unnamed: boolean;
}

/**
 * Checks a spec and fills it in. Pure: reads no file, and whether modules are there shows at the start.
 *
 * @throws SpecError `spec_invalid` with all problems; `spec_not_built` if every one of them is a word
 *   whose mechanism is not built yet.
 */
export function normaliseSpec(input: unknown, options: NormaliseOptions): NormalisedTree {
  return normalise(input, 'tree', 'Write at least `children: [...]`.', options, (given, walk) => {
    const read = readNode(given, 'root', walk.place);
    const name = (read['name'] as string | undefined) ?? DEFAULTS.tree.name;
    const { cluster, ...node } = read as { readonly cluster?: ClusterSpec };
    const root = supervisorOf({ ...node, id: name }, { ...walk, above: [given] });
    const namespaces = namespacesOf(walk.seats, walk.names, walk.place.problems);
    if (cluster !== undefined || namespaces.length > 0) checkCluster(root, walk.place);
    return Object.freeze({
      name,
      root,
      ...(cluster === undefined ? {} : { cluster }),
      ...(namespaces.length === 0 ? {} : { namespaces }),
    });
  });
}

export interface NormaliseChildOptions extends NormaliseOptions {
  /** That of its supervisor, where that is known: whether the child may be significant. */
  readonly autoShutdown?: AutoShutdown;
  /** That of its supervisor: which wall is the child's default. Default: `group`. */
  readonly siblings?: Siblings;
}

/** The same for one child by itself. What only its running supervisor can say is not checked. */
export function normaliseChild(input: unknown, options: NormaliseChildOptions): NormalisedNode {
  const remedy = 'Write e.g. { id: prices, module: ./prices.ts }.';
  return normalise(input, 'child', remedy, options, (given, walk) => {
    if (options.autoShutdown !== undefined) checkSignificant(given, options.autoShutdown, walk.place);
    const child = nodeOf(given, walk);
    refuseInChild(walk.seats, walk.place.problems);
    return child;
  });
}

function normalise<T>(
  input: unknown,
  what: string,
  remedy: string,
  options: NormaliseChildOptions,
  read: (given: Record<string, unknown>, walk: Walk) => T | undefined,
): T {
  const problems = new Problems(options.locate);
  const place: Place = { segments: [], problems, base: folderUrl(options.base) };
  const walk = { place, names: new Map() as Claims, seats: [] as Seat[], above: [], unnamed: false };
  const isObject = isPlainObject(input);
  if (!isObject) problems.add([], input, `A ${what} spec must be an object.`, remedy);
  const siblings = options.siblings ?? DEFAULTS.supervisor.siblings;
  const result = isObject ? read(input, { ...walk, path: '', space: '', siblings }) : undefined;
  const { cluster } = (result ?? {}) as { readonly cluster?: ClusterSpec };
  const imports = what === 'tree' ? Object.keys(cluster?.imports ?? {}) : undefined;
  checkGrants(walk.seats, walk.names, problems, imports);
  checkNames(walk.names, problems);
  problems.throwIfAny(options.source);
  return result as T;
}

function folderUrl(base: string | URL): string {
  const url = base instanceof URL ? base.href : isAbsolute(base) ? pathToFileURL(base).href : base;
  if (!url.startsWith('file:') || !URL.canParse(url)) {
    const problem = { path: '', value: base, problem: '`base` must be an absolute path or a file: URL.' };
    const remedy = 'Give the folder of the spec, e.g. `import.meta.dirname`.';
    throw new SpecError('spec_invalid', problem.problem, [{ ...problem, remedy }]);
  }
  return url.endsWith('/') ? url : `${url}/`;
}

const FIELDS: Record<NodeKind, Fields> = {
  root: ROOT_FIELDS,
  supervisor: SUPERVISOR_FIELDS,
  environment: ENVIRONMENT_FIELDS,
  pool: POOL_NODE_FIELDS,
};

/** The field that makes a node what it is. */
const MARK = { root: 'children', supervisor: 'children', environment: 'module', pool: 'pool' } as const;
const ARTICLE = {
  root: 'the root',
  supervisor: 'a supervisor',
  environment: 'an environment',
  pool: 'a pool',
} as const;

function readNode(given: Record<string, unknown>, on: NodeKind, place: Place): Record<string, unknown> {
  const elsewhere = (key: string) => {
    const kinds = (Object.keys(FIELDS) as NodeKind[]).filter((kind) => Object.hasOwn(FIELDS[kind], key));
    if (kinds.length === 0) return undefined;
    return `Leave it out: this node is ${ARTICLE[on]}, and \`${key}\` belongs to ${ARTICLE[kinds[0] ?? 'root']}.`;
  };
  const read = readObject(given, FIELDS[on], { on, prefix: '', elsewhere }, place);
  if (on !== 'root') requireField(given, 'id', place);
  if (given['image'] === undefined) requireField(given, MARK[on], place);
  return read;
}

function kindOf(given: Record<string, unknown>, place: Place): Exclude<NodeKind, 'root'> | undefined {
  const marks = (['supervisor', 'pool', 'environment'] as const).filter(
    (kind) => given[MARK[kind]] !== undefined,
  );
  if (marks.length > 1) {
    const both = marks.map((kind) => `\`${MARK[kind]}\``).join(' and ');
    place.problems.add(place.segments, given, `A node cannot have ${both}.`, 'Make two nodes of it.');
    return undefined;
  }
  // An image stands for a module; that it is not built yet is said when its fields are read.
  return marks[0] ?? (given['image'] === undefined ? undefined : 'environment');
}

function nodeOf(given: unknown, walk: Walk): NormalisedNode | undefined {
  const { place } = walk;
  if (!isPlainObject(given))
    return refuse(place, given, 'an object', 'Write e.g. { id: prices, module: ./prices.ts }.');
  if (walk.above.includes(given)) {
    place.problems.add(place.segments, given, 'The node holds itself.', 'Write it once.');
    return undefined;
  }
  if (walk.above.length > DEEPEST) {
    place.problems.add(
      place.segments,
      given,
      `The tree is deeper than ${DEEPEST} levels.`,
      'Make it flatter.',
    );
    return undefined;
  }
  const kind = kindOf(given, place);
  if (kind === undefined) {
    if (Object.values(MARK).every((mark) => given[mark] === undefined)) {
      const problem = 'A node needs `module` (an environment), `children` (a supervisor) or `pool` (a pool).';
      place.problems.add(place.segments, given, problem, 'Add one of them.');
    }
    return undefined;
  }
  const read = readNode(given, kind, place);
  checkChild(read, wallOf(read, walk), place);
  const path = `${walk.path}/${(read['id'] as string | undefined) ?? ''}`;
  const space = walk.siblings === 'isolate' ? path : walk.space;
  const below: Walk = { ...walk, above: [...walk.above, given], path, space };
  if (kind === 'supervisor') return supervisorOf(read, below);
  return kind === 'pool' ? poolOf(read, below) : environmentOf(given, read, below);
}

/** The node takes its seat in the tree. */
function seated<N extends NormalisedNode>(node: N, read: Record<string, unknown>, walk: Walk): N {
  const { place, path, space, unnamed, seats } = walk;
  const { cluster } = read as { readonly cluster?: NamespaceClusterSpec };
  const seat = { segments: place.segments, path, space, node, unnamed };
  seats.push(cluster === undefined ? seat : { ...seat, cluster });
  return node;
}

function childOf<K extends 'environment' | 'pool' | 'supervisor'>(
  kind: K,
  read: Record<string, unknown>,
  walk: Walk,
) {
  const wall = wallOf(read, walk);
  return {
    kind,
    id: '',
    ...DEFAULTS.child,
    shutdown: DEFAULTS.shutdown[kind],
    ...pick(read, ['id', 'restart', 'shutdown', 'startTimeoutMs', 'significant']),
    wall,
    walls: wallsOf({ ...read, wall }, walk),
    grants: (read['grants'] ?? Object.freeze({})) as NormalisedNode['grants'],
  };
}

function wallOf({ wall }: Record<string, unknown>, { siblings }: Walk): Wall {
  return (wall as Wall | undefined) ?? DEFAULTS.wall[siblings];
}

function wallsOf({ wall, walls }: Record<string, unknown>, { siblings }: Walk): NormalisedWalls {
  if (wall !== 'process') return NO_WALLS;
  const { required, preferred }: NormalisedWalls = {
    required: DEFAULTS.walls.required,
    preferred: DEFAULTS.walls.preferred[siblings],
    ...(walls as Partial<NormalisedWalls> | undefined),
  };
  return Object.freeze({
    required,
    preferred: Object.freeze(preferred.filter((w) => !required.includes(w))),
  });
}

function supervisorOf(read: Record<string, unknown>, walk: Walk): NormalisedSupervisor {
  const defaults = DEFAULTS.supervisor;
  const given = (read['children'] as readonly unknown[] | undefined) ?? [];
  const place = inside(walk.place, 'children');
  const options = { ...defaults, ...pick(read, Object.keys(defaults)) } as NormalisedSupervisor;
  const unnamed = walk.unnamed || options.strategy === 'simple_one_for_one';
  const { siblings } = options;
  const nodes = given.map((child, i) =>
    nodeOf(child, { ...walk, unnamed, siblings, place: inside(place, i) }),
  );
  checkSupervisor(read, given, walk.place);
  const node: NormalisedSupervisor = Object.freeze({
    ...childOf('supervisor', read, walk),
    ...options,
    backoff: backoffOf(read['backoff'], null),
    limits: Object.freeze({ ...DEFAULTS.processLimits, ...(read['limits'] as object | undefined) }),
    children: Object.freeze(nodes.filter((child) => child !== undefined)),
  });
  // A child that could not be read has been told of.
  if (node.children.length === given.length) checkReservations(node, walk.place);
  return seated(node, read, walk);
}

function checkReservations(node: NormalisedSupervisor, { segments, problems }: Place): void {
  const faults = isIsolating(node) ? reservationFaults(node.limits, partsOf(node)) : sharedFaults(node);
  for (const { part, field, value, problem, remedy } of faults) {
    const child = part === undefined ? [] : ['children', part];
    problems.add([...segments, ...child, ...field], value, problem, remedy);
  }
}

function environmentOf(
  given: Record<string, unknown>,
  read: Record<string, unknown>,
  walk: Walk,
): NormalisedEnvironment {
  const node = Object.freeze({
    ...childOf('environment', read, walk),
    ...codeOf(read, walk),
    ...DEFAULTS.environment,
    ...pick(read, ['overflow', 'sendTimeoutMs']),
    module: read['module'] as NormalisedEnvironment['module'],
    args: given['args'] === undefined ? undefined : read['args'],
    limits: limitsOf(read['limits']),
  } as NormalisedEnvironment);
  return seated(node, read, walk);
}

function poolOf(read: Record<string, unknown>, walk: Walk): NormalisedPool {
  const options = (read['pool'] ?? {}) as Partial<NormalisedPoolOptions>;
  const { minThreads, maxThreads } = options;
  const { heapMb, youngMb, stackMb, memoryMb } = limitsOf(read['limits']);
  const node = Object.freeze({
    ...childOf('pool', read, walk),
    ...codeOf(read, walk),
    limits: Object.freeze({ heapMb, youngMb, stackMb, memoryMb } satisfies NormalisedThreadLimits),
    pool: Object.freeze({
      ...DEFAULTS.pool,
      // The bound that was not given follows the one that was.
      minThreads: Math.min(DEFAULTS.pool.minThreads, maxThreads ?? DEFAULTS.pool.maxThreads),
      maxThreads: Math.max(DEFAULTS.pool.maxThreads, minThreads ?? 0),
      ...options,
    } as NormalisedPoolOptions),
  } as NormalisedPool);
  return seated(node, read, walk);
}

function nameOf(read: Record<string, unknown>, { names, place, space, unnamed }: Walk): string | null {
  if (unnamed) {
    if (typeof read['name'] === 'string') {
      const problem =
        '`name` and `strategy: simple_one_for_one` contradict each other: there may be many of it.';
      place.problems.add([...place.segments, 'name'], read['name'], problem, 'Leave `name` out.');
    }
    return null;
  }
  const name = (read['name'] === undefined ? read['id'] : read['name']) as string | null | undefined;
  if (typeof name !== 'string') return null;
  claim(names, space, name, { segments: place.segments, id: read['id'] ?? null });
  return name;
}

function codeOf(read: Record<string, unknown>, walk: Walk) {
  return {
    name: nameOf(read, walk),
    bindings: (read['bindings'] ?? Object.freeze({})) as Readonly<Record<string, unknown>>,
    env: (read['env'] ?? Object.freeze({})) as Readonly<Record<string, string>>,
    external: (read['external'] ?? Object.freeze([])) as readonly string[],
    backoff: backoffOf(read['backoff'], 'inherit' as const),
  };
}

function limitsOf(given: unknown): NormalisedLimits {
  const limits = (given ?? {}) as Partial<NormalisedLimits>;
  const heapMb =
    limits.heapMb ?? Math.min(DEFAULTS.limits.heapMb, limits.memoryMb ?? Number.POSITIVE_INFINITY);
  const mailboxBytes = limits.mailboxBytes ?? DEFAULTS.limits.mailboxBytes;
  return Object.freeze({
    ...DEFAULTS.limits,
    heapMb,
    youngMb: Math.min(DEFAULTS.limits.youngMb, Math.floor(heapMb / 2)),
    memoryMb: 2 * heapMb,
    messageBytes: Math.min(DEFAULTS.limits.messageBytes, mailboxBytes),
    ...limits,
  });
}

function backoffOf<N>(given: unknown, none: N): Backoff | null | N {
  if (given === undefined) return none;
  if (given === false) return null;
  const own = given === true ? {} : (given as Partial<Backoff>);
  const maxMs = Math.max(DEFAULTS.backoff.maxMs, own.initialMs ?? 0);
  return Object.freeze({ ...DEFAULTS.backoff, maxMs, ...own });
}

function pick(read: Record<string, unknown>, keys: readonly string[]): Record<string, never> {
  return Object.fromEntries(
    keys.filter((key) => Object.hasOwn(read, key)).map((key) => [key, read[key]]),
  ) as Record<string, never>;
}
