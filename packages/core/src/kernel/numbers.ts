/**
 * The numbers by which handles, channels and monitors are known on the two sides of a kernel in a cell.
 *
 *   0 < x < UP    given by the kernel that is spoken to
 *   UP + x        in a cell: the kernel above calls it x. With each kernel in between, UP is added once more
 *   OWN + n       only between two kernels: the environment that the cell itself has presented as n; as a
 *                 channel: the one, inside the cell, between that environment's thread and the one that it is said to
 *
 * So an environment has one number in each thread, and what is inside a cell is never known by another from outside.
 */
export const UP = 2 ** 31;
export const OWN = 2 ** 48;

/** The fields of a system call that hold such a number. */
export const NUMBERS = ['handle', 'target', 'monitor', 'channel'] as const;

/** Whether a number that a guest has given means something outside of its cell. */
export function isOutside(number: unknown): number is number {
  return typeof number === 'number' && number >= UP && number < OWN;
}
