/** Which walls are around the children of a grid, whatever carries it. */

/** In how many processes, one inside the other, the child of that number runs; 0: in none of its own. */
export type Placement = (child: number) => number;

/** Where children run, for the title. */
export interface Walls {
  readonly name: string;
  readonly depth: Placement;
  /** The children are isolated from each other, and each is granted all the others; so is the application. */
  readonly isolated?: boolean;
  /** All of them under one supervisor in a process of its own. */
  readonly together?: boolean;
}

export const THREADS: Walls = { name: 'threads', depth: () => 0 };

export const WALLS: readonly Walls[] = [
  { name: 'all in one cell', depth: () => 0, together: true },
  { name: 'a cell each', depth: () => 1 },
  { name: 'the first in a cell', depth: (n) => (n === 0 ? 1 : 0) },
  { name: 'the others in cells', depth: (n) => (n === 0 ? 0 : 1) },
  { name: 'cells of depth 1 to 3', depth: (n) => 1 + (n % 3) },
  { name: 'cells of depth 3', depth: () => 3 },
];

export const ISOLATED: readonly Walls[] = [
  { name: 'isolated threads', depth: () => 0, isolated: true },
  { name: 'isolated cells', depth: () => 1, isolated: true },
  { name: 'isolated, the first in a cell', depth: (n) => (n === 0 ? 1 : 0), isolated: true },
  { name: 'isolated cells of depth 1 to 3', depth: (n) => 1 + (n % 3), isolated: true },
  { name: 'isolated threads in one cell', depth: () => 0, isolated: true, together: true },
  { name: 'isolated cells in one cell', depth: () => 1, isolated: true, together: true },
];

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
