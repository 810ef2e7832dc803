/**
 * The restart budget: at most `intensity` restarts within the last `periodMs`. Every restart counts,
 * failed ones too; the one that is too many is not carried out. Source: OTP supervisor manual,
 * "Maximum Restart Intensity"; as there, a restart exactly `periodMs` ago still counts.
 */
export interface Budget {
  readonly intensity: number;
  readonly periodMs: number;
  /** Times of the restarts that may still count, oldest first; never more than `intensity`. */
  restartsMs: number[];
}

export function newBudget(intensity: number, periodMs: number): Budget {
  return { intensity, periodMs, restartsMs: [] };
}

/** Counts one more restart. `allowed` is false if it is one too many; `count` includes it either way. */
export function countRestart(
  budget: Budget,
  nowMs: number,
): { readonly allowed: boolean; readonly count: number } {
  forgetOld(budget, nowMs);
  const count = budget.restartsMs.length + 1;
  const allowed = count <= budget.intensity;
  if (allowed) budget.restartsMs.push(nowMs);
  return { allowed, count };
}

export function restartsInPeriod(budget: Budget, nowMs: number): number {
  forgetOld(budget, nowMs);
  return budget.restartsMs.length;
}

function forgetOld(budget: Budget, nowMs: number): void {
  const firstThatCounts = budget.restartsMs.findIndex((ms) => ms >= nowMs - budget.periodMs);
  if (firstThatCounts === -1) budget.restartsMs = [];
  else if (firstThatCounts > 0) budget.restartsMs.splice(0, firstThatCounts);
}
