/**
 * What the children of `siblings: isolate` reserve. It is cut out of what their supervisor has, and each part is held
 * by itself: so what one may use never depends on what another does, and together they never exceed what is there.
 */
import type { NormalisedNode, NormalisedProcessLimits, NormalisedSupervisor } from './normalised.js';
import type { Segments } from './problems.js';

const RESERVED = ['memoryMb', 'cpu'] as const;

export type Reservation = Pick<NormalisedProcessLimits, (typeof RESERVED)[number]>;

/** A child, or a template with so many children as it may have. */
export interface Part {
  readonly node: NormalisedNode;
  readonly count: number | 'infinity';
}

export interface ReservationFault {
  /** Whose field it is: a part's, by its place in the list, or the supervisor's. */
  readonly part: number | undefined;
  readonly field: Segments;
  readonly value: unknown;
  readonly problem: string;
  readonly remedy: string;
}

/** A pool as its process is held to it: each of its threads, and the one that hands out their tasks. */
export function reservationOf(node: NormalisedNode): Reservation {
  if (node.kind !== 'pool') return node.limits;
  return { memoryMb: (node.pool.maxThreads + 1) * node.limits.memoryMb, cpu: 'unlimited' };
}

/** Written so that what does not isolate is still a supervisor to the compiler. */
export type Isolating = NormalisedSupervisor & { readonly siblings: 'isolate' };

export function isIsolating(node: NormalisedNode | undefined): node is Isolating {
  return node?.kind === 'supervisor' && node.siblings === 'isolate';
}

/** All children of a spec as parts of what their supervisor has. */
export function partsOf({ strategy, maxChildren, children }: NormalisedSupervisor): readonly Part[] {
  const count = strategy === 'simple_one_for_one' ? maxChildren : 1;
  return children.map((node) => ({ node, count }));
}

/** What is wrong with these parts of what an isolating supervisor has; nothing is where it has no limits. */
export function reservationFaults(
  limits: NormalisedProcessLimits,
  parts: readonly Part[],
): readonly ReservationFault[] {
  const limited = RESERVED.filter((name) => limits[name] !== 'unlimited');
  if (limited.length === 0) return [];
  const whole = (name: (typeof RESERVED)[number]) => overdrawn(name, limits[name] as number, parts);
  return [
    ...parts.flatMap(({ node, count }, part) => unheld(node, count, part)),
    ...limited.flatMap((name) => [...withoutIt(name, parts), ...whole(name)]),
  ];
}

/**
 * What is wrong with a process that is held as a whole and has isolating supervisors in it: what one of their children
 * used would end the others, if they did not reserve, or could exceed, what that has.
 */
export function sharedFaults(node: NormalisedNode): readonly ReservationFault[] {
  if (node.kind !== 'supervisor' || node.wall !== 'process' || isIsolating(node)) return [];
  const { limits } = node;
  const inside = isolatingIn(node, []);
  const faults: ReservationFault[] = [];
  for (const name of RESERVED) {
    const limit = limits[name];
    if (limit === 'unlimited') continue;
    let sum = 0;
    for (const { at, of } of inside) {
      const own = of.limits[name];
      if (own !== 'unlimited') sum += own;
      else faults.push(unreserved(name, limit, at));
    }
    const needed = Math.round(sum * 1e6) / 1e6;
    if (needed <= limit) continue;
    const problem = `Its process is held to ${limit}, and isolating supervisors in it have ${needed}.`;
    const remedy = `Write at least ${needed}, or give them less.`;
    faults.push({ part: undefined, field: ['limits', name], value: limit, problem, remedy });
  }
  return faults;
}

function unreserved(name: (typeof RESERVED)[number], limit: number, at: Segments): ReservationFault {
  const problem = `It isolates, in a process that is held to \`${name}: ${limit}\`: one of its children would pay for what others use.`;
  const remedy = `Write which part of it they have, in \`limits: { ${name}: … }\`.`;
  return { part: undefined, field: [...at, 'limits', name], value: 'unlimited', problem, remedy };
}

interface Inside {
  readonly at: Segments;
  readonly of: Isolating;
}

/** The topmost ones; what is below them reserves of them. */
function isolatingIn(node: NormalisedNode, at: Segments): readonly Inside[] {
  if (isIsolating(node)) return [{ at, of: node }];
  if (node.kind !== 'supervisor') return [];
  return node.children.flatMap((child, i) => isolatingIn(child, [...at, 'children', i]));
}

/** Threads of one process share what that has: there is nothing that would hold a part of it apart. */
function unheld({ wall }: NormalisedNode, count: Part['count'], part: number): readonly ReservationFault[] {
  const faults: ReservationFault[] = [];
  if (wall !== 'process') {
    const problem =
      'Its supervisor isolates and has limits, of which each child reserves a part for its process.';
    faults.push({ part, field: ['wall'], value: wall, problem, remedy: 'Leave `wall` out.' });
  }
  if (count === 'infinity') {
    const problem = 'Of a template there may be any number, and what it reserves is for one.';
    const remedy = 'Say how many there may be.';
    faults.push({ part: undefined, field: ['maxChildren'], value: count, problem, remedy });
  }
  return faults;
}

function withoutIt(name: (typeof RESERVED)[number], parts: readonly Part[]): readonly ReservationFault[] {
  return parts.flatMap(({ node }, part) => {
    if (reservationOf(node)[name] !== 'unlimited') return [];
    const problem = `Its supervisor isolates and has \`${name}\`, and this child reserves no part of it.`;
    const remedy =
      node.kind === 'pool'
        ? `Put the pool below a supervisor with \`limits: { ${name}: … }\`.`
        : `Write how much, in \`limits: { ${name}: … }\`.`;
    return [{ part, field: ['limits', name], value: 'unlimited', problem, remedy }];
  });
}

function overdrawn(
  name: (typeof RESERVED)[number],
  limit: number,
  parts: readonly Part[],
): readonly ReservationFault[] {
  let sum = 0;
  const shares: string[] = [];
  for (const { node, count } of parts) {
    const one = reservationOf(node)[name];
    if (one === 'unlimited' || count === 'infinity') continue;
    sum += one * count;
    if (count > 0) shares.push(`${node.id} ${count === 1 ? '' : `${count} × `}${one}`);
  }
  // Shares of a core are fractions: 0.1 + 0.2 is a little more than 0.3.
  const needed = Math.round(sum * 1e6) / 1e6;
  if (needed <= limit) return [];
  const problem = `Its children reserve ${needed} of ${limit}: ${shares.join(', ')}.`;
  const remedy = `Write at least ${needed}, or give them less.`;
  return [{ part: undefined, field: ['limits', name], value: limit, problem, remedy }];
}
