/**
 * An inner node of the tree: runs a supervisor's logic (a pure function, handed in) and carries out
 * what it wants. It keeps the rules that the logic relies on (supervisor-logic.ts): effects of a step
 * are carried out in order before the next event, each start is answered once, each end comes once.
 */
import type { ExitReason } from '../exit-reason.js';
import type { WireReason } from '../protocol/notices.js';
import type { Environment } from './environment.js';
import type { NodeStart } from './node-start.js';
import type { Decision, Owner, SupervisorParent } from './owner.js';
import { REFUSAL_MS } from './lifecycle.js';
import type { KernelParts } from './parts.js';
import { resultOf } from './door.js';
import type { Starter } from './starter.js';
import type {
  ApplyEvent,
  ChildSpec,
  Shutdown,
  SupervisionEvent,
  SupervisorEffect,
  SupervisorEvent,
  SupervisorOperation,
  SupervisorResult,
  SupervisorSpec,
} from './supervisor-logic.js';

interface Child {
  readonly id: string;
  readonly incarnation: number;
  node: Environment | SupervisorNode | undefined;
  /** Its start took too long; it is being killed. */
  timedOut: boolean;
}

/** Keys of timers that are not the logic's. */
const SHUTDOWN_TIMER = '\0shutdown';
const startTimer = (id: string): string => `\0start ${id}`;
const TOO_LONG: ExitReason = { tag: 'error', detail: 'the start took longer than startTimeoutMs' };

type Effect<T> = Extract<SupervisorEffect, { readonly type: T }>;
/** Distributes over a union. */
type WithoutTime<E> = E extends unknown ? Omit<E, 'nowMs'> : never;

export class SupervisorNode {
  readonly path: string;
  /** The namespace of its children, if they have one together. */
  readonly #space: string | undefined;
  readonly #parts: KernelParts;
  readonly #starter: Starter;
  readonly #parent: SupervisorParent;
  readonly #children = new Map<string, Child>();
  readonly #timers = new Map<string, () => void>();
  readonly #requests = new Map<number, (result: SupervisorResult) => void>();
  readonly #queue: (() => void)[] = [];
  #state: unknown;
  #stepping = false;
  #lastRequest = 0;
  #over = false;

  constructor(
    path: string,
    space: string,
    spec: SupervisorSpec,
    parts: KernelParts,
    starter: Starter,
    parent: SupervisorParent,
  ) {
    this.path = path;
    this.#space = spec.siblings === 'isolate' ? undefined : space;
    this.#parts = parts;
    this.#starter = starter;
    this.#parent = parent;
    this.#state = parts.logic.init(spec);
  }

  start(): void {
    this.#event({ type: 'start' });
  }

  stop(shutdown: Shutdown): void {
    if (this.#over) return;
    // Before the order: when that returns, the supervisor may have ended, and its timers with it.
    if (typeof shutdown === 'number') {
      this.#setTimer(SHUTDOWN_TIMER, shutdown, () => this.#event({ type: 'kill' }));
    }
    this.#event(shutdown === 'brutal_kill' ? { type: 'kill' } : { type: 'stop' });
  }

  request(operation: SupervisorOperation, reply: (result: SupervisorResult) => void): void {
    if (this.#over) {
      reply({ ok: false, error: 'shutdown' });
      return;
    }
    const requestId = ++this.#lastRequest;
    this.#requests.set(requestId, reply);
    this.#event({ type: 'request', requestId, operation });
  }

  child(id: string): Environment | SupervisorNode | undefined {
    return this.#children.get(id)?.node;
  }

  get children(): readonly (readonly [string, Environment | SupervisorNode])[] {
    return [...this.#children.values()].flatMap(({ id, node }) =>
      node === undefined ? [] : [[id, node] as const],
    );
  }

  /** One event at a time: what happens while effects are carried out waits. */
  #event(event: WithoutTime<SupervisorEvent>): void {
    this.#queue.push(() => this.#perform(this.#step(event)));
    this.#run();
  }

