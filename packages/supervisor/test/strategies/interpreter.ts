/**
 * A kernel of a few lines: carries out the effects of a supervisor's logic on children that exist only
 * as names, so that a test can say what happened in which order. It also checks the contract: no child
 * is started twice, none but a living one is stopped, nothing follows the end.
 */
import type { ExitReason } from '@espalier/core';
import type {
  ApplyEvent,
  ChildInfo,
  ChildSpec,
  SupervisionEvent,
  SupervisorEffect,
  SupervisorEvent,
  SupervisorOperation,
  SupervisorResult,
  SupervisorSpec,
} from '@espalier/core/internal/supervisor-logic.js';
import { supervisorLogic, type State } from '../../src/strategies/index.js';
import type { Child } from '../../src/strategies/state.js';

export const NORMAL: ExitReason = { tag: 'normal' };
export const SHUTDOWN: ExitReason = { tag: 'shutdown' };
export const KILLED: ExitReason = { tag: 'killed' };
export const CRASH: ExitReason = { tag: 'error', detail: 'crash' };

export function child(id: string, over: Partial<ChildSpec> = {}): ChildSpec {
  return {
    id,
    kind: 'environment',
    name: id,
    restart: 'permanent',
    shutdown: 5000,
    significant: false,
    startTimeoutMs: 'infinity',
    backoff: 'inherit',
    start: { module: id },
    version: '',
    source: new Uint8Array(),
    ...over,
  };
}

export function supervisor(
  children: readonly ChildSpec[],
  over: Partial<SupervisorSpec> = {},
): SupervisorSpec {
  return {
    strategy: 'one_for_one',
    intensity: 1,
    periodMs: 5000,
    autoShutdown: 'never',
    maxChildren: 'infinity',
    backoff: null,
    children,
    ...over,
  };
}

/** What a start comes to; `wait`: nothing, until the test says so. */
export type StartAnswer = 'ok' | 'ignore' | 'wait' | ExitReason;
/** What a stop comes to; `obey`: what was asked for; `wait`: nothing, until the test says so. */
export type StopAnswer = 'obey' | 'wait' | ExitReason;

export class World {
  nowMs = 0;
  /** What was done, in order: `start a`, `stop a`, `kill a`, `started`, `ended shutdown` … */
  readonly log: string[] = [];
  readonly events: (SupervisionEvent | ApplyEvent)[] = [];
  readonly effects: SupervisorEffect[] = [];
  readonly parked = new Map<string, boolean>();
  /** Those that are there, starting or running, by key. */
  readonly alive = new Map<string, { incarnation: number; running: boolean }>();
  readonly timers = new Map<string, number>();
  readonly replies = new Map<number, SupervisorResult>();
  answerStart: (id: string, incarnation: number, spec: ChildSpec) => StartAnswer = () => 'ok';
  answerStop: (id: string) => StopAnswer = () => 'obey';
  #state: State;
  #pending: SupervisorEvent[] = [];
  #busy = false;
  /** Of the last start of each. */
  readonly #incarnations = new Map<string, number>();
  #requests = 0;
  over = false;

  constructor(spec: SupervisorSpec) {
    this.#state = supervisorLogic.init(spec);
  }

  /** Starts it; what follows is logged from here on. */
  start(): this {
    this.send({ type: 'start', nowMs: this.nowMs });
    return this;
  }

