/**
 * A run: calls to one server that are handed over in one frame, to be handled one after the other. Its frame is a
 * `call`, whose body begins with an instant in place of an operation; its answer says how many were handled, and why
 * the next one was not, if it was begun.
 */
import type { CallErrorCode } from '../error-codes.js';

/** An operation with its arguments. */
export type RunCall = readonly [operation: string, ...parameters: readonly unknown[]];

/** Nothing of it is begun from `deadline` on: milliseconds of the clock that all threads of a machine share. */
export type RunBody = readonly [deadline: number, ...calls: readonly RunCall[]];

export type RunAnswer =
  | readonly [handled: number]
  | readonly [handled: number, code: CallErrorCode, message: string, cause: unknown];

/** The body of a cast or a call. */
export function isOperation(value: unknown): value is RunCall {
  return Array.isArray(value) && typeof value[0] === 'string';
}

export function isRun(value: unknown): value is RunBody {
  return (
    Array.isArray(value) &&
    typeof value[0] === 'number' &&
    value.every((call, at) => at === 0 || isOperation(call))
  );
}

/** Of a run of so many calls. It comes from another guest. */
export function isRunAnswer(value: unknown, calls: number): value is RunAnswer {
  if (!Array.isArray(value)) return false;
  const [handled, ...failure] = value as unknown[];
  if (!Number.isInteger(handled) || (handled as number) < 0 || (handled as number) > calls) return false;
  return failure.length === 0 || ((handled as number) < calls && typeof failure[1] === 'string');
}
