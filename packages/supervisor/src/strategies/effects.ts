/** Small steps on one child that several operations share; each says to the kernel what it changed. */
import type { ExitReason } from '@espalier/core';
import type {
  ApplyEvent,
  Shutdown,
  SupervisionEvent,
  SupervisorEffect,
  SupervisorOperation,
  SupervisorResult,
} from '@espalier/core/internal/supervisor-logic.js';
import type { Child, State } from './state.js';

export function emit(state: State, effect: SupervisorEffect): void {
  state.effects.push(effect);
}

export function report(state: State, event: SupervisionEvent | ApplyEvent): void {
  state.effects.push({ type: 'event', event });
}

export function reply(state: State, requestId: number, result: SupervisorResult): void {
  state.effects.push({ type: 'reply', requestId, result });
}

/** Says whether messages to the child's names are kept for its next incarnation. */
export function park(state: State, child: Child, willRestart: boolean): void {
  child.parked = willRestart;
  emit(state, { type: 'parking', id: child.key, willRestart });
}

export function startNow(state: State, child: Child): void {
  cancelTimer(state, child);
  child.status = 'starting';
  child.waitsFor = null;
  child.incarnation += 1;
  child.sinceMs = state.nowMs;
  const { key: id, incarnation, spec, extra } = child;
  emit(state, { type: 'startChild', id, incarnation, spec, extra });
}

export function ask(state: State, child: Child, operation: SupervisorOperation): void {
  const { key: id, incarnation } = child;
  emit(state, { type: 'askChild', id, incarnation, operation });
}

export function stopNow(state: State, child: Child, shutdown: Shutdown): void {
  child.status = 'stopping';
  child.sinceMs = state.nowMs;
  emit(state, { type: 'stopChild', id: child.key, incarnation: child.incarnation, shutdown });
}

/** It does not run and nothing is planned for it. OTP: a temporary child and one of a template is forgotten. */
export function settle(state: State, child: Child): void {
  const waitedToRestart = child.status === 'restarting';
  cancelTimer(state, child);
  child.status = 'stopped';
  child.waitsFor = null;
  if (child.parked) park(state, child, false);
  if (child.spec.restart === 'temporary' || state.template !== null) state.children.delete(child.key);
  if (waitedToRestart) giveUpOn(state, child);
}

/** It does not run, and will be started again: by the restart of `trigger`, or without one by the apply under way. */
export function settleUntil(state: State, child: Child, trigger: Child | null): void {
  const endedOfItself = child.status === 'ended';
  cancelTimer(state, child);
  child.status = 'stopped';
  child.waitsFor = trigger;
  if (!comesBack(state, child)) {
    if (child.parked) park(state, child, false);
    state.children.delete(child.key);
  } else if (endedOfItself && !child.parked) {
    // A transient child that had done its work when the group was restarted: it will run again.
    park(state, child, true);
  }
}

/** Whether what stops a child now will start it again. */
export function comesBack({ task, apply }: State, child: Child): boolean {
  if (task?.purpose.for === 'restart') return child.spec.restart !== 'temporary';
  return task?.purpose.for === 'clear' && apply?.plan.starts.has(child) === true;
}

/** Those who were stopped for the restart of `trigger` stay stopped (as in OTP), so nobody waits for them. */
function giveUpOn(state: State, trigger: Child): void {
  if (state.spec.strategy !== 'one_for_all' && state.spec.strategy !== 'rest_for_one') return;
  for (const child of state.children.values()) {
    if (child.waitsFor !== trigger) continue;
    child.waitsFor = null;
    if (child.parked) park(state, child, false);
  }
}

export function cancelTimer(state: State, child: Child): void {
  if (child.timer === null) return;
  emit(state, { type: 'clearTimer', key: child.timer });
  child.timer = null;
}

/** OTP: the end of a supervisor that gave up, was asked to end, or shut itself down. */
export const SHUTDOWN: ExitReason = Object.freeze({ tag: 'shutdown' });
export const KILLED: ExitReason = Object.freeze({ tag: 'killed' });
