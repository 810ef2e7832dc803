/**
 * Limits while the tree runs: what they are at each path by now, and that the parts which the children of an isolating
 * supervisor reserve never exceed what it has. What each may have depends on what those before it have got, so changes
 * that reserve are carried out one after the other, each as a whole. What ends or is deleted only gives something back.
 */
import { SpecError, type SpecProblem } from '@espalier/core';
import type {
  ChildInfo as ChildAnswer,
  SupervisorOperation,
} from '@espalier/core/internal/supervisor-logic.js';
import { isSame } from '../apply/fingerprint.js';
import type { Limited } from '../spec/changed-limits.js';
import type { NormalisedNode, NormalisedSupervisor, NormalisedTree } from '../spec/normalised.js';
import { pathOf, type Segments } from '../spec/problems.js';
import {
  isIsolating,
  partsOf,
  reservationFaults,
  sharedFaults,
  type Part,
  type ReservationFault,
} from '../spec/reservations.js';
import type { Grants } from './grants.js';
import type { KernelThread } from './kernel-thread-handle.js';

/** What one change waits for, and says when it is through. */
export interface Turn {
  readonly ready: Promise<unknown>;
  leave(): void;
}

interface Changed {
  /** The node as its spec says. */
  readonly specified: NormalisedNode;
  readonly present: Limited;
}

/** A node as it is about to be at a path. */
interface Change {
  readonly path: string;
  readonly node: NormalisedNode;
}

export class Reservations {
  readonly #kernel: KernelThread;
  readonly #grants: Grants;
  readonly #changed = new Map<string, Changed>();
  #last: Promise<unknown> = Promise.resolve();

  constructor(kernel: KernelThread, grants: Grants) {
    this.#kernel = kernel;
    this.#grants = grants;
  }

  /** In the order in which it is called. */
  enter(): Turn {
    const ready = this.#last;
    let leave = (): void => undefined;
    const left = new Promise<void>((resolve) => {
      leave = resolve;
    });
    this.#last = ready.then(() => left);
    return { ready, leave };
  }

  async inTurn<T>(change: () => Promise<T>): Promise<T> {
    const { ready, leave } = this.enter();
    try {
      await ready;
      return await change();
    } finally {
      leave();
    }
  }

  /** A node with the limits that it has by now. They hold as long as its spec says what it said when they were changed. */
  present(path: string, specified: NormalisedNode): NormalisedNode {
    const known = this.#changed.get(path);
    return known !== undefined && isSame(limitsOf(known.specified), limitsOf(specified))
      ? known.present
      : specified;
  }

  changed(path: string, specified: NormalisedNode, present: Limited): void {
    this.#changed.set(path, { specified, present });
  }

  /** @throws SpecError `spec_invalid`: it would reserve more than is there. */
  async check(change: Change): Promise<void> {
    const { path, node } = change;
    if (isIsolating(node)) this.#refuse(reservationFaults(node.limits, await this.#parts(path, node)));
    else this.#refuse(sharedFaults(node));
    if (isIsolating(node)) await this.#checkAround(path, node);
    const above = path.slice(0, path.lastIndexOf('/'));
    const supervisor = await this.#supervisor(above);
    if (!isIsolating(supervisor)) return;
    const parts = await this.#parts(above, supervisor, change);
    const own = parts.findIndex(({ node: part }) => part === node);
    // What is wrong with others was so before.
    const faults = reservationFaults(supervisor.limits, parts);
    this.#refuse(faults.filter(({ part }) => part === undefined || part === own));
  }

