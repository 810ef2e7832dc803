/**
 * The strategies: who is restarted together with a child that failed, in start order and with the
 * child itself. Source: OTP supervisor manual, "Supervision Principles". Everybody named is stopped in
 * reverse order and started in order, those who did not run before the failure included (temporary
 * ones excepted, which are never started again): so does OTP.
 */
import type { Strategy } from '@espalier/core/internal/supervisor-logic.js';
import type { Child } from './state.js';

type Children = ReadonlyMap<string, Child>;

const SHARED_FATE = {
  one_for_one: (_children, failed) => [failed],
  one_for_all: (children) => [...children.values()],
  rest_for_one: (children, failed) => fromOn(children, failed),
  simple_one_for_one: (_children, failed) => [failed],
} satisfies Record<Strategy, (children: Children, failed: Child) => Child[]>;

export function sharedFate(strategy: Strategy, children: Children, failed: Child): Child[] {
  return SHARED_FATE[strategy](children, failed);
}

function fromOn(children: Children, failed: Child): Child[] {
  const rest: Child[] = [];
  for (const child of children.values()) {
    if (child === failed || rest.length > 0) rest.push(child);
  }
  return rest;
}
