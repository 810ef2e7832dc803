/**
 * Re-apply: a supervisor becomes what a new spec says, with all that is below it, as one operation that
 * others wait for. Source: OTP has no such thing but for releases (`supervisor:code_change`).
 *
 *   clear: stop what goes ──► fill: start what comes ──► release those below
 *              ▲                  │ a start failed
 *              └── the way back ──┘
 *
 * Throughout the tree everything is stopped that has to be before anything is started, so a name can
 * move from one place to another. So a supervisor below takes one step at a time: it says when it is
 * through with one, and holds, its other operations waiting, until the supervisor above tells it to
 * start, to go back, or that all is over. On the way back what does not start is left to the ordinary
 * rules of restarts.
 */
import type { ExitReason } from '@espalier/core';
import type { SupervisorOperation, SupervisorResult } from '@espalier/core/internal/supervisor-logic.js';
import { planOf, remember } from './apply-plan.js';
import type { Apply } from './apply-state.js';
import { reply, report } from './effects.js';
import { newBudget } from './intensity.js';
import { templateOf } from './new-state.js';
import type { Child, State } from './state.js';
import { newTask } from './task.js';

type Operation<O> = Extract<SupervisorOperation, { readonly op: O }>;

export function beginApply(state: State, requestId: number, { spec, stepwise }: Operation<'apply'>): void {
  if (!stepwise) report(state, { kind: 'applying' });
  const before = { sinceMs: state.nowMs, formerSpec: state.spec, former: remember(state) };
  const plan = planOf(state, spec, null);
  state.apply = { requestId, stepwise, ...before, plan, failure: null, undoing: false, restored: true };
  clear(state, state.apply);
}

export function goOn(state: State, requestId: number, { step }: Operation<'goOn'>): void {
  const { apply } = state;
  if (apply?.requestId !== null) {
    reply(state, requestId, { ok: false, error: 'bad_argument' });
    return;
  }
  apply.requestId = requestId;
  if (step === 'start') fill(state, apply);
  else if (step === 'undo') undo(state, apply);
  else release(state, apply);
}

function clear(state: State, { plan }: Apply): void {
  for (const child of plan.starts) child.waitsFor = null;
  state.task = newTask({ for: 'clear' }, plan.stops, [], state.template !== null);
}

function fill(state: State, { plan }: Apply): void {
  const members = [...plan.next.values()].filter((child) => plan.starts.has(child) || plan.below.has(child));
  state.task = newTask({ for: 'fill' }, [], members);
}

function release(state: State, { plan }: Apply): void {
  state.task = newTask({ for: 'release' }, [], [...plan.below]);
}

export function stepDone(state: State, apply: Apply, step: 'clear' | 'fill' | 'release'): void {
  if (step === 'clear') become(state, apply);
  if (step === 'release') conclude(state, apply);
  else if (apply.stepwise) answer(state, apply);
  else if (step === 'clear') fill(state, apply);
  else release(state, apply);
}

/** All is stopped that had to be: from here on the supervisor is another one. */
function become(state: State, { plan: { target, next, specs } }: Apply): void {
  for (const [child, spec] of specs) {
    if (child.spec.version !== spec.version) child.failures = 0;
    child.spec = spec;
  }
  state.children = next;
  state.spec = target;
  state.template = templateOf(target);
  state.budget = { ...newBudget(target.intensity, target.periodMs), restartsMs: state.budget.restartsMs };
}

/** A supervisor below has done its step. One that is ending is waited for, and then left to what follows that. */
export function childAnswered(state: State, child: Child, result: SupervisorResult): void {
  const { apply, task } = state;
  if (!result.ok && result.error === 'shutdown' && child.status === 'running') return;
  if (apply === null || task?.waiting.delete(child) !== true) return;
  if (!result.ok && result.error === 'start_failed') applyFailed(state, apply, child, result.reason);
}

export function applyFailed(state: State, apply: Apply, child: Child, reason: ExitReason | undefined): void {
  if (apply.undoing) {
    apply.restored = false;
    return;
  }
  apply.failure = { tag: 'shutdown', detail: { failedToStart: child.key, reason } };
  state.task = null;
  if (apply.stepwise) answer(state, apply);
  else undo(state, apply);
}

function undo(state: State, apply: Apply): void {
  apply.undoing = true;
  apply.plan = planOf(state, apply.formerSpec, apply);
  clear(state, apply);
}

function conclude(state: State, apply: Apply): void {
  const { failure: reason, restored, sinceMs } = apply;
  const durationMs = state.nowMs - sinceMs;
  const undone = reason === null ? null : { kind: 'apply-undone' as const, reason, durationMs, restored };
  if (!apply.stepwise) report(state, undone ?? { kind: 'applied', durationMs });
  state.apply = null;
  answer(state, apply);
}

function answer(state: State, apply: Apply): void {
  const { requestId, failure, restored, stepwise, undoing } = apply;
  if (requestId === null) return;
  apply.requestId = null;
  const failed = stepwise && undoing ? !restored : failure !== null;
  const why = failure === null ? {} : { reason: failure };
  if (failed) reply(state, requestId, { ok: false, error: 'start_failed', ...why, restored });
  else reply(state, requestId, { ok: true, value: null });
}
