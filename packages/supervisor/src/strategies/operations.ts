/**
 * What an administrator may ask of a supervisor, decided when its turn has come: refused with OTP's
 * error, done at once, or made a task. Source: OTP supervisor manual, the functions of the same names.
 */
import type {
  ChildSpec,
  SupervisorErrorName,
  SupervisorOperation,
  SupervisorResult,
} from '@espalier/core/internal/supervisor-logic.js';
import type { OpaqueValue } from '@espalier/core/internal/supervisor-logic.js';
import { beginApply } from './apply.js';
import { reply, settle } from './effects.js';
import type { QueryOperation } from './queries.js';
import { newChild } from './new-state.js';
import type { Child, State } from './state.js';
import { newTask } from './task.js';

export type ChangeOperation = Exclude<SupervisorOperation, QueryOperation | { readonly op: 'goOn' }>;

export function perform(state: State, requestId: number, operation: ChangeOperation): void {
  const refusal = decide(state, requestId, operation);
  if (refusal !== null) reply(state, requestId, refusal);
}

function decide(state: State, requestId: number, operation: ChangeOperation): SupervisorResult | null {
  switch (operation.op) {
    case 'startChild':
      return 'child' in operation
        ? addChild(state, requestId, operation.child)
        : addDynamic(state, requestId, operation.extra);
    case 'terminateChild':
      return terminate(state, requestId, operation.id);
    case 'restartChild':
      return restart(state, requestId, operation.id);
    case 'deleteChild':
      return remove(state, operation.id);
    case 'apply':
      beginApply(state, requestId, operation);
      return null;
  }
}

function addChild(state: State, requestId: number, spec: ChildSpec): SupervisorResult | null {
  if (state.template !== null) return refuse('bad_argument');
  const conflict = conflictOf(state, spec);
  if (conflict !== null) return { ok: false, error: 'bad_combination', fields: conflict };
  const present = state.children.get(spec.id);
  if (present !== undefined) {
    if (!lives(present)) return refuse('already_present');
    const { key, incarnation } = present;
    return { ok: false, error: 'already_started', child: { key, incarnation } };
  }
  if (isCrowded(state)) return refuse('max_children');
  return begin(state, requestId, newChild(spec.id, spec));
}

function addDynamic(
  state: State,
  requestId: number,
  extra: OpaqueValue | undefined,
): SupervisorResult | null {
  if (state.template === null) return refuse('bad_argument');
  // Only an environment's behaviour takes arguments.
  if (extra !== undefined && state.template.kind !== 'environment') return refuse('bad_argument');
  if (isCrowded(state)) return refuse('max_children');
  state.dynamicCount += 1;
  return begin(state, requestId, newChild(`#${state.dynamicCount}`, state.template, extra));
}

function begin(state: State, requestId: number, child: Child): null {
  state.children.set(child.key, child);
  state.task = newTask({ for: 'startChild', child, requestId }, [], [child]);
  return null;
}

function terminate(state: State, requestId: number, id: string): SupervisorResult | null {
  const child = state.children.get(id);
  if (child !== undefined) {
    state.task = newTask({ for: 'terminateChild', child, requestId }, [child], []);
    return null;
  }
  if (id === state.template?.id) return refuse('simple_one_for_one');
  return hasBeen(state, id) ? { ok: true, value: null } : refuse('not_found');
}

function restart(state: State, requestId: number, id: string): SupervisorResult | null {
  const child = state.children.get(id);
  const refusal = refusalUnlessStopped(state, child);
  if (refusal !== null || child === undefined) return refusal;
  state.task = newTask({ for: 'restartChild', child, requestId }, [], [child]);
  return null;
}

function remove(state: State, id: string): SupervisorResult {
  const child = state.children.get(id);
  const refusal = refusalUnlessStopped(state, child);
  if (refusal !== null || child === undefined) return refusal ?? refuse('not_found');
  settle(state, child);
  state.children.delete(id);
  return { ok: true, value: null };
}

function refusalUnlessStopped(state: State, child: Child | undefined): SupervisorResult | null {
  if (state.template !== null) return refuse('simple_one_for_one');
  if (child === undefined) return refuse('not_found');
  if (child.status === 'restarting') return refuse('restarting');
  return lives(child) ? refuse('running') : null;
}

/** OTP asks whether there is a process identifier; one whose end has not been dealt with yet still has it. */
function lives(child: Child): boolean {
  return child.status !== 'stopped' && child.status !== 'restarting';
}

function isCrowded(state: State): boolean {
  return state.spec.maxChildren !== 'infinity' && state.children.size >= state.spec.maxChildren;
}

/** OTP: to terminate a child of a template that has ended already is no error. */
function hasBeen(state: State, key: string): boolean {
  const serial = /^#([1-9]\d*)$/.exec(key)?.[1];
  return state.template !== null && serial !== undefined && Number(serial) <= state.dynamicCount;
}

function conflictOf(state: State, spec: ChildSpec): readonly [string, string] | null {
  if (!spec.significant) return null;
  if (state.spec.autoShutdown === 'never') return ['significant', 'autoShutdown'];
  return spec.restart === 'permanent' ? ['significant', 'restart'] : null;
}

function refuse(error: SupervisorErrorName): SupervisorResult {
  return { ok: false, error };
}
