/** Which walls are around the children of a grid, whatever carries it. */

/**
 * How many supervisors and walls there are around the child of that number, one inside the other; itself counts as
 * one. 0: it is in a thread of its own, straight below the root.
 */
export type Placement = (child: number) => number;

/** Where children run, for the title. */
export interface Walls {
  readonly name: string;
  /** What each of those around a child says of its own. */
  readonly siblings: 'group' | 'isolate';
  readonly wall: 'thread' | 'process';
  readonly depth: Placement;
  /** All of them in one process, which is no child's own. */
  readonly together?: boolean;
}

const at =
  (wanted: number): Placement =>
  () =>
    wanted;

export const THREADS: Walls = { name: 'threads', siblings: 'group', wall: 'thread', depth: at(0) };

/** A word with each wall, every child as deep as all others. */
const uniform = (siblings: Walls['siblings']): readonly Walls[] =>
  (['thread', 'process'] as const).flatMap((wall) =>
    [1, 2, 3].map((depth) => {
      const name = `${siblings}, ${wall}, depth ${String(depth)}`;
      return { name, siblings, wall, depth: at(depth) };
    }),
  );

export const GROUPED = uniform('group');
export const ISOLATED = uniform('isolate');

const grouped = { siblings: 'group', wall: 'process' } as const;
const isolated = { siblings: 'isolate', wall: 'process' } as const;
const first: Placement = (n) => (n === 0 ? 1 : 0);
const mixed: Placement = (n) => 1 + (n % 3);

/** All pairs of them, and of one that is behind a wall with one that is not. */
export const MIXED = {
  inOne: { ...THREADS, name: 'all in one cell', together: true },
  first: { ...grouped, name: 'the first in a cell', depth: first },
  others: { ...grouped, name: 'the others in cells', depth: (n) => 1 - first(n) },
  depths: { ...grouped, name: 'cells of depth 1 to 3', depth: mixed },
  isolatedFirst: { ...isolated, name: 'isolated, the first in a cell', depth: first },
  isolatedDepths: { ...isolated, name: 'isolated cells of depth 1 to 3', depth: mixed },
  isolatedThreads: { ...isolated, wall: 'thread', name: 'isolated threads of depth 1 to 3', depth: mixed },
  isolatedInOne: {
    ...isolated,
    wall: 'thread',
    name: 'isolated threads in one cell',
    depth: at(1),
    together: true,
  },
  isolatedCellsInOne: { ...isolated, name: 'isolated cells in one cell', depth: at(1), together: true },
} as const satisfies Readonly<Record<string, Walls>>;

/** The supervisor that an outer process holds, with the child in it. */
export const around = (id: string): string => `in-${id}`;
/** The one that holds all of them. */
export const ALL = 'in-all';

/** The tests know no supervisors but the one. */
export function withoutCells<E extends object>(event: E): E {
  const plain = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(plain);
    return typeof value === 'string' ? value.replaceAll(`/${ALL}`, '').replaceAll(/in-[^/]*\//g, '') : value;
  };
  return Object.fromEntries(Object.entries(event).map(([key, value]) => [key, plain(value)])) as E;
}
