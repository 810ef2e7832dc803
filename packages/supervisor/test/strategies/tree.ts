/**
 * Supervisors under supervisors, each the same logic, wired as the kernel wires them: a supervisor's
 * own start, failure and end are its parent's child events. Leaves are names; answers of leaves can be
 * held back and given in any order, so that a test can play every interleaving.
 */
import type { ExitReason } from '@espalier/core';
import type {
  ChildSpec,
  SupervisorEffect,
  SupervisorEvent,
  SupervisorOperation,
  SupervisorResult,
  SupervisorSpec,
} from '@espalier/core/internal/supervisor-logic.js';
import { supervisorLogic, type State } from '../../src/strategies/index.js';
import { KILLED, SHUTDOWN } from './interpreter.js';

interface Node {
  readonly path: string;
  readonly parent: Node | null;
  readonly id: string;
  readonly incarnation: number;
  readonly children: Map<string, Node>;
  /** What it was asked by its parent, or by `ask`, and has not answered. */
  readonly asked: Map<number, (result: SupervisorResult) => void>;
  /** Of supervisors. */
  state: State | null;
  running: boolean;
  told: boolean;
}

interface Answer {
  readonly node: Node;
  readonly what: 'start' | 'stop' | 'kill';
}

export class Tree {
  readonly log: string[] = [];
  readonly leaves = new Set<Node>();
  readonly timers = new Map<string, { readonly node: Node; readonly key: string }>();
  /** What leaves have been told and not yet done. */
  answers: Answer[] = [];
  outcome: string | null = null;
  #lastRequest = 0;
  unanswered = 0;
  nowMs = 0;
  readonly #root: Node;
  readonly #pending: { readonly node: Node; readonly event: SupervisorEvent }[] = [];
  #busy = false;

  constructor(spec: SupervisorSpec) {
    this.#root = this.#node('root', null, 'root', 1, spec);
  }

  get root(): Node {
    return this.#root;
  }

  /** Every supervisor that lives now. */
  supervisors(from: Node = this.#root): Node[] {
    if (from.state === null) return [];
    return [from, ...[...from.children.values()].flatMap((child) => this.supervisors(child))];
  }

  send(node: Node, event: SupervisorEvent): void {
    this.#pending.push({ node, event });
    if (this.#busy) return;
    this.#busy = true;
    for (let next = this.#pending.shift(); next !== undefined; next = this.#pending.shift()) {
      if (next.node.state === null) continue;
      const { state, effects } = supervisorLogic.step(next.node.state, next.event);
      next.node.state = state;
      for (const effect of effects) this.#carryOut(next.node, effect);
    }
    this.#busy = false;
  }

  /** Every request is answered once: a second answer throws, and one that is missing shows in `unanswered`. */
  ask(node: Node, operation: SupervisorOperation, answered: (result: SupervisorResult) => void): void {
    if (node.state === null) {
      answered({ ok: false, error: 'shutdown' });
      return;
    }
    this.#lastRequest += 1;
    node.asked.set(this.#lastRequest, answered);
    this.unanswered += 1;
    this.send(node, { type: 'request', requestId: this.#lastRequest, operation, nowMs: this.nowMs });
  }

  #answered(node: Node, requestId: number, result: SupervisorResult): void {
    const answered = node.asked.get(requestId);
    if (answered === undefined) throw new Error(`request ${requestId} is answered twice`);
    node.asked.delete(requestId);
    this.unanswered -= 1;
    answered(result);
  }

  /** A leaf ends of itself. */
  ends(leaf: Node, reason: ExitReason): void {
    this.#gone(leaf, reason);
  }

  /** A leaf does what it was told. */
  answer({ node, what }: Answer, reason?: ExitReason): void {
    this.answers = this.answers.filter((other) => other.node !== node || other.what !== what);
    if (!this.leaves.has(node)) return;
    if (what !== 'start') this.#gone(node, reason ?? (what === 'kill' ? KILLED : SHUTDOWN));
    else if (reason !== undefined) this.#gone(node, reason);
    else this.#up(node);
  }

  answerAll(): void {
    for (let next = this.answers[0]; next !== undefined; next = this.answers[0]) this.answer(next);
  }

  #node(
    path: string,
    parent: Node | null,
    id: string,
    incarnation: number,
    spec: SupervisorSpec | null,
  ): Node {
    const state = spec === null ? null : supervisorLogic.init(spec);
    const none = { children: new Map(), asked: new Map() };
    return { path, parent, id, incarnation, ...none, state, running: false, told: false };
  }

  #up(node: Node): void {
    node.running = true;
    if (node.parent === null) this.outcome = 'started';
    else
      this.send(node.parent, {
        type: 'childStarted',
        id: node.id,
        incarnation: node.incarnation,
        nowMs: this.nowMs,
      });
  }

  #gone(node: Node, reason: ExitReason): void {
    this.leaves.delete(node);
    this.answers = this.answers.filter((answer) => answer.node !== node);
    const { parent, id, incarnation } = node;
    if (parent === null) {
      this.outcome = `${node.running ? 'ended' : 'failed'} ${reason.tag}`;
      return;
    }
    parent.children.delete(id);
    const type = node.running ? 'childEnded' : 'childStartFailed';
    this.send(parent, { type, id, incarnation, reason, nowMs: this.nowMs });
  }

