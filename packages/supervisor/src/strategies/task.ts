/**
 * One operation at a time. Whatever a supervisor does is a task of the same form: stop these children
 * (each waited for before the next is asked; those of a template all at once), then start those, in
 * order, each waited for. What happens meanwhile takes its turn afterwards. Source: OTP, whose
 * supervisor is one process and so cannot do otherwise.
 */
import { ask, comesBack, settle, settleUntil, startNow, stopNow } from './effects.js';
import { supervisorIn } from './supervisor-in.js';
import type { Apply } from './apply-state.js';
import type { Child, Purpose, State, Task } from './state.js';

export function newTask(
  purpose: Purpose,
  stops: readonly Child[],
  starts: readonly Child[],
  parallel = false,
): Task {
  return { purpose, stops, starts, parallel, stopped: 0, started: 0, waiting: new Set() };
}

/** Does what can be done without waiting. True when the task is through. */
export function proceed(state: State, task: Task): boolean {
  for (;;) {
    if (task.waiting.size > 0 && !task.parallel) return false;
    const leaving = task.stops[task.stopped];
    if (leaving !== undefined) {
      task.stopped += 1;
      stopOne(state, task, leaving);
      continue;
    }
    if (task.waiting.size > 0) return false;
    const coming = task.starts[task.started];
    if (coming === undefined) return true;
    task.started += 1;
    task.waiting.add(coming);
    if (state.apply?.plan.below.has(coming)) askBelow(state, state.apply, coming, task);
    else startNow(state, coming);
  }
}

/** It is not stopped or started: it takes its own step of the apply. */
function askBelow(state: State, { plan, undoing }: Apply, child: Child, { purpose }: Task): void {
  const spec = supervisorIn(plan.specs.get(child)?.start);
  const isFirst = purpose.for === 'clear' && !undoing;
  const step = purpose.for === 'clear' ? 'undo' : purpose.for === 'fill' ? 'start' : 'done';
  ask(state, child, isFirst ? { op: 'apply', spec, stepwise: true } : { op: 'goOn', step });
}

function stopOne(state: State, task: Task, child: Child): void {
  if (state.apply?.plan.below.has(child)) {
    task.waiting.add(child);
    askBelow(state, state.apply, child, task);
    return;
  }
  const brutal = task.purpose.for === 'end' && task.purpose.brutal;
  if (child.status === 'starting' || child.status === 'running' || (brutal && child.status === 'stopping')) {
    task.waiting.add(child);
    stopNow(state, child, brutal ? 'brutal_kill' : child.spec.shutdown);
  } else if (child.status === 'stopping') {
    // An operation that was cut short by the supervisor's end had asked it already.
    task.waiting.add(child);
  } else {
    settleFor(state, task, child);
  }
}

/** The child does not run any more, for the purposes of this task. */
export function settleFor(state: State, task: Task | null, child: Child): void {
  if (task?.purpose.for === 'restart' && task.purpose.child !== child) {
    settleUntil(state, child, task.purpose.child);
  } else if (task?.purpose.for === 'clear' && comesBack(state, child)) {
    settleUntil(state, child, null);
  } else {
    settle(state, child);
  }
}
