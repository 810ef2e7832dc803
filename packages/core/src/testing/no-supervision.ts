/**
 * The least logic of a supervisor: starts its children in order, stops them in reverse, restarts none.
 * For tests of what is below supervision; the real strategies are in the package `supervisor`.
 */
import type {
  ChildSpec,
  SupervisorEffect,
  SupervisorLogic,
  SupervisorSpec,
} from '../kernel/supervisor-logic.js';

interface State {
  readonly waiting: ChildSpec[];
  readonly running: string[];
  phase: 'starting' | 'running' | 'stopping';
}

function next(state: State): readonly SupervisorEffect[] {
  const spec = state.waiting.shift();
  if (spec !== undefined)
    return [{ type: 'startChild', id: spec.id, incarnation: 1, spec, extra: undefined }];
  state.phase = 'running';
  return [{ type: 'started' }];
}

function stopLast(state: State): readonly SupervisorEffect[] {
  const id = state.running.at(-1);
  if (id === undefined) return [{ type: 'ended', reason: { tag: 'shutdown' } }];
  return [{ type: 'stopChild', id, incarnation: 1, shutdown: 5000 }];
}

export const noSupervision: SupervisorLogic = {
  init: (spec: SupervisorSpec): State => ({ waiting: [...spec.children], running: [], phase: 'starting' }),
  step(given, event) {
    const state = given as State;
    const effects = ((): readonly SupervisorEffect[] => {
      switch (event.type) {
        case 'start':
          return next(state);
        case 'childStarted':
          state.running.push(event.id);
          return state.phase === 'starting' ? next(state) : [];
        case 'childIgnored':
          return next(state);
        case 'childStartFailed':
          return [{ type: 'failed', reason: event.reason }];
        case 'childEnded': {
          state.running.splice(state.running.indexOf(event.id), 1);
          const parking: SupervisorEffect = { type: 'parking', id: event.id, willRestart: false };
          return state.phase === 'stopping' ? [parking, ...stopLast(state)] : [parking];
        }
        case 'stop':
        case 'kill':
          state.phase = 'stopping';
          return stopLast(state);
        default:
          return [];
      }
    })();
    return { state, effects };
  },
};
