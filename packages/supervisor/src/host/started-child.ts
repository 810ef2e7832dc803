/** What the application gets for a child that it has started. */
import { CallError, type Address, type Context, type Ref } from '@espalier/core';
import type { ReachableChild } from './kernel-thread-handle.js';

export interface StartedNode {
  /** As in `tree()`; what every operation on the child takes. */
  readonly path: string;
  /** Of its spec; `#1`, `#2`, … for children of a template, in the order of their starts. */
  readonly id: string;
  /** Counts the lives of the child: 1 for the first. */
  readonly incarnation: number;
}

/** An environment or a pool. `M` is the type of its module, as for `Host.ref`. */
export interface StartedChild<M = unknown> extends StartedNode {
  /** Null for a child of a template. */
  readonly name: string | null;
  /**
   * On the child's name, so that it also reaches later lives; on this one life, if it has no name.
   * @throws CallError `noproc` for a supervisor made from a template: it has no mailbox.
   */
  readonly ref: Ref<M>;
  /** Of this life. @throws CallError as `ref`. */
  readonly address: Address;
}

export class Started<M> implements StartedChild<M> {
  readonly path: string;
  readonly id: string;
  readonly incarnation: number;
  readonly name: string | null;
  readonly #address: Address | undefined;
  readonly #context: Context;

  constructor(
    supervisor: string,
    { key, incarnation }: { readonly key: string; readonly incarnation: number },
    reachable: ReachableChild | undefined,
    context: Context,
  ) {
    this.path = `${supervisor}/${key}`;
    this.id = key;
    this.incarnation = incarnation;
    this.name = reachable?.name ?? null;
    this.#address = reachable?.address;
    this.#context = context;
  }

  get ref(): Ref<M> {
    return this.#context.ref<M>(this.name ?? this.address);
  }

  get address(): Address {
    if (this.#address !== undefined) return this.#address;
    throw new CallError('noproc', `'${this.path}' is a supervisor, which has no mailbox`, {
      field: 'path',
      value: this.path,
      remedy: 'Reach one of its children.',
    });
  }
}
