/** What the bodies of casts, calls and failures hold, checked: they come from another guest. */
import type { CallErrorCode } from '../error-codes.js';
import { CallError } from '../errors.js';
import { FAILURE_CODES } from './environment-context.js';

/** The body of a cast or a call. */
export function isOperation(value: unknown): boolean {
  return Array.isArray(value) && typeof value[0] === 'string';
}

/** The error that a failure frame stands for. */
export function failureOf(value: unknown): CallError {
  const [code, message, cause] = Array.isArray(value) ? (value as unknown[]) : [];
  const known = FAILURE_CODES.includes(code as CallErrorCode) ? (code as CallErrorCode) : 'refused';
  return new CallError(known, typeof message === 'string' ? message : 'the call was refused', { cause });
}