  #carryOut(node: Node, effect: SupervisorEffect): void {
    switch (effect.type) {
      case 'startChild':
        this.#start(node, effect.id, effect.incarnation, effect.spec);
        break;
      case 'stopChild':
        this.#stop(node.children.get(effect.id), effect.shutdown === 'brutal_kill');
        break;
      case 'setTimer':
        this.timers.set(`${node.path} ${effect.key}`, { node, key: effect.key });
        break;
      case 'clearTimer':
        this.timers.delete(`${node.path} ${effect.key}`);
        break;
      case 'reply':
        this.#answered(node, effect.requestId, effect.result);
        break;
      case 'askChild':
        this.#askChild(node, effect.id, effect.incarnation, effect.operation);
        break;
      case 'started':
        this.#up(node);
        break;
      case 'failed':
      case 'ended':
        if (node.children.size > 0) throw new Error(`${node.path} ${effect.type} before its children`);
        if (node.running !== (effect.type === 'ended'))
          throw new Error(`${node.path}: ${effect.type} out of place`);
        this.log.push(`${node.path} ${effect.type} ${effect.reason.tag}`);
        node.state = null;
        this.#close(node);
        for (const [name, timer] of this.timers)
          if (timer.node === node) throw new Error(`timer ${name} was left`);
        this.#gone(node, effect.reason);
        break;
      default:
    }
  }

  /** As the kernel does: what came too late for the logic is answered for it. Whatever it took is its own to answer. */
  #close(node: Node): void {
    const late = new Set(this.#pending.map(({ event }) => (event.type === 'request' ? event.requestId : 0)));
    for (const requestId of node.asked.keys()) {
      if (!late.has(requestId)) throw new Error(`${node.path} has not answered request ${requestId}`);
      this.#answered(node, requestId, { ok: false, error: 'shutdown' });
    }
  }

  #askChild(parent: Node, id: string, incarnation: number, operation: SupervisorOperation): void {
    const child = parent.children.get(id);
    const answered = (result: SupervisorResult) =>
      this.send(parent, { type: 'childAnswered', id, incarnation, result, nowMs: this.nowMs });
    if (child === undefined) answered({ ok: false, error: 'shutdown' });
    else this.ask(child, operation, answered);
  }

  #start(parent: Node, id: string, incarnation: number, spec: ChildSpec): void {
    if (parent.children.has(id)) throw new Error(`${parent.path}/${id} is started twice`);
    const nested = spec.kind === 'supervisor' ? (spec.start as { readonly spec: SupervisorSpec }).spec : null;
    const node = this.#node(`${parent.path}/${id}`, parent, id, incarnation, nested);
    parent.children.set(id, node);
    if (nested !== null) this.send(node, { type: 'start', nowMs: this.nowMs });
    else {
      this.leaves.add(node);
      this.log.push(`start ${node.path}`);
      this.answers.push({ node, what: 'start' });
    }
  }

  #stop(node: Node | undefined, brutal: boolean): void {
    // It may have gone while the word was on its way; then its parent hears of that.
    if (node === undefined) return;
    if (node.state !== null) this.send(node, { type: brutal ? 'kill' : 'stop', nowMs: this.nowMs });
    else if (this.leaves.has(node)) {
      if (node.told && !brutal) throw new Error(`${node.path} is told twice`);
      node.told = true;
      this.log.push(`${brutal ? 'kill' : 'stop'} ${node.path}`);
      this.answers = this.answers.filter((answer) => answer.node !== node);
      this.answers.push({ node, what: brutal ? 'kill' : 'stop' });
    }
  }
}
