/** A supervisor's logic that restarts its children one for one, as often as `intensity` says in all, and then gives up. */
import type {
  ChildSpec,
  SupervisorEffect,
  SupervisorLogic,
  SupervisorSpec,
} from '../../src/kernel/supervisor-logic.js';
import { isExpectedEnd, type ExitReason } from '../../src/index.js';

interface State {
  readonly specs: readonly ChildSpec[];
  readonly intensity: number;
  readonly running: string[];
  readonly incarnations: Map<string, number>;
  next: number;
  restarts: number;
  phase: 'starting' | 'running' | 'stopping' | 'giving-up';
}

const specOf = (state: State, id: string): ChildSpec =>
  state.specs.find((spec) => spec.id === id) as ChildSpec;

function startNext(state: State): readonly SupervisorEffect[] {
  const spec = state.specs[state.next++];
  if (spec !== undefined) return [start(state, spec)];
  state.phase = 'running';
  return [{ type: 'started' }];
}

function start(state: State, spec: ChildSpec): SupervisorEffect {
  const incarnation = (state.incarnations.get(spec.id) ?? 0) + 1;
  state.incarnations.set(spec.id, incarnation);
  return { type: 'startChild', id: spec.id, incarnation, spec, extra: undefined };
}

function stopLast(state: State, reason: ExitReason): readonly SupervisorEffect[] {
  const id = state.running.at(-1);
  if (id === undefined) return [{ type: 'ended', reason }];
  const { shutdown } = specOf(state, id);
  return [{ type: 'stopChild', id, incarnation: state.incarnations.get(id) ?? 1, shutdown }];
}

function ended(state: State, id: string, reason: ExitReason): readonly SupervisorEffect[] {
  const at = state.running.indexOf(id);
  if (at >= 0) state.running.splice(at, 1);
  const gone: SupervisorEffect = { type: 'parking', id, willRestart: false };
  if (state.phase === 'stopping') return [gone, ...stopLast(state, { tag: 'shutdown' })];
  if (state.phase === 'giving-up')
    return [gone, ...stopLast(state, { tag: 'shutdown', detail: 'reached_max_intensity' })];
  const spec = specOf(state, id);
  const again = spec.restart === 'permanent' || (spec.restart === 'transient' && !isExpectedEnd(reason));
  if (!again) return [gone];
  if (++state.restarts > state.intensity) {
    state.phase = 'giving-up';
    return [gone, ...stopLast(state, { tag: 'shutdown', detail: 'reached_max_intensity' })];
  }
  return [{ type: 'parking', id, willRestart: true }, start(state, spec)];
}

export const restarting: SupervisorLogic = {
  init: (spec: SupervisorSpec): State => ({
    specs: spec.children,
    intensity: spec.intensity,
    running: [],
    incarnations: new Map(),
    next: 0,
    restarts: 0,
    phase: 'starting',
  }),
  step(given, event) {
    const state = given as State;
    const effects = ((): readonly SupervisorEffect[] => {
      switch (event.type) {
        case 'start':
          return startNext(state);
        case 'childStarted':
          state.running.push(event.id);
          return state.phase === 'starting' ? startNext(state) : [];
        case 'childIgnored':
          return state.phase === 'starting' ? startNext(state) : [];
        case 'childStartFailed':
          if (state.phase === 'starting') return [{ type: 'failed', reason: event.reason }];
          return ended(state, event.id, event.reason);
        case 'childEnded':
          return ended(state, event.id, event.reason);
        case 'stop':
        case 'kill':
          state.phase = 'stopping';
          return stopLast(state, { tag: 'shutdown' });
        default:
          return [];
      }
    })();
    return { state, effects };
  },
};
