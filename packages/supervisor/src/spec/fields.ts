/**
 * Every field of a tree spec, once: what it takes, what it means, its default. The reader, the JSON
 * Schema (docs/spec.schema.json) and the tables of docs/spec.md come from here; `FieldTable` makes the
 * compiler check that the types in tree-spec.ts have the same fields.
 */
import { WALLS as WALLS_OF_CELLS } from '@espalier/core/internal/host.js';
import type { Backoff } from '@espalier/core/internal/supervisor-logic.js';
import { CLUSTER_FIELDS, NAMESPACE_CLUSTER_FIELDS } from './cluster-fields.js';
import { DEFAULTS } from './defaults.js';
import {
  flag,
  listOf,
  numberIn,
  numberOr,
  oneOf,
  refuse,
  type Field,
  type FieldTable,
  type Kind,
} from './field.js';
import { bindings, env, isWord, mapOf, module, grantee, packages, value, word, wordOrNull } from './kinds.js';
import { LIMIT_FIELDS, LONGEST_MS, PROCESS_LIMIT_FIELDS, THREAD_LIMITS } from './limit-fields.js';
import { objectOf } from './object.js';
import { shown } from './problems.js';
import type {
  CellWallName,
  ChildNodeSpec,
  EnvironmentSpec,
  GrantSpec,
  PoolOptionsSpec,
  PoolSpec,
  SupervisorNodeSpec,
  SupervisorOptionsSpec,
  TreeSpec,
  WallsSpec,
} from './tree-spec.js';

const COUNT = 2 ** 31 - 1;

const { supervisor, child, environment, pool, backoff, walls } = DEFAULTS;
const ms = (min: number) => numberIn({ min, max: LONGEST_MS, unit: 'milliseconds' });

export const BACKOFF_FIELDS = {
  initialMs: { kind: ms(1), says: 'How long the first restart waits.', default: `${backoff.initialMs}` },
  factor: {
    kind: numberIn({ min: 1, max: 100, fractions: true }),
    says: 'By what the wait grows with each failure in a row.',
    default: `${backoff.factor}`,
  },
  maxMs: { kind: ms(1), says: 'The longest wait.', default: `${backoff.maxMs}` },
  jitter: {
    kind: numberIn({ min: 0, max: 1, fractions: true }),
    says: 'The part of a wait that chance may take off, so that many do not come back at once.',
    default: `${backoff.jitter}`,
  },
  resetAfterMs: {
    kind: ms(1),
    says: 'A child that has run for so long waits `initialMs` again when it fails next.',
    default: `${backoff.resetAfterMs}`,
  },
} satisfies FieldTable<Backoff>;

export const POOL_FIELDS = {
  module: {
    kind: module,
    says: 'The module whose functions are the tasks. A relative path is taken from the folder of the spec file.',
  },
  minThreads: {
    kind: numberIn({ min: 0, max: 1024, unit: 'threads' }),
    says: 'Threads that are kept.',
    default: `${pool.minThreads}, or \`maxThreads\` if that is less`,
  },
  maxThreads: {
    kind: numberIn({ min: 1, max: 1024, unit: 'threads' }),
    says: 'Threads at most.',
    default: `${pool.maxThreads}, or \`minThreads\` if that is more`,
  },
  queue: {
    kind: numberIn({ min: 0, max: COUNT, unit: 'tasks' }),
    says: 'Tasks that may wait for a thread.',
    default: `${pool.queue}`,
  },
  concurrentTasks: {
    kind: numberIn({ min: 1, max: 10_000, unit: 'tasks' }),
    says: 'Tasks that one thread runs at a time.',
    default: `${pool.concurrentTasks}`,
  },
  idleTimeoutMs: {
    kind: ms(0),
    says: 'A thread above `minThreads` that has had no task for so long ends.',
    default: `${pool.idleTimeoutMs}`,
  },
} satisfies FieldTable<PoolOptionsSpec>;

const backoffObject = objectOf(BACKOFF_FIELDS, { on: 'supervisor', prefix: 'backoff.' });

/** An object with some of its fields, true for the defaults, false for none. */
const backoffKind: Kind<Record<string, unknown> | boolean> = {
  expects: `true, false, or ${backoffObject.expects}`,
  schema: { anyOf: [flag.schema, backoffObject.schema] },
  read: (given, place) => {
    if (typeof given === 'boolean') return given;
    return typeof given === 'object'
      ? backoffObject.read(given, place)
      : refuse(place, given, backoffKind.expects, 'Write true, or e.g. { initialMs: 100 }.');
  },
};

const WALL = {
  kind: oneOf('thread', 'process', 'host'),
  says: 'The fault boundary around the node: a thread for each environment, or a process for it and all below it. See [Walls](#walls).',
  default: `\`${DEFAULTS.wall.group}\`, and \`${DEFAULTS.wall.isolate}\` below \`siblings: isolate\``,
} satisfies Field;

