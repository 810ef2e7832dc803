/**
 * How a supervisor comes up, restarts, gives up and ends: what is decided when a task is through, a
 * child has failed, or the parent calls. Source: OTP supervisor manual and the order of events that
 * its `supervisor` module keeps; where that module would leave its mailbox unread, items wait in the queue.
 */
import type { ExitReason } from '@espalier/core';
import { applyFailed, stepDone } from './apply.js';
import { isSoundAgain, waitAfter } from './backoff.js';
import { cancelTimer, emit, KILLED, park, reply, report, settle, SHUTDOWN } from './effects.js';
import { push, shift } from './fifo.js';
import { countRestart } from './intensity.js';
import { perform, type ChangeOperation } from './operations.js';
import { leadsToRestart } from './restart-type.js';
import { sharedFate } from './shared-fate.js';
import type { Child, Item, Outcome, State, Task } from './state.js';
import { newTask, proceed } from './task.js';

/** Goes on until everything waits for the kernel. */
export function run(state: State): void {
  while (state.phase !== 'new' && state.phase !== 'ended') {
    if (state.task === null) {
      // An apply that has no task waits for the supervisor above; others wait for it.
      const item = state.apply === null ? shift(state.queue) : undefined;
      if (item === undefined) return;
      take(state, item);
    } else if (proceed(state, state.task)) {
      const done = state.task;
      state.task = null;
      finish(state, done);
    } else {
      return;
    }
  }
}

export function boot(state: State): void {
  state.phase = 'starting';
  state.task = newTask({ for: 'boot' }, [], [...state.children.values()]);
}

function finish(state: State, { purpose }: Task): void {
  switch (purpose.for) {
    case 'boot':
      state.phase = 'running';
      emit(state, { type: 'started' });
      break;
    case 'terminateChild':
      reply(state, purpose.requestId, { ok: true, value: null });
      break;
    case 'clear':
    case 'fill':
    case 'release':
      if (state.apply !== null) stepDone(state, state.apply, purpose.for);
      break;
    case 'end':
      state.phase = 'ended';
      emit(state, purpose.outcome);
      break;
    default:
  }
}

function take(state: State, item: Item): void {
  if (item.kind === 'request') {
    perform(state, item.requestId, item.operation as ChangeOperation);
    return;
  }
  const { child } = item;
  // Meanwhile somebody may have stopped, restarted or deleted it; then this is settled.
  const due = item.kind === 'ownEnd' ? 'ended' : 'restarting';
  if (child.status !== due || child.incarnation !== item.incarnation) return;
  if (item.kind === 'waited') startGroup(state, child);
  else if (item.kind === 'tryAgain' || leadsToRestart(child.spec.restart, item.reason)) {
    decideRestart(state, child, item.reason);
  } else {
    settle(state, child);
    if (endsSupervisor(state, child)) {
      report(state, { kind: 'autoShutdown', id: child.key, incarnation: child.incarnation });
      end(state, { type: 'ended', reason: SHUTDOWN });
    }
  }
}

/** OTP: counts first, then restarts; the one that is too many ends the supervisor instead. */
function decideRestart(state: State, child: Child, reason: ExitReason): void {
  const { intensity, periodMs } = state.spec;
  const { key: id, incarnation } = child;
  const { allowed, count } = countRestart(state.budget, state.nowMs);
  if (!allowed) {
    report(state, { kind: 'escalated', id, incarnation, reason, count, intensity, periodMs });
    settle(state, child);
    end(state, { type: 'ended', reason: SHUTDOWN });
    return;
  }
  child.status = 'restarting';
  const delayMs = wait(state, child);
  const group = sharedFate(state.spec.strategy, state.children, child);
  const others = group.filter((member) => member !== child).map((member) => member.key);
  report(state, { kind: 'restarting', id, incarnation, reason, count, intensity, periodMs, delayMs, others });
  if (delayMs === 0) startGroup(state, child, group);
  else state.task = newTask({ for: 'restart', child }, othersReversed(group, child), []);
}

/** Those who share the child's fate are stopped (again, if one was started meanwhile) and all are started. */
function startGroup(
  state: State,
  child: Child,
  group = sharedFate(state.spec.strategy, state.children, child),
): void {
  const starts = group.filter((member) => member.spec.restart !== 'temporary');
  state.task = newTask({ for: 'restart', child }, othersReversed(group, child), starts);
}

function othersReversed(group: readonly Child[], child: Child): readonly Child[] {
  return group.length === 1 ? [] : group.filter((member) => member !== child).reverse();
}

/** Sets the timer of the child's backoff, if it has one; how long it may take. */
function wait(state: State, child: Child): number {
  const backoff = backoffOf(state, child);
  if (backoff === null) return 0;
  const { delayMs, jitterMs } = waitAfter(backoff, child.failures);
  child.failures += 1;
  cancelTimer(state, child);
  child.timer = `${child.key}@${child.incarnation}`;
  emit(state, { type: 'setTimer', key: child.timer, delayMs, jitterMs });
  return delayMs;
}

