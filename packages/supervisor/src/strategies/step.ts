/** One event comes in, its effects go out: which child is meant, what it was doing, and who deals with it. */
import type { ExitReason } from '@espalier/core';
import type { SupervisorEffect, SupervisorEvent } from '@espalier/core/internal/supervisor-logic.js';
import { childAnswered, goOn } from './apply.js';
import { comesBack, park, reply, report, settle } from './effects.js';
import { push } from './fifo.js';
import { restartsInPeriod } from './intensity.js';
import { boot, endByParent, forgiveIfSound, run, startFailed } from './lifecycle.js';
import { answer, isQuery } from './queries.js';
import { isExpected, leadsToRestart, stoppedAsTold } from './restart-type.js';
import type { Child, State } from './state.js';
import { settleFor } from './task.js';

type EventOf<T extends SupervisorEvent['type']> = Extract<SupervisorEvent, { readonly type: T }>;

const HANDLERS = {
  start: (state) => {
    if (state.phase === 'new') boot(state);
  },
  childStarted: (state, event) => {
    const child = addressee(state, event);
    if (child?.status === 'starting') started(state, child);
  },
  childIgnored: (state, event) => {
    const child = addressee(state, event);
    if (child?.status === 'starting') ignored(state, child);
    else if (child?.status === 'stopping') stopped(state, child, { tag: 'normal' });
  },
  childStartFailed: (state, event) => {
    ended(state, addressee(state, event), event.reason);
  },
  childEnded: (state, event) => {
    ended(state, addressee(state, event), event.reason);
  },
  childAnswered: (state, event) => {
    const child = addressee(state, event);
    if (child !== undefined) childAnswered(state, child, event.result);
  },
  timer: (state, { key }) => {
    const child = state.children.get(key.slice(0, key.lastIndexOf('@')));
    if (child?.timer !== key) return;
    child.timer = null;
    push(state.queue, { kind: 'waited', child, incarnation: child.incarnation });
  },
  request: (state, { requestId, operation }) => {
    if (state.phase === 'ended') reply(state, requestId, { ok: false, error: 'shutdown' });
    else if (isQuery(operation)) reply(state, requestId, answer(state, operation));
    else if (state.phase === 'ending') reply(state, requestId, { ok: false, error: 'shutdown' });
    else if (operation.op === 'goOn') goOn(state, requestId, operation);
    else push(state.queue, { kind: 'request', requestId, operation });
  },
  stop: (state) => {
    endByParent(state, false);
  },
  kill: (state) => {
    endByParent(state, true);
  },
} satisfies { [T in SupervisorEvent['type']]: (state: State, event: EventOf<T>) => void };

export function step(
  state: State,
  event: SupervisorEvent,
): { state: State; effects: readonly SupervisorEffect[] } {
  state.nowMs = event.nowMs;
  const handle: (state: State, event: never) => void = HANDLERS[event.type];
  handle(state, event as never);
  run(state);
  const { effects } = state;
  state.effects = [];
  return { state, effects };
}

/** The child that is meant, unless that life of it is over. */
function addressee(
  state: State,
  event: { readonly id: string; readonly incarnation: number },
): Child | undefined {
  const child = state.children.get(event.id);
  return child?.incarnation === event.incarnation ? child : undefined;
}

function started(state: State, child: Child): void {
  const durationMs = state.nowMs - child.sinceMs;
  child.status = 'running';
  child.parked = false;
  child.sinceMs = state.nowMs;
  const { key: id, incarnation } = child;
  if (state.task?.purpose.for === 'restart') {
    const count = restartsInPeriod(state.budget, state.nowMs);
    report(state, { kind: 'restarted', id, incarnation, durationMs, count });
  } else {
    report(state, { kind: 'started', id, incarnation, durationMs });
  }
  // OTP: a temporary child is never started again, so what it was started with is not kept.
  if (child.spec.restart === 'temporary') {
    child.extra = undefined;
    if (state.template === null) child.spec = { ...child.spec, start: null };
  }
  arrived(state, child, { key: id, incarnation });
}

function ignored(state: State, child: Child): void {
  const durationMs = state.nowMs - child.sinceMs;
  report(state, { kind: 'ignored', id: child.key, incarnation: child.incarnation, durationMs });
  settle(state, child);
  arrived(state, child, null);
}

function arrived(state: State, child: Child, handle: { key: string; incarnation: number } | null): void {
  const task = state.task;
  task?.waiting.delete(child);
  if (task?.purpose.for === 'startChild' || task?.purpose.for === 'restartChild') {
    reply(state, task.purpose.requestId, { ok: true, value: { child: handle } });
  }
}

/** Some life of a child is over, by the kernel's evidence. */
function ended(state: State, child: Child | undefined, reason: ExitReason): void {
  if (child?.status === 'stopping') stopped(state, child, reason);
  else if (child?.status === 'running') endedOfItself(state, child, reason);
  else if (child?.status === 'starting' && state.task !== null) {
    state.task.waiting.delete(child);
    startFailed(state, state.task, child, reason);
  }
}

function stopped(state: State, child: Child, reason: ExitReason): void {
  const { key: id, incarnation, spec } = child;
  const { task } = state;
  const durationMs = state.nowMs - child.sinceMs;
  const expected = stoppedAsTold(spec, reason);
  report(state, { kind: 'stopped', id, incarnation, reason, durationMs, expected });
  park(state, child, comesBack(state, child));
  task?.waiting.delete(child);
  settleFor(state, task, child);
}

function endedOfItself(state: State, child: Child, reason: ExitReason): void {
  const { key: id, incarnation, spec } = child;
  const durationMs = state.nowMs - child.sinceMs;
  const willRestart = state.phase !== 'ending' && leadsToRestart(spec.restart, reason);
  if (isExpected(reason)) report(state, { kind: 'ended', id, incarnation, reason, durationMs, willRestart });
  else report(state, { kind: 'failed', id, incarnation, phase: 'run', reason, durationMs, willRestart });
  park(state, child, willRestart);
  forgiveIfSound(state, child, durationMs);
  state.task?.waiting.delete(child);
  child.status = 'ended';
  if (state.phase === 'ending') settle(state, child);
  else push(state.queue, { kind: 'ownEnd', child, incarnation, reason });
}
