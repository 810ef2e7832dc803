/** Which walls are around the children of a grid, whatever carries it. */

/** In how many processes, one inside the other, the child of that number runs; 0: in none of its own. */
export type Placement = (child: number) => number;

/** Where children run, for the title. */
export interface Walls {
  readonly name: string;
  readonly depth: Placement;
  /** All of them run in one process, as the library has it by default. */
  readonly together?: true;
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

/** The supervisor that an outer process holds, with the child in it. */
export const around = (id: string): string => `in-${id}`;

/** The tests know no supervisors but the one. */
export function withoutCells<E extends object>(event: E): E {
  const plain = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(plain);
    return typeof value === 'string' ? value.replaceAll(/in-[^/]*\//g, '') : value;
  };
  return Object.fromEntries(Object.entries(event).map(([key, value]) => [key, plain(value)])) as E;
}