export const GRANT_FIELDS = {
  send: {
    kind: grantee,
    says: 'The path of an environment or a pool, from the root on: `/store/db`; or a name of another host, as `cluster` imports it: `cluster.imports.prices`. It can be sent to, called, monitored and linked.',
  },
} satisfies FieldTable<GrantSpec>;
const grant = objectOf(GRANT_FIELDS, { on: 'environment', prefix: 'grants.' }, ['send']);
const grants = mapOf(grant, 'a map from names to objects with `send`', (key) =>
  isWord(key) ? undefined : `A name cannot be ${shown(key)}: it must be ${word.expects}.`,
);

const { permission: _ofThreads, ...WALLS } = WALLS_OF_CELLS;
/** The walls that a spec can ask for, with what each is. */
export const WALL_NAMES: Readonly<Record<CellWallName, string>> = WALLS;
const wallNames = listOf(oneOf(...(Object.keys(WALLS) as CellWallName[])), 'a list of walls');

export const WALLS_FIELDS = {
  required: {
    kind: wallNames,
    says: 'The tree does not start where one of them is missing.',
    default: '`[]`',
  },
  preferred: {
    kind: wallNames,
    says: 'One that is missing is reported as a warning, and done without.',
    default: `\`[${walls.preferred.group.join(', ')}]\`, and \`proc\` below \`siblings: isolate\``,
  },
} satisfies FieldTable<WallsSpec>;

const CHILD = {
  id: { kind: word, says: 'What its supervisor and its administrators call it; unique among its siblings.' },
  restart: {
    kind: oneOf('permanent', 'transient', 'temporary'),
    says: 'When it is restarted: always; unless it ended with `normal` or `shutdown`; never.',
    default: `\`${child.restart}\``,
  },
  shutdown: {
    kind: numberOr({ min: 0, max: LONGEST_MS, unit: 'milliseconds' }, 'brutal_kill', 'infinity'),
    says: 'How long it may take to end when it is asked to; then it is killed.',
    default: `${DEFAULTS.shutdown.environment} for environments and pools, \`${DEFAULTS.shutdown.supervisor}\` for supervisors`,
  },
  startTimeoutMs: {
    kind: numberOr({ min: 1, max: LONGEST_MS, unit: 'milliseconds' }, 'infinity'),
    says: 'How long it may take to be ready; then its start has failed.',
    default: `\`${child.startTimeoutMs}\``,
  },
  significant: {
    kind: flag,
    says: "Whether its own end ends its supervisor: see the supervisor's `autoShutdown`.",
    default: `\`${child.significant}\``,
  },
  wall: WALL,
  walls: {
    kind: objectOf(WALLS_FIELDS, { on: 'supervisor', prefix: 'walls.' }),
    says: 'What the system is to put around its process, with `wall: process`. See [Walls](#walls).',
    default: 'those below',
  },
  grants: {
    kind: grants,
    says: 'Names of its namespace that lead to mailboxes of others: `{ db: { send: /store/db } }`. See [Isolation](isolation.md).',
    default: '`{}`',
  },
  cluster: {
    kind: objectOf(NAMESPACE_CLUSTER_FIELDS, {
      on: 'supervisor',
      prefix: 'cluster.',
      elsewhere: (key) =>
        Object.hasOwn(CLUSTER_FIELDS, key)
          ? `Write it in \`cluster\` of the root: \`${key}\` is said of all that the tree exports.`
          : undefined,
    }),
    says: 'Below `siblings: isolate`: what its namespace offers to the same one on other hosts, and takes from it. See [A cluster](#a-cluster).',
    default: 'nothing',
  },
} satisfies FieldTable<ChildNodeSpec>;

const NAME = {
  kind: wordOrNull,
  says: 'The name under which others find it; null for none.',
  default: 'its `id`',
} satisfies Field;
const TRUST = {
  kind: oneOf('trusted', 'confined'),
  says: "`trusted`: your own code, Node's API at hand. `confined`: no ambient authority.",
  default: `\`${DEFAULTS.trust}\``,
} satisfies Field;
const OWN_BACKOFF = {
  kind: backoffKind,
  says: 'How long its restarts wait: see [Backoff](#backoff). `true` for the defaults, `false` for not at all.',
  default: "its supervisor's",
} satisfies Field;
const CODE = {
  name: NAME,
  bindings: { kind: bindings, says: 'The initial bindings of its lexical environment.', default: '`{}`' },
  env: { kind: env, says: 'Its whole `process.env`.', default: '`{}`' },
  external: {
    kind: packages,
    says: 'Packages that are left out of its image and loaded by Node.',
    default: '`[]`',
  },
  trust: TRUST,
  backoff: OWN_BACKOFF,
} satisfies Record<string, Field>;

