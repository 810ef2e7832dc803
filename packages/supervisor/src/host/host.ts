/**
 * The host handle: what the application holds of a running tree. It is a credited endpoint like an
 * environment's, with the administrator's right to the whole tree.
 */
import type { CallOptions, Context, Destination, Ref, SendOptions, Statistics } from '@espalier/core';
import type { HostFacts, TreeSnapshot } from '@espalier/core/internal/host.js';
import type { TreeEvent } from './events.js';
import type { KernelThread } from './kernel-thread-handle.js';

export interface StopResult {
  /** Paths of threads that were told to end and did not: end the process by `endProcess`. */
  readonly stuck: readonly string[];
}

export class Host {
  readonly #kernel: KernelThread;

  constructor(kernel: KernelThread) {
    this.#kernel = kernel;
  }

  /** The application's own endpoint: its mailbox, its address, everything an environment can do but end. */
  get context(): Context {
    return this.#kernel.context;
  }

  /** A typed handle on a name: `host.ref<typeof import('./adder.js')>('adder').call.add(2)`. */
  ref<M = unknown>(target: Destination): Ref<M> {
    return this.context.ref<M>(target);
  }

  /** As `Context.send`. */
  send(target: Destination, value: unknown, options?: SendOptions): Promise<void> {
    return this.context.send(target, value, options);
  }

  /** As `Context.call`. */
  call(
    target: Destination,
    operation: string,
    parameters: readonly unknown[],
    options?: CallOptions,
  ): Promise<unknown> {
    return this.context.call(target, operation, parameters, options);
  }

  /** Everything that happens in the tree from now on, in order. Returns what stops it. */
  onEvent(listener: (event: TreeEvent) => void): () => void {
    return this.#kernel.onEvent(listener);
  }

  /** The tree as it stands. */
  async tree(): Promise<TreeSnapshot | undefined> {
    const answer = (await this.#kernel.supervise({ op: 'tree' })) as { data: TreeSnapshot | undefined };
    return answer.data;
  }

  /** Ends an environment with reason `killed`; its supervisor does what its spec says. `path`: as in `tree()`. */
  async kill(path: string): Promise<void> {
    await this.#kernel.supervise({ op: 'kill', path });
  }

  /** The environment's mailbox fills, but delivers nothing, until `resume`. OTP: sys:suspend. */
  async suspend(path: string): Promise<void> {
    await this.#kernel.inspect(path, 'suspend');
  }

  async resume(path: string): Promise<void> {
    await this.#kernel.inspect(path, 'resume');
  }

  /** The state of a server, as plain data; undefined for other behaviours. OTP: sys:get_state. */
  state(path: string): Promise<unknown> {
    return this.#kernel.inspect(path, 'state');
  }

  async statistics(path: string): Promise<Statistics> {
    return (await this.#kernel.inspect(path, 'statistics')) as Statistics;
  }

  /** The threads as they are now, warm spares apart; memory in MB as the guard read it last. */
  facts(): Promise<HostFacts> {
    return this.#kernel.facts();
  }

  /** Resolves when the tree has ended, by `stop` or because its root gave up; with the reason. */
  get ended(): Promise<TreeEvent & { readonly kind: 'tree-ended' }> {
    return this.#kernel.treeEnded;
  }

  /** Stops every node in reverse order, each with its own time, then the kernel. Can be called again. */
  stop(): Promise<StopResult> {
    return this.#kernel.stop();
  }

  /** The host no longer keeps the process alive. */
  unref(): void {
    this.#kernel.unref();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop().then(() => undefined);
  }
}