  /** What it has is a part of what a process around it is held to. */
  async #checkAround(path: string, node: NormalisedNode): Promise<void> {
    const ids = path.split('/');
    for (let up = 1; up < ids.length; up += 1) {
      const around = await this.#supervisor(ids.slice(0, -up).join('/'));
      if (around !== undefined) this.#refuse(sharedFaults(withNode(around, ids.slice(-up), node)));
    }
  }

  /** The same for a spec that is to be applied: children that were added stay, and so do limits that were changed. */
  async checkTree({ name, root }: NormalisedTree, before: NormalisedTree): Promise<void> {
    const problems: SpecProblem[] = [];
    const visit = async (path: string, segments: Segments, is: NormalisedNode, was?: NormalisedNode) => {
      if (is.kind !== 'supervisor') return;
      const wasThere = new Map(
        was?.kind === 'supervisor' ? was.children.map((child) => [child.id, child]) : [],
      );
      if (isIsolating(is)) {
        const { limits } = this.present(path, is) as NormalisedSupervisor;
        const added = isIsolating(was) ? await this.#added(path, [...is.children, ...wasThere.values()]) : [];
        const parts = [...(await this.#specified(path, is)), ...added];
        const faults = reservationFaults(limits, parts);
        problems.push(...faults.map((fault) => problemAt(segments, fault, is.children.length)));
      }
      for (const [i, child] of is.children.entries()) {
        await visit(`${path}/${child.id}`, [...segments, 'children', i], child, wasThere.get(child.id));
      }
    };
    await visit(name, [], root, before.root);
    throwIfAny(problems);
  }

  #refuse(faults: readonly ReservationFault[]): void {
    throwIfAny(faults.map((fault) => problemAt([], fault, 0)));
  }

  async #supervisor(path: string): Promise<NormalisedNode | undefined> {
    const node = (await this.#grants.find(path))?.node;
    return node && this.present(path, node);
  }

  /** Of all children that it has, with one of them as it is about to be. */
  async #parts(path: string, supervisor: NormalisedSupervisor, change?: Change): Promise<readonly Part[]> {
    if (supervisor.strategy === 'simple_one_for_one') return this.#specified(path, supervisor, change);
    const others = await this.#added(path, change === undefined ? [] : [{ id: idIn(change.path) }]);
    return change === undefined ? others : [...others, { node: change.node, count: 1 }];
  }

  /** Those that its spec says; of a template, as many as there may be, some of which have other limits by now. */
  async #specified(
    path: string,
    supervisor: NormalisedSupervisor,
    change?: Change,
  ): Promise<readonly Part[]> {
    const [template] = supervisor.children;
    if (supervisor.strategy !== 'simple_one_for_one' || template === undefined)
      return partsOf(supervisor).map((part) => ({
        ...part,
        node: this.present(`${path}/${part.node.id}`, part.node),
      }));
    const instances = (await this.#which(path)).map(({ key }) => {
      const at = `${path}/${key}`;
      return at === change?.path ? change.node : this.present(at, template);
    });
    const others = instances.filter((node) => node !== template);
    const { maxChildren } = supervisor;
    const count = maxChildren === 'infinity' ? maxChildren : Math.max(0, maxChildren - others.length);
    return [{ node: template, count }, ...others.map((node) => ({ node, count: 1 }))];
  }

  /** Of its children those that are none of these. */
  async #added(path: string, known: readonly { readonly id: string }[]): Promise<readonly Part[]> {
    const ids = new Set(known.map(({ id }) => id));
    const added = (await this.#which(path)).flatMap(({ id }) => (id === null || ids.has(id) ? [] : [id]));
    const nodes = await Promise.all(added.map((id) => this.#supervisor(`${path}/${id}`)));
    return nodes.flatMap((node) => (node === undefined ? [] : [{ node, count: 1 }]));
  }

  /** None where it does not run. */
  async #which(path: string): Promise<readonly ChildAnswer[]> {
    const operation: SupervisorOperation = { op: 'whichChildren' };
    const answer = await this.#kernel.request(path, operation).catch(() => undefined);
    return answer?.result.ok === true ? (answer.result.value as readonly ChildAnswer[]) : [];
  }
}

/** A node with another in the place of one below it. */
function withNode(
  node: NormalisedNode,
  [id, ...ids]: readonly string[],
  changed: NormalisedNode,
): NormalisedNode {
  if (id === undefined) return changed;
  if (node.kind !== 'supervisor') return node;
  const children = node.children.map((child) => (child.id === id ? withNode(child, ids, changed) : child));
  return { ...node, children };
}

function limitsOf({ kind, wall, limits }: NormalisedNode): unknown {
  return { kind, wall, limits };
}

function idIn(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}

/** `specified`: so many of the parts stand in the spec. */
function problemAt(segments: Segments, fault: ReservationFault, specified: number): SpecProblem {
  const { part, field, value, problem, remedy } = fault;
  const child = part !== undefined && part < specified ? ['children', part] : [];
  return { path: pathOf([...segments, ...child, ...field]), value, problem, remedy };
}

function throwIfAny(problems: readonly SpecProblem[]): void {
  const [first] = problems;
  if (first !== undefined) throw new SpecError('spec_invalid', first.problem, problems);
}
