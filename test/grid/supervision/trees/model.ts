/**
 * OTP's supervisors once more, as trees and as small as they can be said: everything is done at once and
 * in order, as if starting and stopping took no time. Written from the manual, not from our strategies;
 * it foretells every line of the tree's history.
 */
import type { ExitTag } from '@espalier/core';
import {
  BACKOFF,
  PERIOD_MS,
  type LeafShape,
  type NodeShape,
  type Outcome,
  type SupervisorShape,
} from './shapes.js';

interface Child {
  readonly id: string;
  readonly shape: NodeShape;
  runs: boolean;
  incarnation: number;
  /** The supervisor that it is, while it runs. */
  below: Supervisor | undefined;
  failures: number;
  sinceMs: number;
  /** When its backoff is over, and which was set first of those that end together. */
  due: { readonly atMs: number; readonly order: number } | undefined;
}

export interface ModelLeaf {
  readonly path: string;
  readonly parent: Supervisor;
  readonly child: Child;
}

export class Model {
  readonly log: string[] = [];
  /** Starts of each leaf, by path; those of a template count together. */
  readonly starts = new Map<string, number>();
  nowMs = 0;
  order = 0;
  readonly root: Supervisor;
  over = false;

  constructor(shape: SupervisorShape) {
    this.root = new Supervisor(this, 'tree', shape, () => {
      this.over = true;
    });
    this.root.boot();
  }

  get supervisors(): readonly Supervisor[] {
    return this.over ? [] : this.root.supervisors;
  }

  get leaves(): readonly ModelLeaf[] {
    return this.supervisors.flatMap((parent) =>
      parent.children
        .filter(({ runs, shape }) => runs && shape.kind === 'leaf')
        .map((child) => ({ path: `${parent.path}/${child.id}`, parent, child })),
    );
  }

  end({ parent, child }: ModelLeaf, tag: ExitTag): void {
    parent.ends(child, tag);
  }

  advance(ms: number): void {
    const goal = this.nowMs + ms;
    for (;;) {
      const waiting = this.supervisors.flatMap((parent) =>
        parent.children.flatMap((child) =>
          child.due === undefined ? [] : [{ parent, child, ...child.due }],
        ),
      );
      const [next] = waiting.sort((one, other) => one.atMs - other.atMs || one.order - other.order);
      if (next === undefined || next.atMs > goal) break;
      this.nowMs = next.atMs;
      next.child.due = undefined;
      next.parent.startGroup(next.child);
    }
    this.nowMs = goal;
  }

  /** What the start of a leaf comes to. */
  outcome(path: string, shape: LeafShape): Outcome {
    const start = this.starts.get(path) ?? 0;
    this.starts.set(path, start + 1);
    return shape.outcomes[start % shape.outcomes.length] as Outcome;
  }
}

export class Supervisor {
  readonly path: string;
  readonly shape: SupervisorShape;
  children: Child[];
  readonly #model: Model;
  readonly #ended: () => void;
  #restarts: number[] = [];
  #added = 0;

  constructor(model: Model, path: string, shape: SupervisorShape, ended: () => void) {
    this.#model = model;
    this.path = path;
    this.shape = shape;
    this.#ended = ended;
    this.children = this.dynamic ? [] : shape.children.map((child, n) => newChild(`n${n}`, child));
  }

  get dynamic(): boolean {
    return this.shape.strategy === 'simple_one_for_one';
  }

  get supervisors(): readonly Supervisor[] {
    return [this, ...this.children.flatMap(({ below }) => below?.supervisors ?? [])];
  }

