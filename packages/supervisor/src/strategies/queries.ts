/** What can be asked while anything else is under way. Source: OTP supervisor manual, the functions of the same names. */
import type {
  ChildCounts,
  ChildInfo,
  ChildState,
  SupervisorOperation,
  SupervisorResult,
} from '@espalier/core/internal/supervisor-logic.js';
import type { Child, State } from './state.js';

const QUERIES = ['whichChildren', 'whichChild', 'countChildren', 'getChildSpec'] as const;

export type QueryOperation = Extract<SupervisorOperation, { readonly op: (typeof QUERIES)[number] }>;

export function isQuery(operation: SupervisorOperation): operation is QueryOperation {
  return QUERIES.some((op) => op === operation.op);
}

export function answer(state: State, query: QueryOperation): SupervisorResult {
  switch (query.op) {
    case 'whichChildren':
      return { ok: true, value: [...state.children.values()].map((child) => info(state, child)) };
    case 'whichChild': {
      const child = state.children.get(query.id);
      if (child !== undefined) return { ok: true, value: info(state, child) };
      return { ok: false, error: query.id === state.template?.id ? 'simple_one_for_one' : 'not_found' };
    }
    case 'countChildren':
      return { ok: true, value: counts(state) };
    case 'getChildSpec': {
      // A template has one spec for all its children, so its own id may be asked as well.
      const template = query.id === state.template?.id ? state.template : undefined;
      const spec = state.children.get(query.id)?.spec ?? template;
      return spec === undefined ? { ok: false, error: 'not_found' } : { ok: true, value: spec.source };
    }
  }
}

function info(state: State, child: Child): ChildInfo {
  const { key, incarnation, spec } = child;
  const id = state.template === null ? key : null;
  return { id, key, state: shown(state, child), incarnation, kind: spec.kind, restart: spec.restart };
}

function shown(state: State, child: Child): ChildState {
  switch (child.status) {
    case 'starting':
      return state.task?.purpose.for === 'restart' ? 'restarting' : 'starting';
    case 'ended':
      // What will become of it is decided in its turn; until then the likelier answer is given.
      return child.parked ? 'restarting' : 'stopped';
    default:
      return child.status;
  }
}

function counts(state: State): ChildCounts {
  let active = 0;
  let supervisors = 0;
  for (const child of state.children.values()) {
    if (child.status === 'running' || child.status === 'stopping') active += 1;
    if (child.spec.kind === 'supervisor') supervisors += 1;
  }
  const all = state.children.size;
  return { specs: state.template === null ? all : 1, active, supervisors, environments: all - supervisors };
}
