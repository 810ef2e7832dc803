/**
 * The strategies: who is restarted together with a child that failed, in start order and with the
 * child itself. Source: OTP supervisor manual, "Supervision Principles". Everybody named is stopped in
 * reverse order and started in order, those who did not run before the failure included (temporary
 * ones excepted, which are never started again): so does OTP.
 */
import type { Strategy } from '@espalier/core/internal/supervisor-logic.js';

/** `children`: in start order. */
export function sharedFate<C>(strategy: Strategy, children: ReadonlyMap<string, C>, failed: C): C[] {
  if (strategy === 'one_for_all') return [...children.values()];
  if (strategy !== 'rest_for_one') return [failed];
  const rest: C[] = [];
  for (const child of children.values()) {
    if (child === failed || rest.length > 0) rest.push(child);
  }
  return rest;
}
