/**
 * How long a restart waits. Beyond OTP, whose users ask for it. The wait is a timer and never blocks
 * the supervisor; a restart that waits has been counted in the budget before it begins to wait.
 *
 * Reset rule: a child that has run for `resetAfterMs` counts as sound, and its next failure waits
 * `initialMs` again. A start that fails has not run at all, so it lengthens the wait.
 */
import type { Backoff } from '@espalier/core/internal/supervisor-logic.js';

export interface Wait {
  /** The longest that it may last. */
  readonly delayMs: number;
  /** How much of that may be left out; the kernel draws how much. */
  readonly jitterMs: number;
}

/** The wait before the restart that follows `failures` earlier ones in a row. */
export function waitAfter(backoff: Backoff, failures: number): Wait {
  // factor ** failures overflows to Infinity for long rows, and then the ceiling holds.
  const delayMs = Math.min(backoff.maxMs, backoff.initialMs * backoff.factor ** failures);
  return { delayMs, jitterMs: delayMs * backoff.jitter };
}

export function isSoundAgain(backoff: Backoff, ranMs: number): boolean {
  return ranMs >= backoff.resetAfterMs;
}