function backoffOf(state: State, child: Child) {
  return child.spec.backoff === 'inherit' ? state.spec.backoff : child.spec.backoff;
}

/** A child that has run long enough fails as if for the first time. */
export function forgiveIfSound(state: State, child: Child, ranMs: number): void {
  const backoff = backoffOf(state, child);
  if (backoff !== null && isSoundAgain(backoff, ranMs)) child.failures = 0;
}

/** OTP `auto_shutdown`: only a child's own end counts, and only one that is not followed by a restart. */
function endsSupervisor(state: State, ended: Child): boolean {
  if (!ended.spec.significant || state.spec.autoShutdown === 'never') return false;
  if (state.spec.autoShutdown === 'any_significant') return true;
  for (const child of state.children.values()) {
    if (child.spec.significant && child.status !== 'stopped') return false;
  }
  return true;
}

/** A start did not succeed; what that means depends on who wanted it. */
export function startFailed(state: State, task: Task, child: Child, reason: ExitReason): void {
  const durationMs = state.nowMs - child.sinceMs;
  const { apply } = state;
  const isApplied = apply !== null && task.purpose.for === 'fill';
  const isTriedAgain = isApplied && apply.undoing && child.spec.restart !== 'temporary';
  const willRestart = task.purpose.for === 'restart' || isTriedAgain;
  const { key: id, incarnation } = child;
  report(state, { kind: 'failed', id, incarnation, phase: 'start', reason, durationMs, willRestart });
  park(state, child, willRestart || (isApplied && !apply.undoing && apply.former.get(child)?.runs === true));
  if (isApplied) {
    if (isTriedAgain) tryAgain(state, [], child, reason);
    else if (apply.undoing) settle(state, child);
    else child.status = 'stopped';
    applyFailed(state, apply, child, reason);
    return;
  }
  if (task.purpose.for === 'restart') {
    tryAgain(state, task.starts.slice(task.started), child, reason);
    state.task = null;
    return;
  }
  settle(state, child);
  if (task.purpose.for === 'boot') {
    end(state, { type: 'failed', reason: { tag: 'shutdown', detail: { failedToStart: id, reason } } });
  } else if (task.purpose.for === 'startChild' || task.purpose.for === 'restartChild') {
    // OTP: a child that was to be added is forgotten, spec and all; one that was there stays, stopped.
    if (task.purpose.for === 'startChild') state.children.delete(id);
    reply(state, task.purpose.requestId, { ok: false, error: 'start_failed', reason });
    state.task = null;
  }
}

/** OTP `try_again_restart`: the supervisor serves whatever has come in before it tries again. */
function tryAgain(state: State, rest: readonly Child[], failed: Child, reason: ExitReason): void {
  failed.status = 'restarting';
  // If the one whose failure began this is among the rest, it waits like the others now.
  for (const child of rest) {
    child.status = 'stopped';
    child.waitsFor = failed;
  }
  push(state.queue, { kind: 'tryAgain', child: failed, incarnation: failed.incarnation, reason });
}

/**
 * The supervisor ends: nothing new begins, what is under way is cut short, and everybody is stopped in
 * reverse order. Unlike OTP's it does not first wait for a child that is just starting, because that
 * may take for ever; the child is told to stop like the others.
 */
export function end(state: State, outcome: Outcome, brutal = false): void {
  const purpose = state.task?.purpose;
  if (purpose !== undefined && 'requestId' in purpose) refuseAsEnding(state, purpose.requestId);
  if (typeof state.apply?.requestId === 'number') refuseAsEnding(state, state.apply.requestId);
  state.apply = null;
  for (let item = shift(state.queue); item !== undefined; item = shift(state.queue)) {
    if (item.kind === 'request') refuseAsEnding(state, item.requestId);
  }
  state.phase = 'ending';
  const stops = [...state.children.values()].reverse();
  for (const child of stops) cancelTimer(state, child);
  state.task = newTask({ for: 'end', outcome, brutal }, stops, [], brutal || state.template !== null);
}

/** The parent asks for an end, or has no more patience. */
export function endByParent(state: State, brutal: boolean): void {
  const reason = brutal ? KILLED : SHUTDOWN;
  if (state.phase === 'ended') return;
  const purpose = state.task?.purpose;
  if (purpose?.for !== 'end') {
    end(state, { type: state.phase === 'running' ? 'ended' : 'failed', reason }, brutal);
  } else if (brutal && !purpose.brutal) {
    end(state, { type: purpose.outcome.type, reason }, true);
  }
}

function refuseAsEnding(state: State, requestId: number): void {
  reply(state, requestId, { ok: false, error: 'shutdown' });
}
