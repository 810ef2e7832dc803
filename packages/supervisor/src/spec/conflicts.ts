/** Fields that are right by themselves and wrong together. Each problem names the pair. */
import { DEFAULTS } from './defaults.js';
import { isPlainObject, type Place } from './field.js';
import { pathOf, shown, type Problems, type Segments } from './problems.js';

/** Who wants a name: `segments`: of its node, whose `id` it is; or of the line that grants or imports it, without one. */
interface Claim {
  readonly segments: Segments;
  readonly id: unknown;
  /** What to do if it is taken. */
  readonly remedy?: string;
}

/** Names by namespace, with those who want each. */
export type Claims = Map<string, Map<string, readonly Claim[]>>;

export function claim(claims: Claims, space: string, name: string, wanted: Claim): void {
  const names = claims.get(space) ?? new Map<string, readonly Claim[]>();
  claims.set(space, names.set(name, [...(names.get(name) ?? []), wanted]));
}

type Read = Readonly<Record<string, unknown>>;

/** Reports the first of two fields, and names the second. */
function conflict(
  place: Place,
  first: readonly [string, unknown],
  second: readonly [string, unknown],
  remedy: string,
): void {
  const [field, value] = first;
  const pair = `\`${field}: ${bare(value)}\` and \`${second[0]}: ${bare(second[1])}\``;
  place.problems.add(
    [...place.segments, ...field.split('.')],
    value,
    `${pair} contradict each other.`,
    remedy,
  );
}

function bare(value: unknown): string {
  return typeof value === 'string' ? value : shown(value);
}

/** `wall`: its own, or by default. */
export function checkChild(read: Read, wall: string, place: Place): void {
  const restart = read['restart'] ?? DEFAULTS.child.restart;
  if (read['significant'] === true && restart === 'permanent') {
    // OTP: a permanent child is always restarted, so its end can never be the one that counts.
    const remedy = 'Make it `transient` or `temporary`, or leave `significant` out.';
    conflict(place, ['significant', true], ['restart', restart], remedy);
  }
  if (read['walls'] !== undefined && wall !== 'process') {
    const problem = '`walls` are those of a process, and this node has none of its own.';
    place.problems.add(
      [...place.segments, 'walls'],
      'an object',
      problem,
      'Add `wall: process`, or leave `walls` out.',
    );
  }
  if (isPlainObject(read['walls'])) checkUsers(read['walls'], place);
  if (read['limits'] !== undefined && read['children'] !== undefined)
    checkSupervisorLimits(read, wall, place);
  checkProcesses(read, place);
  const overflow = read['overflow'] ?? DEFAULTS.environment.overflow;
  if (read['sendTimeoutMs'] !== undefined && overflow !== 'block') {
    const remedy = 'Only `overflow: block` waits: leave `sendTimeoutMs` out.';
    conflict(place, ['sendTimeoutMs', read['sendTimeoutMs']], ['overflow', overflow], remedy);
  }
  checkCpuOver(read, place);
  checkLimits(read, place);
  checkOrder(read, 'pool', 'minThreads', 'maxThreads', Number.POSITIVE_INFINITY, place);
  checkOrder(read, 'backoff', 'initialMs', 'maxMs', Number.POSITIVE_INFINITY, place);
}

/** In a user namespace as ours there is one user: nobody can become another. */
function checkUsers(walls: unknown, place: Place): void {
  const { required = [], preferred = [] } = walls as Readonly<Record<string, readonly string[]>>;
  if (!['user', 'otherUser'].every((wall) => required.includes(wall) || preferred.includes(wall))) return;
  const problem = '`user` and `otherUser` contradict each other: in a user namespace there is no other user.';
  place.problems.add([...place.segments, 'walls'], 'user, otherUser', problem, 'Leave one of them out.');
}

/** By itself it says what happens to who uses more than nobody has said. Beside `unlimited` it is one of a complete set. */
function checkCpuOver({ limits }: Read, place: Place): void {
  const { cpu, cpuOver } = isPlainObject(limits) ? limits : {};
  if (cpuOver === undefined || cpu !== undefined) return;
  const problem = '`cpuOver` says what happens over `cpu`, and there is none.';
  const remedy = 'Add `cpu`, or leave `cpuOver` out.';
  place.problems.add([...place.segments, 'limits', 'cpuOver'], cpuOver, problem, remedy);
}

/** Nothing but a cgroup holds it. */
export function checkProcesses({ limits, walls }: Read, place: Place): void {
  const processes = isPlainObject(limits) ? (limits['processes'] ?? 'unlimited') : 'unlimited';
  const { required } = (walls ?? {}) as { readonly required?: readonly string[] };
  if (processes === 'unlimited' || required?.includes('pids') === true) return;
  const problem = '`processes` is held by a cgroup of the node’s process, and this node requires none.';
  const remedy = 'Add `wall: process` and `walls: { required: [pids] }`, or leave `processes` out.';
  place.problems.add([...place.segments, 'limits', 'processes'], processes, problem, remedy);
}

