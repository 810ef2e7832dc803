/** A supervisor that has not begun, and a child that was never started. */
import type { ChildSpec, OpaqueValue, SupervisorSpec } from '@espalier/core/internal/supervisor-logic.js';
import { emptyFifo } from './fifo.js';
import { newBudget } from './intensity.js';
import type { Child, State } from './state.js';

export function newState(spec: SupervisorSpec): State {
  const template = templateOf(spec);
  const children = new Map<string, Child>();
  if (template === null) {
    for (const child of spec.children) children.set(child.id, newChild(child.id, child));
  }
  return {
    spec,
    phase: 'new',
    nowMs: 0,
    children,
    template,
    dynamicCount: 0,
    budget: newBudget(spec.intensity, spec.periodMs),
    queue: emptyFifo(),
    task: null,
    apply: null,
    effects: [],
  };
}

/** What the children of `simple_one_for_one` are made from; null for other strategies. */
export function templateOf(spec: SupervisorSpec): ChildSpec | null {
  return spec.strategy === 'simple_one_for_one' ? (spec.children[0] ?? null) : null;
}

export function newChild(key: string, spec: ChildSpec, extra?: OpaqueValue): Child {
  return {
    key,
    spec,
    extra,
    status: 'stopped',
    incarnation: 0,
    sinceMs: 0,
    failures: 0,
    timer: null,
    parked: false,
    waitsFor: null,
  };
}