  #run(): void {
    if (this.#stepping) return;
    this.#stepping = true;
    try {
      for (let next = this.#queue.shift(); next !== undefined; next = this.#queue.shift()) next();
    } finally {
      this.#stepping = false;
    }
  }

  #step(event: WithoutTime<SupervisorEvent>): readonly SupervisorEffect[] {
    const step = this.#parts.logic.step(this.#state, { ...event, nowMs: this.#parts.clock.now() });
    this.#state = step.state;
    return step.effects;
  }

  #perform(effects: readonly SupervisorEffect[]): void {
    // Each takes the effects of its own type; the table's type says so, TypeScript cannot follow it here.
    for (const effect of effects) (this.#effects[effect.type] as (effect: SupervisorEffect) => void)(effect);
  }

  /** What each kind of effect is. */
  readonly #effects: { readonly [T in SupervisorEffect['type']]: (effect: Effect<T>) => void } = {
    startChild: (effect) => this.#startChild(effect),
    stopChild: ({ id, shutdown }) => this.#stopChild(id, shutdown),
    askChild: ({ id, incarnation, operation }) => this.#askChild(id, incarnation, operation),
    setTimer: ({ key, delayMs, jitterMs }) =>
      this.#setTimer(key, delayMs - this.#parts.random.next() * jitterMs, () =>
        this.#event({ type: 'timer', key }),
      ),
    clearTimer: ({ key }) => this.#clearTimer(key),
    reply: ({ requestId, result }) => {
      const reply = this.#requests.get(requestId);
      this.#requests.delete(requestId);
      reply?.(result);
    },
    parking: ({ id, willRestart }) => {
      if (!willRestart) this.#giveUp(id);
    },
    event: ({ event }) => this.#report(event),
    started: () => this.#parent.started(),
    failed: ({ reason }) => {
      this.#close();
      this.#parent.failed(reason);
    },
    ended: ({ reason }) => {
      this.#close();
      this.#parent.ended(reason);
    },
  };

  #report(event: SupervisionEvent | ApplyEvent): void {
    const { path } = this;
    this.#parts.observe('id' in event ? { kind: 'supervision', path, event } : { ...event, path });
  }

  #close(): void {
    this.#over = true;
    for (const cancel of this.#timers.values()) cancel();
    this.#timers.clear();
    for (const reply of this.#requests.values()) reply({ ok: false, error: 'shutdown' });
    this.#requests.clear();
    for (const owner of this.#owners.values()) this.#parts.names.giveUpAll(owner);
  }

  // ---- children ------------------------------------------------------------------------------------

  /** One owner for each child, over all its incarnations: it is what a name is kept for. */
  readonly #owners = new Map<string, Owner>();

  #owner(id: string): Owner {
    let owner = this.#owners.get(id);
    if (owner === undefined) {
      owner = {
        started: () => this.#childStarted(id),
        // Reported with its end: then it is really gone.
        ignored: () => undefined,
        ended: (environment, reason) => this.#environmentEnded(id, environment, reason),
      };
      this.#owners.set(id, owner);
    }
    return owner;
  }

  /** It will not run again of itself: nothing is kept for it. There may have been thousands of its kind. */
  #giveUp(id: string): void {
    const owner = this.#owners.get(id);
    if (owner !== undefined) this.#parts.names.giveUpAll(owner);
    this.#owners.delete(id);
  }

  #startChild({ id, incarnation, spec, extra }: Effect<'startChild'>): void {
    // The one above the root of a host's tree has no path.
    const path = this.path === '' ? id : `${this.path}/${id}`;
    const space = this.#space ?? path;
    const start = spec.start as NodeStart;
    const child: Child = { id, incarnation, node: undefined, timedOut: false };
    this.#children.set(id, child);
    if (start.kind === 'supervisor') {
      const node = new SupervisorNode(path, space, start.spec, this.#parts, this.#starter, {
        started: () => this.#childStarted(id),
        failed: (reason) => this.#subtreeEnded(child, reason, false),
        ended: (reason) => this.#subtreeEnded(child, reason, true),
      });
      child.node = node;
      this.#limitStart(child, spec, () => node.stop('brutal_kill'));
      node.start();
      return;
    }
    const started = this.#starter.start(path, start, space, this.#owner(id), extra);
    if (!started.ok) {
      this.#parts.clock.after(REFUSAL_MS, () => {
        this.#children.delete(id);
        this.#event(startFailed(child, started.reason));
      });
      return;
    }
    child.node = started.environment;
    this.#limitStart(child, spec, () => this.#starter.lifecycle.kill(started.environment));
  }

  #limitStart(child: Child, { startTimeoutMs }: ChildSpec, expire: () => void): void {
    if (startTimeoutMs === 'infinity') return;
    this.#setTimer(startTimer(child.id), startTimeoutMs, () => {
      child.timedOut = true;
      expire();
    });
  }

  #stopChild(id: string, shutdown: Shutdown): void {
    const child = this.#children.get(id);
    if (child?.node === undefined) return;
    this.#clearTimer(startTimer(id));
    if (child.node instanceof SupervisorNode) child.node.stop(shutdown);
    else this.#starter.lifecycle.stop(child.node, shutdown);
  }

  #askChild(id: string, incarnation: number, operation: SupervisorOperation): void {
    const node = this.#children.get(id)?.node;
    const answered = (result: SupervisorResult): void =>
      this.#event({ type: 'childAnswered', id, incarnation, result });
    if (node instanceof SupervisorNode) node.request(operation, answered);
    else if (node?.guest.role === 'cell') {
      node.guest.supervise({ op: 'request', path: node.path, request: operation }, (answer) =>
        answered(resultOf(answer)),
      );
    } else answered({ ok: false, error: 'shutdown' });
  }

  #childStarted(id: string): void {
    const child = this.#children.get(id);
    if (child === undefined) return;
    this.#clearTimer(startTimer(id));
    this.#event({ type: 'childStarted', id, incarnation: child.incarnation });
  }

  #subtreeEnded(child: Child, reason: ExitReason, started: boolean): void {
    const { id, incarnation } = child;
    this.#clearTimer(startTimer(id));
    this.#children.delete(id);
    if (started) this.#event({ type: 'childEnded', id, incarnation, reason });
    else this.#event(startFailed(child, reason));
  }

  /**
   * An environment's end is decided at once, so that its names go from held to kept in one step; if
   * this supervisor is in the middle of another step, the names are kept until it has decided.
   */
  #environmentEnded(id: string, environment: Environment, reason: WireReason): Decision {
    const child = this.#children.get(id);
    // Not this supervisor's child any more.
    if (child?.node !== environment) return { willRestart: false, carryOut: () => undefined };
    this.#clearTimer(startTimer(id));
    this.#children.delete(id);
    const event = endEvent(child, environment, reason);
    if (this.#stepping) {
      return { willRestart: true, carryOut: () => this.#event(event) };
    }
    const effects = this.#step(event);
    const willRestart = effects.some(
      (effect) => effect.type === 'parking' && effect.id === id && effect.willRestart,
    );
    if (!willRestart) this.#owners.delete(id);
    // Whatever happens while others are told waits for these effects.
    this.#stepping = true;
    return {
      willRestart,
      carryOut: () => {
        try {
          this.#perform(effects);
        } finally {
          this.#stepping = false;
        }
        this.#run();
      },
    };
  }

  #setTimer(key: string, delayMs: number, fire: () => void): void {
    this.#clearTimer(key);
    const cancel = this.#parts.clock.after(Math.max(0, delayMs), () => {
      this.#timers.delete(key);
      fire();
    });
    this.#timers.set(key, cancel);
  }

  #clearTimer(key: string): void {
    this.#timers.get(key)?.();
    this.#timers.delete(key);
  }
}

function endEvent(child: Child, environment: Environment, reason: WireReason): WithoutTime<SupervisorEvent> {
  const { id, incarnation } = child;
  if (environment.wasReady && !environment.ignored) return { type: 'childEnded', id, incarnation, reason };
  if (environment.ignored) return { type: 'childIgnored', id, incarnation };
  return startFailed(child, reason);
}

function startFailed(child: Child, reason: ExitReason): WithoutTime<SupervisorEvent> {
  const { id, incarnation, timedOut } = child;
  return { type: 'childStartFailed', id, incarnation, reason: timedOut ? TOO_LONG : reason };
}