  /** False if it did not start; then nothing of it is left. */
  boot(): boolean {
    for (const child of [...this.children]) {
      if (this.#start(child, 'started', '') !== 'fail') continue;
      this.#finish();
      return false;
    }
    return true;
  }

  /** It is told to end: all children, in reverse order. */
  stop(): void {
    for (const child of [...this.children].reverse()) this.#stop(child);
  }

  ends(child: Child, tag: ExitTag): void {
    child.runs = false;
    child.below = undefined;
    const expected = tag === 'normal' || tag === 'shutdown';
    const { restart, significant } = child.shape;
    const again = restart === 'permanent' || (restart === 'transient' && !expected);
    this.#say(child, `${expected ? 'ended' : 'failed'}: ${tag}${again ? ', will restart' : ''}`);
    if (this.#model.nowMs - child.sinceMs >= BACKOFF.resetAfterMs) child.failures = 0;
    if (again) {
      this.#decide(child);
      return;
    }
    this.#dropIfGone(child);
    const { autoShutdown } = this.shape;
    if (!significant || autoShutdown === 'never') return;
    const others = this.children.some(
      ({ shape, runs, due }) => shape.significant && (runs || due !== undefined),
    );
    if (autoShutdown === 'all_significant' && others) return;
    this.#model.log.push(`${this.path}: shut down by ${name(child)}`);
    this.#finish();
  }

  /** Those who share its fate are stopped, and all are started. */
  startGroup(child: Child): void {
    const group = this.#group(child);
    for (const member of [...group].reverse()) if (member !== child) this.#stop(member);
    for (const member of group) {
      if (member.shape.restart === 'temporary' || !this.children.includes(member)) continue;
      if (this.#start(member, 'restarted', ', will restart') !== 'fail') continue;
      this.#decide(member);
      return;
    }
  }

  terminateChild(id: string): string {
    const child = this.#find(id);
    if (child === undefined) {
      if (this.dynamic && id === 'n0') return 'simple_one_for_one';
      const hasBeen = this.dynamic && id.startsWith('#') && Number(id.slice(1)) <= this.#added;
      return hasBeen ? 'ok' : 'not_found';
    }
    this.#stop(child);
    return 'ok';
  }

  restartChild(id: string): string {
    const child = this.#find(id);
    if (this.dynamic) return 'simple_one_for_one';
    if (child === undefined) return 'not_found';
    if (child.due !== undefined) return 'restarting';
    if (child.runs) return 'running';
    return this.#start(child, 'started', '') === 'fail' ? 'start_failed' : 'ok';
  }

  deleteChild(id: string): string {
    const child = this.#find(id);
    if (this.dynamic) return 'simple_one_for_one';
    if (child === undefined) return 'not_found';
    if (child.due !== undefined) return 'restarting';
    if (child.runs) return 'running';
    this.#drop(child);
    return 'ok';
  }

  startChild(id: string, shape: LeafShape): string {
    const present = this.dynamic ? undefined : this.#find(id);
    if (present !== undefined) return present.runs ? 'already_started' : 'already_present';
    const child = this.dynamic
      ? newChild(`#${++this.#added}`, this.shape.children[0] as LeafShape)
      : newChild(id, shape);
    this.children.push(child);
    if (this.#start(child, 'started', '') !== 'fail') return 'ok';
    this.#drop(child);
    return 'start_failed';
  }

  /** OTP: counts first, then restarts; the one that is too many ends the supervisor instead. */
  #decide(child: Child): void {
    const { nowMs } = this.#model;
    const { intensity, backoff } = this.shape;
    this.#restarts = this.#restarts.filter((at) => at >= nowMs - PERIOD_MS);
    const count = this.#restarts.length + 1;
    const share = `${count} of ${intensity}`;
    if (count > intensity) {
      this.#model.log.push(`${this.path}: escalated by ${name(child)}: ${share}`);
      this.#finish();
      return;
    }
    this.#restarts.push(nowMs);
    const group = this.#group(child);
    const others = group.filter((member) => member !== child);
    const ids = [child, ...others].map(({ id }) => id).join(', ');
    this.#model.log.push(`${this.path}: ${ids} restarting: ${share}`);
    if (!backoff) {
      this.startGroup(child);
      return;
    }
    const delayMs = Math.min(BACKOFF.maxMs, BACKOFF.initialMs * BACKOFF.factor ** child.failures);
    child.failures += 1;
    child.due = { atMs: nowMs + delayMs, order: ++this.#model.order };
    for (const member of others.reverse()) this.#stop(member);
  }

  #group(child: Child): readonly Child[] {
    const { strategy } = this.shape;
    if (strategy === 'one_for_all') return [...this.children];
    return strategy === 'rest_for_one' ? this.children.slice(this.children.indexOf(child)) : [child];
  }

  #start(child: Child, done: 'started' | 'restarted', failing: string): Outcome {
    const { shape } = child;
    const path = `${this.path}/${child.id}`;
    child.due = undefined;
    child.incarnation += 1;
    child.sinceMs = this.#model.nowMs;
    let outcome: Outcome;
    if (shape.kind === 'leaf') {
      outcome = this.#model.outcome(this.dynamic ? `${this.path}/n0` : path, shape);
    } else {
      const below = new Supervisor(this.#model, path, shape, () => {
        // While it starts, its failure is what `boot` says.
        if (child.below === below) this.ends(child, 'shutdown');
      });
      outcome = below.boot() ? 'ok' : 'fail';
      child.below = outcome === 'ok' ? below : undefined;
    }
    child.runs = outcome === 'ok';
    const tag = shape.kind === 'leaf' ? 'error' : 'shutdown';
    this.#say(child, { ok: done, ignore: 'ignored', fail: `failed to start: ${tag}${failing}` }[outcome]);
    if (outcome === 'ignore') this.#dropIfGone(child);
    return outcome;
  }

  #stop(child: Child): void {
    child.due = undefined;
    if (child.runs) {
      const { shape, below } = child;
      child.runs = false;
      child.below = undefined;
      below?.stop();
      this.#say(child, shape.kind === 'leaf' && shape.brutal ? 'stopped: killed' : 'stopped: shutdown');
    }
    this.#dropIfGone(child);
  }

  #finish(): void {
    this.stop();
    this.#ended();
  }

  /** OTP: a temporary child and one of a template is forgotten when it does not run. */
  #dropIfGone(child: Child): void {
    if (child.shape.restart === 'temporary' || this.dynamic) this.#drop(child);
  }

  #drop(child: Child): void {
    this.children = this.children.filter((other) => other !== child);
  }

  #find(id: string): Child | undefined {
    return this.children.find((child) => child.id === id);
  }

  #say(child: Child, what: string): void {
    this.#model.log.push(`${this.path}: ${name(child)} ${what}`);
  }
}

function name({ id, incarnation }: Child): string {
  return `${id}#${incarnation}`;
}

function newChild(id: string, shape: NodeShape): Child {
  return {
    id,
    shape,
    runs: false,
    incarnation: 0,
    below: undefined,
    failures: 0,
    sinceMs: 0,
    due: undefined,
  };
}
