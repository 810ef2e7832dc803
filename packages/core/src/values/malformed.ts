import { CallError } from '../errors.js';

/** The one error for bytes that no encoder of this version has written. */
export function malformed(why: string, cause?: unknown): CallError {
  return new CallError('malformed', `The bytes do not decode to a value: ${why}.`, { cause });
}
