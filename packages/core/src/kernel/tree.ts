/** The tree of one kernel: its root, a supervisor or (in a cell) one environment, and the way from a path to a node. */
import { isWithin } from '../node-path.js';
import type { Clock } from '../clock.js';
import type { ExitReason } from '../exit-reason.js';
import type { OpaqueValue } from '../protocol/system-calls.js';
import { readSnapshot } from './door.js';
import { Environment } from './environment.js';
import type { NodeStart, ThreadStart } from './node-start.js';
import type { Owner, TreeOwner } from './owner.js';
import type { KernelParts } from './parts.js';
import type { Starter } from './starter.js';
import type { SupervisorOperation, SupervisorResult } from './supervisor-logic.js';
import { SupervisorNode } from './supervisor-node.js';
import type { TreeSnapshot } from './tree-snapshot.js';

type Node = Environment | SupervisorNode;

export class Tree {
  readonly #parts: KernelParts;
  readonly #starter: Starter;
  #root: Node | undefined;
  readonly #ended: (() => void)[] = [];

  constructor(parts: KernelParts, starter: Starter) {
    this.#parts = parts;
    this.#starter = starter;
  }

  /** Starts the tree, in order. */
  start(path: string, start: NodeStart, extra: OpaqueValue | undefined, owner: TreeOwner): void {
    const over = (reason: ExitReason): void => {
      this.#root = undefined;
      owner.over(reason);
      for (const callback of this.#ended.splice(0)) callback();
    };
    if (start.kind === 'supervisor') {
      const parent = { started: () => owner.started(false), failed: over, ended: over };
      this.#root = new SupervisorNode(path, '', start.spec, this.#parts, this.#starter, parent);
      this.#root.start();
    } else if (start.kind === 'environment') {
      this.#startAlone(path, start, extra, owner, over);
    }
  }

  #startAlone(
    path: string,
    start: ThreadStart,
    extra: OpaqueValue | undefined,
    { started }: TreeOwner,
    over: (reason: ExitReason) => void,
  ): void {
    const owner: Owner = {
      started: () => started(false),
      ignored: () => undefined,
      // Whether it will run again is decided above: until then its name is kept.
      ended: (environment, reason) => ({
        willRestart: true,
        carryOut: () => {
          if (environment.ignored) started(true);
          over(reason);
        },
      }),
    };
    const result = this.#starter.start(path, start, '', owner, extra);
    if (result.ok) this.#root = result.environment;
    else over(result.reason);
  }

  /** Stops every node, in reverse order; calls back when none is left. */
  stop(done: () => void): void {
    if (this.#root === undefined) {
      done();
      return;
    }
    this.#ended.push(done);
    if (this.#root instanceof SupervisorNode) this.#root.stop('infinity');
    else this.#starter.lifecycle.stop(this.#root, 'infinity');
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
    const node = started === null ? undefined : this.#node(`${path}/${started.key}`);
    return node instanceof Environment ? node : undefined;
  }

  environment(path: string): Environment | undefined {
    const node = this.#node(path);
    return node instanceof Environment && node.path === path ? node : undefined;
  }

  /** The cell that the path leads into, or to. */
  cell(path: string): Environment | undefined {
    const node = this.#node(path);
    return node instanceof Environment && node.guest.role === 'cell' ? node : undefined;
  }

  async snapshot(withinMs = 400): Promise<TreeSnapshot | undefined> {
    return this.#root === undefined ? undefined : snapshotOf(this.#root, this.#parts.clock, withinMs);
  }

  /** The node there; or the environment on the way that the rest of the path lies behind, if it does. */
  #node(path: string): Node | undefined {
    let node = this.#root;
    if (node === undefined || (node.path !== '' && !isWithin(path, node.path))) return undefined;
    for (const id of path.slice(node.path.length).split('/').filter(Boolean)) {
      if (!(node instanceof SupervisorNode)) return node;
      node = node.child(id);
    }
    return node;
  }
}

async function snapshotOf(node: Node, clock: Clock, withinMs: number): Promise<TreeSnapshot> {
  const { path } = node;
  if (node instanceof SupervisorNode) {
    const children = await Promise.all(node.children.map(([, child]) => snapshotOf(child, clock, withinMs)));
    return { path, kind: 'supervisor', state: 'running', children };
  }
  const alone = { path, kind: 'environment', state: node.state, children: [] } as const;
  if (node.guest.role !== 'cell') return alone;
  return new Promise((resolve) => {
    // One that is halted holds nobody up, and one in it not all of it: each has half the time of the one around it.
    const cancel = clock.after(withinMs, () => resolve(alone));
    node.guest.supervise({ op: 'tree', withinMs: withinMs >> 1 }, (answer) => {
      cancel();
      resolve(readSnapshot(answer, path) ?? alone);
    });
  });
}