export const ENVIRONMENT_FIELDS = {
  ...CHILD,
  module: {
    kind: module,
    says: 'The module that exports its behaviour: a file path (a relative one is taken from the folder of the spec file), a package name or a `file:` URL; JavaScript or TypeScript.',
  },
  ...CODE,
  args: { kind: value, says: "Handed to the behaviour's init.", default: 'undefined' },
  limits: {
    kind: objectOf(LIMIT_FIELDS, { on: 'environment', prefix: 'limits.' }),
    says: 'See [Limits](#limits).',
    default: 'those below',
  },
  overflow: {
    kind: oneOf('block', 'reject', 'drop-newest', 'drop-oldest'),
    says: 'What a sender meets at a full mailbox: it waits; it is refused; its newest or its oldest unsent message is dropped.',
    default: `\`${environment.overflow}\``,
  },
  sendTimeoutMs: {
    kind: ms(0),
    says: 'How long a sender waits with `overflow: block`.',
    default: `${environment.sendTimeoutMs}`,
  },
} satisfies FieldTable<EnvironmentSpec>;

export const POOL_NODE_FIELDS = {
  ...CHILD,
  pool: {
    kind: objectOf(POOL_FIELDS, { on: 'pool', prefix: 'pool.' }, ['module']),
    says: 'See [Pool](#pool).',
  },
  ...CODE,
  limits: {
    kind: objectOf(THREAD_LIMITS, { on: 'pool', prefix: 'limits.' }),
    says: 'Of each of its threads: `heapMb`, `youngMb`, `stackMb`, `memoryMb`. See [Limits](#limits).',
    default: 'those below',
  },
} satisfies FieldTable<PoolSpec>;

/** The nodes themselves are read by normalise.ts; here it is only checked that there is a list. */
const list: Kind<readonly unknown[]> = {
  expects: 'a list of nodes',
  schema: { type: 'array', items: { $ref: '#/definitions/node' } },
  read: (given, place) =>
    Array.isArray(given) ? given : refuse(place, given, 'a list of nodes', 'Write a list; [] for none yet.'),
};

const SUPERVISOR_OPTIONS = {
  children: { kind: list, says: 'Its children, in the order in which they are started.' },
  strategy: {
    kind: oneOf('one_for_one', 'one_for_all', 'rest_for_one', 'simple_one_for_one'),
    says: 'Who is restarted with a child that failed: nobody; all; those started after it. `simple_one_for_one`: the one child is a template, of which any number is started later.',
    default: `\`${supervisor.strategy}\``,
  },
  intensity: {
    kind: numberIn({ min: 0, max: 1_000_000, unit: 'restarts' }),
    says: 'Restarts within `periodMs` that are borne; one more ends the supervisor with `shutdown`.',
    default: `${supervisor.intensity}`,
  },
  periodMs: {
    kind: ms(1),
    says: 'The period in which restarts are counted.',
    default: `${supervisor.periodMs}`,
  },
  autoShutdown: {
    kind: oneOf('never', 'any_significant', 'all_significant'),
    says: 'Whether the supervisor ends with `shutdown` when any or all of its significant children have ended of themselves.',
    default: `\`${supervisor.autoShutdown}\``,
  },
  maxChildren: {
    kind: numberOr({ min: 1, max: COUNT, unit: 'children' }, 'infinity'),
    says: 'Children at most, those added later included.',
    default: `\`${supervisor.maxChildren}\``,
  },
  siblings: {
    kind: oneOf('group', 'isolate'),
    says: 'How its children live together: `group`, in one namespace; `isolate`, each in a namespace and a process of its own. See [Isolation](isolation.md).',
    default: `\`${supervisor.siblings}\``,
  },
  backoff: {
    kind: backoffKind,
    says: 'How long restarts of its children wait: see [Backoff](#backoff). `true` for the defaults.',
    default: '`false`: not at all, as in OTP',
  },
} satisfies FieldTable<SupervisorOptionsSpec>;

export const SUPERVISOR_FIELDS = {
  ...CHILD,
  ...SUPERVISOR_OPTIONS,
  limits: {
    kind: objectOf(PROCESS_LIMIT_FIELDS, { on: 'supervisor', prefix: 'limits.' }),
    says: 'With `siblings: group`, of its process: a pool for all that runs in it, with `wall: process`. With `siblings: isolate`, what its children reserve parts of. See [Limits of a process](#limits-of-a-process).',
    default: 'those below',
  },
} satisfies FieldTable<SupervisorNodeSpec>;

export const ROOT_FIELDS = {
  name: { kind: word, says: 'What people call the tree.', default: `\`${DEFAULTS.tree.name}\`` },
  ...SUPERVISOR_OPTIONS,
  wall: WALL,
  grants: {
    ...CHILD.grants,
    says: 'Names of the tree’s own namespace, which is the application’s, that lead to mailboxes in others: `{ blue: { send: /blue } }`. See [Isolation](isolation.md).',
  },
  cluster: {
    kind: objectOf(CLUSTER_FIELDS, { on: 'root', prefix: 'cluster.' }),
    says: 'What the tree offers to other hosts, and takes from them, if a daemon runs it: see [A cluster](#a-cluster).',
    default: 'nothing',
  },
} satisfies FieldTable<TreeSpec>;
