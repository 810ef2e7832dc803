/** The tree of one kernel: its root supervisor, and the way from a path to a node. */
import type { ExitReason } from '../exit-reason.js';
import { Environment, type EnvironmentState } from './environment.js';
import type { KernelParts } from './parts.js';
import type { Starter } from './starter.js';
import type { SupervisorOperation, SupervisorResult, SupervisorSpec } from './supervisor-logic.js';
import { SupervisorNode } from './supervisor-node.js';

/** A node as administrators see it. */
export interface TreeSnapshot {
  readonly path: string;
  readonly kind: 'supervisor' | 'environment';
  readonly state: EnvironmentState;
  readonly children: readonly TreeSnapshot[];
}

export class Tree {
  readonly #parts: KernelParts;
  readonly #starter: Starter;
  #root: SupervisorNode | undefined;
  readonly #ended: (() => void)[] = [];

  constructor(parts: KernelParts, starter: Starter) {
    this.#parts = parts;
    this.#starter = starter;
  }

  /** Starts the tree, in order; one of the two is called once. */
  start(name: string, spec: SupervisorSpec, started: () => void, failed: (reason: ExitReason) => void): void {
    const over = (reason: ExitReason): void => {
      this.#root = undefined;
      this.#parts.observe({
        kind: 'tree-ended',
        path: name,
        reason: { tag: reason.tag, detail: reason.detail },
      });
      for (const callback of this.#ended.splice(0)) callback();
    };
    this.#root = new SupervisorNode(name, spec, this.#parts, this.#starter, {
      started,
      failed: (reason) => {
        over(reason);
        failed(reason);
      },
      ended: over,
    });
    this.#root.start();
  }

  /** Stops every node, in reverse order; calls back when none is left. */
  stop(done: () => void): void {
    if (this.#root === undefined) {
      done();
      return;
    }
    this.#ended.push(done);
    this.#root.stop('infinity');
  }

  request(path: string, operation: unknown, reply: (result: SupervisorResult) => void): boolean {
    const node = this.#node(path);
    if (!(node instanceof SupervisorNode)) return false;
    node.request(operation as SupervisorOperation, reply);
    return true;
  }

  /** The environment that an operation has started, if it was that kind of operation. */
  started(path: string, result: SupervisorResult): Environment | undefined {
    const started = result.ok && result.value !== null && 'child' in result.value ? result.value.child : null;
    return started === null ? undefined : this.environment(`${path}/${started.key}`);
  }

  environment(path: string): Environment | undefined {
    const node = this.#node(path);
    return node instanceof Environment ? node : undefined;
  }

  snapshot(): TreeSnapshot | undefined {
    return this.#root === undefined ? undefined : snapshotOf(this.#root);
  }

  #node(path: string): Environment | SupervisorNode | undefined {
    let node: Environment | SupervisorNode | undefined = this.#root;
    if (node === undefined || (path !== node.path && !path.startsWith(`${node.path}/`))) return undefined;
    for (const id of path
      .slice(node.path.length + 1)
      .split('/')
      .filter(Boolean)) {
      if (!(node instanceof SupervisorNode)) return undefined;
      node = node.child(id);
    }
    return node;
  }
}

function snapshotOf(node: Environment | SupervisorNode): TreeSnapshot {
  if (node instanceof Environment)
    return { path: node.path, kind: 'environment', state: node.state, children: [] };
  const children = node.children.map(([, child]) => snapshotOf(child));
  return { path: node.path, kind: 'supervisor', state: 'running', children };
}