/** Either its process holds them, or each of its children holds its part. */
function checkSupervisorLimits(read: Read, wall: string, place: Place): void {
  const limits = [...place.segments, 'limits'];
  if (read['siblings'] !== 'isolate') {
    if (wall === 'process') return;
    const problem = '`limits` of a supervisor are those of its process, and this node has none of its own.';
    const remedy = 'Add `wall: process`, or give limits to each node below.';
    place.problems.add(limits, 'an object', problem, remedy);
    return;
  }
  for (const name of ['cpuOver', 'processes']) {
    const value = isPlainObject(read['limits']) ? read['limits'][name] : undefined;
    if (value === undefined) continue;
    const problem = `Below \`siblings: isolate\` each child is held by itself: \`${name}\` is said of the children.`;
    place.problems.add([...limits, name], value, problem, `Write \`${name}\` in the limits of the children.`);
  }
}

export function checkLimits(read: Read, place: Place): void {
  checkOrder(read, 'limits', 'youngMb', 'heapMb', DEFAULTS.limits.heapMb, place);
  checkOrder(read, 'limits', 'heapMb', 'memoryMb', Number.POSITIVE_INFINITY, place);
  checkOrder(read, 'limits', 'messageBytes', 'mailboxBytes', DEFAULTS.limits.mailboxBytes, place);
}

/** The first may not exceed the second; `fallback` stands for the second if it was not given. */
function checkOrder(
  read: Read,
  part: string,
  less: string,
  more: string,
  fallback: number,
  place: Place,
): void {
  const given = read[part];
  if (!isPlainObject(given)) return;
  const [small, large] = [given[less], given[more] ?? fallback];
  if (typeof small !== 'number' || typeof large !== 'number' || small <= large) return;
  conflict(
    place,
    [`${part}.${less}`, small],
    [`${part}.${more}`, large],
    `\`${less}\` must not exceed \`${more}\`.`,
  );
}

export function checkSupervisor(read: Read, children: readonly unknown[], place: Place): void {
  const { strategy, autoShutdown, maxChildren } = { ...DEFAULTS.supervisor, ...read } as Record<
    string,
    unknown
  >;
  if (strategy === 'simple_one_for_one') {
    if (read['children'] !== undefined && children.length !== 1) {
      const problem = '`strategy: simple_one_for_one` needs exactly one child, the template.';
      place.problems.add(
        [...place.segments, 'children'],
        children.length,
        problem,
        'Give one child, or choose another strategy.',
      );
    }
    if (autoShutdown !== 'never') {
      const remedy = 'Leave `autoShutdown` out, or choose another strategy.';
      conflict(place, ['autoShutdown', autoShutdown], ['strategy', strategy], remedy);
    }
  } else if (typeof maxChildren === 'number' && children.length > maxChildren) {
    const problem = `\`maxChildren: ${maxChildren}\` and \`children\` (${children.length}) contradict each other.`;
    place.problems.add(
      [...place.segments, 'maxChildren'],
      maxChildren,
      problem,
      'Raise `maxChildren`, or leave it out.',
    );
  }
  checkOrder(read, 'backoff', 'initialMs', 'maxMs', Number.POSITIVE_INFINITY, place);
  const seen = new Map<unknown, number>();
  for (const [i, child] of children.entries()) {
    if (!isPlainObject(child)) continue;
    const at = { ...place, segments: [...place.segments, 'children', i] };
    checkSignificant(child, autoShutdown, at);
    const { id } = child;
    if (typeof id !== 'string') continue;
    const first = seen.get(id);
    if (first === undefined) seen.set(id, i);
    else {
      const other = pathOf([...place.segments, 'children', first, 'id']);
      place.problems.add(
        [...at.segments, 'id'],
        id,
        `The id ${shown(id)} is taken by ${other}.`,
        'Give each sibling an id of its own.',
      );
    }
  }
}

/** OTP: where no end of a child ends its supervisor, none can be significant. */
export function checkSignificant(child: Read, autoShutdown: unknown, place: Place): void {
  if (child['significant'] !== true || autoShutdown !== 'never') return;
  const remedy =
    'Give the supervisor `autoShutdown: any_significant` or `all_significant`, or leave `significant` out.';
  conflict(place, ['significant', true], ['autoShutdown', 'never'], remedy);
}

/** Below grouping supervisors all share one namespace, whatever level they are on. */
export function checkNames(claims: Claims, problems: Problems): void {
  for (const [name, [first, ...others]] of [...claims.values()].flatMap((names) => [...names])) {
    if (first === undefined) continue;
    const parent = pathOf(first.segments.slice(0, -1));
    for (const { segments, id, remedy = 'Grant it under another name.' } of others) {
      // Siblings of one id have been told so already.
      if (id !== undefined && id === first.id && pathOf(segments.slice(0, -1)) === parent) continue;
      const problem = `The name ${shown(name)} is taken by ${pathOf(first.segments)}.`;
      if (id === undefined) problems.add(segments, name, problem, remedy);
      else
        problems.add(
          [...segments, 'name'],
          name,
          problem,
          'Give one of them another `name`, or `name: null` for none.',
        );
    }
  }
}
