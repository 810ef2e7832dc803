/**
 * Who is stopped and who is started by an apply, in which order: a description that knows nothing of
 * events, timers or threads. It is written from docs/supervision.md, not from the strategies.
 */
import type { LeafShape, NodeShape, SupervisorShape } from './shapes.js';

type Fate = 'kept' | 'restarted';

export class Model {
  /** `started tree/a`, `stopped tree/a`, `failed tree/a`. */
  readonly log: string[] = [];
  /** Paths of all that run, supervisors too. */
  readonly running = new Set<string>();
  current: SupervisorShape;
  /** Temporary ones that went along with their group: nobody starts them again. */
  #forgotten = new Set<string>();
  /** Supervisors that the apply under way has stopped: they start as their spec says. */
  #stoppedWhole: string[] = [];
  /** Supervisors that the apply under way has started. */
  #fresh = new Set<string>();

  constructor(root: SupervisorShape) {
    this.current = root;
    this.#fill(root.id, root);
  }

  /** Whether all of the new tree runs; otherwise the old one does. */
  apply(target: SupervisorShape): boolean {
    const { id } = this.current;
    const forgotten = new Set(this.#forgotten);
    this.#fresh = new Set();
    this.#stoppedWhole = [];
    const from = this.#remembered(id, this.current);
    this.#recall(id, this.current, target);
    this.#clear(id, from, target, false);
    if (this.#fill(id, target)) {
      this.current = target;
      return true;
    }
    const still = (): Set<string> => {
      const inWhole = (path: string) => this.#stoppedWhole.some((whole) => path.startsWith(`${whole}/`));
      return new Set([...forgotten].filter((path) => !inWhole(path)));
    };
    const goal = (): SupervisorShape => {
      this.#forgotten = still();
      const remembered = this.#remembered(id, this.current);
      this.#forgotten = new Set();
      return remembered;
    };
    this.#clear(id, target, goal(), true);
    // On the way back, too, supervisors may have been stopped that start as their spec says.
    this.#fill(id, goal());
    this.#forgotten = still();
    return false;
  }

  /** Without those who are forgotten. */
  #remembered(path: string, node: SupervisorShape): SupervisorShape {
    const kept = node.children.filter(({ id }) => !this.#forgotten.has(`${path}/${id}`));
    const children = kept.map((child) =>
      child.kind === 'leaf' ? child : this.#remembered(`${path}/${child.id}`, child),
    );
    return { ...node, children };
  }

  /** Who is forgotten comes again when it is to be another. */
  #recall(path: string, was: SupervisorShape, will: SupervisorShape): void {
    for (const next of will.children) {
      const at = `${path}/${next.id}`;
      const child = was.children.find(({ id }) => id === next.id);
      if (child === undefined || differs(child, next)) this.#forgotten.delete(at);
      else if (child.kind === 'supervisor' && next.kind === 'supervisor') this.#recall(at, child, next);
    }
  }

  /** Last started first: who is not to be there, and who is restarted. */
  #clear(path: string, was: SupervisorShape, will: SupervisorShape, back: boolean): void {
    const fates = this.#fates(path, was, will, back);
    for (const child of was.children.toReversed()) {
      const at = `${path}/${child.id}`;
      const next = will.children.find(({ id }) => id === child.id);
      const fate = fates.get(child.id);
      if (next === undefined || fate === 'restarted') {
        if (this.running.has(at)) this.#stop(at, child);
        const isChanged = next !== undefined && differs(child, next);
        if (next?.kind === 'leaf' && next.temporary && !isChanged) this.#forgotten.add(at);
        else this.#forgotten.delete(at);
      } else if (child.kind === 'supervisor' && next.kind === 'supervisor') {
        this.#clear(at, child, next, back);
      }
    }
  }

  #fates(path: string, was: SupervisorShape, will: SupervisorShape, back: boolean): Map<string, Fate> {
    const fates = new Map<string, Fate>();
    for (const [place, next] of will.children.entries()) {
      const child = was.children.find(({ id }) => id === next.id);
      const at = `${path}/${next.id}`;
      if (child === undefined) continue;
      const isNewAndOther =
        back && this.#fresh.has(at) && this.running.has(at) && JSON.stringify(child) !== JSON.stringify(next);
      if (!differs(child, next) && !isNewAndOther) continue;
      const group = {
        one_for_one: [next],
        one_for_all: will.children,
        rest_for_one: will.children.slice(place),
      }[will.strategy];
      for (const { id } of group) fates.set(id, 'restarted');
    }
    return fates;
  }

  /** First to last: whoever does not run. */
  #fill(path: string, will: SupervisorShape): boolean {
    for (const child of will.children) {
      const at = `${path}/${child.id}`;
      if (this.#forgotten.has(at)) continue;
      if (child.kind === 'supervisor' && this.running.has(at)) {
        if (!this.#fill(at, child)) return false;
      } else if (!this.running.has(at) && !this.#start(at, child)) return false;
    }
    return true;
  }

  #start(path: string, node: NodeShape): boolean {
    if (node.kind === 'leaf' ? !this.#comesUp(node) : !this.#startAll(path, node)) {
      this.log.push(`failed ${path}`);
      return false;
    }
    this.running.add(path);
    if (node.kind === 'supervisor') this.#fresh.add(path);
    this.log.push(`started ${path}`);
    return true;
  }

  #startAll(path: string, { children }: SupervisorShape): boolean {
    for (const [place, child] of children.entries()) {
      this.#forgotten.delete(`${path}/${child.id}`);
      if (this.#start(`${path}/${child.id}`, child)) continue;
      for (const started of children.slice(0, place).reverse()) this.#stop(`${path}/${started.id}`, started);
      return false;
    }
    return true;
  }

  #stop(path: string, node: NodeShape): void {
    if (node.kind === 'supervisor') {
      this.#stoppedWhole.push(path);
      for (const child of node.children.toReversed()) {
        if (this.running.has(`${path}/${child.id}`)) this.#stop(`${path}/${child.id}`, child);
        this.#forgotten.delete(`${path}/${child.id}`);
      }
    }
    this.running.delete(path);
    this.log.push(`stopped ${path}`);
  }

  #comesUp(leaf: LeafShape): boolean {
    return leaf.version !== 'bad';
  }
}

function differs(one: NodeShape, other: NodeShape): boolean {
  if (one.kind === 'supervisor' || other.kind === 'supervisor') return one.kind !== other.kind;
  return one.version !== other.version || one.name !== other.name;
}