  send(event: SupervisorEvent): void {
    this.#pending.push(event);
    if (this.#busy) return;
    this.#busy = true;
    for (let next = this.#pending.shift(); next !== undefined; next = this.#pending.shift()) {
      const { state, effects } = supervisorLogic.step(this.#state, next);
      this.#state = state;
      // Effects are carried out below, so these are still the lives before the step.
      if (next.type === 'childEnded' || next.type === 'childStartFailed') {
        const { id } = next;
        const current = this.#incarnations.get(id) === next.incarnation;
        if (current && !effects.some((effect) => effect.type === 'parking' && effect.id === id)) {
          throw new Error(`the end of ${id} was not answered by a word on its names`);
        }
      }
      for (const effect of effects) this.#carryOut(effect);
    }
    this.#busy = false;
  }

  /** What it knows of a child. */
  kept(id: string): Pick<Child, 'spec' | 'extra'> | undefined {
    return this.#state.children.get(id);
  }

  ends(id: string, reason: ExitReason): void {
    const life = this.alive.get(id);
    if (life === undefined) throw new Error(`${id} is not there to end`);
    this.alive.delete(id);
    const type = life.running ? 'childEnded' : 'childStartFailed';
    this.send({ type, id, incarnation: life.incarnation, reason, nowMs: this.nowMs });
  }

  comesUp(id: string): void {
    const life = this.alive.get(id);
    if (life === undefined) throw new Error(`${id} is not there to come up`);
    life.running = true;
    this.send({ type: 'childStarted', id, incarnation: life.incarnation, nowMs: this.nowMs });
  }

  request(operation: SupervisorOperation): number {
    const requestId = (this.#requests += 1);
    this.send({ type: 'request', requestId, operation, nowMs: this.nowMs });
    return requestId;
  }

  /** For what is answered at once. */
  ask(operation: SupervisorOperation): SupervisorResult {
    const result = this.replies.get(this.request(operation));
    if (result === undefined) throw new Error(`${operation.op} was not answered`);
    return result;
  }

  states(): Record<string, string> {
    const result = this.ask({ op: 'whichChildren' });
    if (!result.ok) throw new Error('whichChildren failed');
    return Object.fromEntries((result.value as readonly ChildInfo[]).map((info) => [info.key, info.state]));
  }

  stop(): void {
    this.send({ type: 'stop', nowMs: this.nowMs });
  }

  kill(): void {
    this.send({ type: 'kill', nowMs: this.nowMs });
  }

  advance(ms: number): void {
    const until = this.nowMs + ms;
    for (;;) {
      const due = [...this.timers].filter(([, at]) => at <= until).sort((a, b) => a[1] - b[1])[0];
      if (due === undefined) break;
      this.timers.delete(due[0]);
      this.nowMs = due[1];
      this.send({ type: 'timer', key: due[0], nowMs: this.nowMs });
    }
    this.nowMs = until;
  }

  /** What was logged since the last call. */
  news(): string[] {
    return this.log.splice(0);
  }

  #carryOut(effect: SupervisorEffect): void {
    if (this.over && effect.type !== 'reply') throw new Error(`${effect.type} after the end`);
    this.effects.push(effect);
    switch (effect.type) {
      case 'startChild': {
        const { id, incarnation } = effect;
        if (this.alive.has(id)) throw new Error(`${id} is started twice`);
        this.#incarnations.set(id, incarnation);
        this.alive.set(id, { incarnation, running: false });
        this.log.push(`start ${id}`);
        const answer = this.answerStart(id, incarnation, effect.spec);
        if (answer === 'ok') this.comesUp(id);
        else if (answer === 'ignore') {
          this.alive.delete(id);
          this.send({ type: 'childIgnored', id, incarnation, nowMs: this.nowMs });
        } else if (answer !== 'wait') this.ends(id, answer);
        break;
      }
      case 'stopChild': {
        const { id, shutdown } = effect;
        if (this.alive.get(id)?.incarnation !== effect.incarnation) {
          // It has ended already, and the news of it is on its way.
          if (this.#pending.some((event) => 'id' in event && event.id === id)) break;
          throw new Error(`${id} is stopped but not there`);
        }
        const brutal = shutdown === 'brutal_kill';
        this.log.push(`${brutal ? 'kill' : 'stop'} ${id}`);
        const answer = this.answerStop(id);
        if (answer === 'obey' || (brutal && answer === 'wait')) this.ends(id, brutal ? KILLED : SHUTDOWN);
        else if (answer !== 'wait') this.ends(id, answer);
        break;
      }
      case 'askChild':
        throw new Error(`${effect.id} is asked, but there are no supervisors below`);
      case 'setTimer':
        if (this.timers.has(effect.key)) throw new Error(`timer ${effect.key} is set twice`);
        this.timers.set(effect.key, this.nowMs + effect.delayMs);
        break;
      case 'clearTimer':
        this.timers.delete(effect.key);
        break;
      case 'reply':
        if (this.replies.has(effect.requestId))
          throw new Error(`request ${effect.requestId} is answered twice`);
        this.replies.set(effect.requestId, effect.result);
        break;
      case 'parking':
        this.parked.set(effect.id, effect.willRestart);
        break;
      case 'event':
        this.events.push(effect.event);
        break;
      case 'started':
        this.log.push('started');
        break;
      default:
        this.log.push(`${effect.type} ${effect.reason.tag}`);
        this.over = true;
        if (this.alive.size > 0) throw new Error(`${effect.type} with children left`);
    }
  }
}

export function up(spec: SupervisorSpec): World {
  const world = new World(spec).start();
  world.news();
  return world;
}
