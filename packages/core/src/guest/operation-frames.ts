/** What the bodies of casts, calls and failures hold, checked: they come from another guest. */
import { FRAME, type FrameKind } from '../channel/frames.js';
import type { CallErrorCode } from '../error-codes.js';
import { CallError } from '../errors.js';
import { isOperation, isRun } from '../protocol/run.js';

/** Codes that a failure frame may carry; anything else is `refused`. */
const FAILURE_CODES: readonly CallErrorCode[] = [
  'refused',
  'no_such_operation',
  'value_refused',
  'too_large',
  'full',
  'noproc',
  'task_failed',
  'task_ended',
];

/** Whether the body of a frame is what its kind says. */
export function fits(kind: FrameKind, value: unknown): boolean {
  if (kind === FRAME.message) return true;
  return isOperation(value) || (kind === FRAME.call && isRun(value));
}

/** The error that a failure frame stands for. */
export function failureOf(value: unknown): CallError {
  const [code, message, cause] = Array.isArray(value) ? (value as unknown[]) : [];
  const known = FAILURE_CODES.includes(code as CallErrorCode) ? (code as CallErrorCode) : 'refused';
  return new CallError(known, typeof message === 'string' ? message : 'the call was refused', { cause });
}
