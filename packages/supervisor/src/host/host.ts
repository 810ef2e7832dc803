/**
 * The host handle: what the application holds of a running tree. It is a credited endpoint like an
 * environment's, with the administrator's right to the whole tree.
 */
import type {
  Address,
  CallOptions,
  Context,
  Destination,
  Ref,
  SendOptions,
  Statistics,
} from '@espalier/core';
import type { HostFacts, TreeSnapshot } from '@espalier/core/internal/host.js';
import type { ChildCounts } from '@espalier/core/internal/supervisor-logic.js';
import type { VersionedTree } from '../apply/difference.js';
import type { NormalisedNode } from '../spec/normalised.js';
import type {
  ChangeableLimitsSpec,
  ChildSpecInput,
  EnvironmentSpec,
  PoolSpec,
  ProcessLimitsSpec,
  SupervisorNodeSpec,
  TreeSpec,
} from '../spec/tree-spec.js';
import { Applier, type ApplyOptions, type ApplyResult } from './apply.js';
import type { CellWalls } from './cell-walls.js';
import { Children, type ChildInfo, type ExtraArguments } from './children.js';
import type { TreeEvent } from './events.js';
import type { Grants } from './grants.js';
import type { ImageSource } from './image-source.js';
import { Limits, type LimitsChanged } from './limits.js';
import { assertListener } from './listener.js';
import type { KernelThread } from './kernel-thread-handle.js';
import { Reservations } from './reservations.js';
import type { StartedChild, StartedNode } from './started-child.js';
import { usageOf, type NodeUsage, type UsageSources } from './usage.js';
import type { TreePlace } from './tree-place.js';

export interface StopResult {
  /** Paths of threads that were told to end and did not: end the process by `endProcess`. */
  readonly stuck: readonly string[];
}

export interface HostParts {
  readonly kernel: KernelThread;
  readonly images: ImageSource;
  readonly walls: CellWalls;
  readonly grants: Grants;
  readonly place: TreePlace;
  /** The folder that relative modules of later specs are taken from, as a `file:` URL: that of the first. */
  readonly base: string;
  /** What the tree was started by. */
  readonly applied: VersionedTree;
}

export class Host {
  readonly #kernel: KernelThread;
  readonly #images: ImageSource;
  readonly #place: TreePlace;
  readonly #children: Children;
  readonly #applier: Applier;
  readonly #limits: Limits;
  readonly #grants: Grants;

  constructor(parts: HostParts) {
    const { kernel, images, grants, place } = parts;
    const reservations = new Reservations(kernel, grants);
    this.#kernel = kernel;
    this.#images = images;
    this.#grants = grants;
    this.#place = place;
    this.#children = new Children(parts, reservations);
    this.#applier = new Applier(parts, reservations);
    this.#limits = new Limits(kernel, this.#children, reservations);
  }

  /**
   * The application's own endpoint: its mailbox, its address, everything an environment can do but end. It
   * traps exits from the beginning: the end of what it is linked to is an `exit` item in its mailbox. It may
   * `spawn` only where guests are embedded: elsewhere no guest runs beside it (`operation_refused`).
   */
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

  /** Everything that happens in the tree from now on, in order. Returns what stops it. @throws CallError `operation_refused`. */
  onEvent(listener: (event: TreeEvent) => void): () => void {
    assertListener(listener);
    return this.#kernel.onEvent(listener);
  }

  /** The tree as it stands. */
  async tree(): Promise<TreeSnapshot | undefined> {
    const answer = (await this.#kernel.supervise({ op: 'tree' })) as { data: TreeSnapshot | undefined };
    return this.#place.snapshot(answer.data);
  }

  /**
   * Makes the tree what a new spec says, an object or the path of a file: what is new is started, what is
   * gone is stopped, and of the rest exactly those are restarted of which a field that needs it or the
   * code has changed, and those that their strategies add. Resolves with the difference and what was done
   * when all that is to run does. `check: true` only tells the difference. The same spec twice changes
   * nothing. Applies are carried out one after the other, each as a whole; other changes wait meanwhile.
   *
   * @throws ApplyError `apply_undone`: something did not start (`path`, `reason`), and what ran before runs
   *   again; `apply_broken`: not all of it does yet. Both hold the `difference`.
   * @throws SpecError `spec_unreadable`, `spec_invalid`, `spec_not_built`, EnvironmentError
   *   `module_missing`, `module_unfit`: nothing was changed. SupervisionError `shutdown`: the tree is
   *   ending. CallError `noproc`: it has ended. HostError `host_stopped`, `kernel_fault`.
   */
  apply(spec: TreeSpec | string, options: ApplyOptions = {}): Promise<ApplyResult> {
    return this.#applier.apply(spec, options);
  }

  /** The environment that runs at a path now. @throws CallError `noproc`, `operation_refused`. */
  address(path: string): Promise<Address> {
    return this.#kernel.address(path);
  }

  /**
   * Adds a child at the end of its supervisor's children and starts it, from a spec as in a tree spec;
   * under `simple_one_for_one`, from the template and `{ args }` or nothing. Resolves when it runs, with
   * undefined if it said `ignore`. `path`: the supervisor's, as in `tree()`.
   *
   * Changes are carried out in the order in which they are called for. All of them, here and below, throw
   * - `CallError` `noproc`: there is no supervisor at that path; `operation_refused`: it is no text
   * - `SupervisionError` `shutdown`: the supervisor is ending
   * - `HostError` `host_stopped`, `kernel_fault`
   *
   * @throws SupervisionError `already_started`, `already_present`, `max_children`, `bad_combination`,
   *   `bad_argument`; SpecError `spec_invalid`, `spec_not_built`; EnvironmentError `module_missing`,
   *   `module_unfit`, and `start_failed` with the reason; CallError `value_refused`, `too_large` for the
   *   arguments. Whatever is thrown, nothing was added.
   */
  startChild(path: string, child: SupervisorNodeSpec): Promise<StartedNode>;
  startChild<M = unknown>(
    path: string,
    child?: EnvironmentSpec | PoolSpec | ExtraArguments,
  ): Promise<StartedChild<M> | undefined>;
  startChild(path: string, child: ChildSpecInput | ExtraArguments): Promise<StartedNode | undefined>;
  startChild(path: string, child?: ChildSpecInput | ExtraArguments): Promise<StartedNode | undefined> {
    return this.#children.start(path, child);
  }

  /**
   * Stops a child within its `shutdown` time, or ends the wait of one that was to be restarted. Its spec
   * stays, unless it is temporary or a template's. `path`: the child's.
   *
   * @throws SupervisionError `not_found`; `simple_one_for_one` for a template itself.
   */
  terminateChild(path: string): Promise<void> {
    return this.#children.terminate(path);
  }

  /**
   * Starts a child again that does not run. Resolves as `startChild` does.
   *
   * @throws SupervisionError `not_found`, `running`, `restarting`, `simple_one_for_one`; EnvironmentError
   *   `start_failed`: then it stays as it was, and is not tried again.
   */
  restartChild<M = unknown>(path: string): Promise<StartedChild<M> | undefined> {
    return this.#children.restart(path);
  }

  /** Forgets a child that does not run. @throws SupervisionError as `restartChild` does. */
  deleteChild(path: string): Promise<void> {
    return this.#children.delete(path);
  }

  /** All children of a supervisor in start order, those that do not run too. Answered at once. */
  whichChildren(path: string): Promise<readonly ChildInfo[]> {
    return this.#children.which(path);
  }

  /** How many they are: specs, those that run, and of all children how many are of which kind. Answered at once. */
  countChildren(path: string): Promise<ChildCounts> {
    return this.#children.count(path);
  }

  /**
   * The spec of a child, with all defaults filled in; of a template also by any child of it. A temporary
   * child's has neither `args` nor `bindings`: they are not kept. Answered at once.
   *
   * @throws SupervisionError `not_found`.
   */
  getChildSpec(path: string): Promise<NormalisedNode> {
    return this.#children.spec(path);
  }

  /**
   * From now on `name`, in the namespace of the node at `path`, leads to the environment or pool that runs at
   * `to`: it can be sent to, called, monitored and linked. Restarts of either do not matter. Both paths as in
   * `tree()`; that of the root as `path` means the application; `to` may be `context.self`, or one step below an
   * environment, a name that is held by what it has spawned. Holds until `revoke`, or until an `apply` that changes
   * something: that sets the grants to those of its spec.
   *
   * @throws CallError `noproc`: there is no node at `path`; `name_taken`. SpecError `spec_invalid`: `to` has no
   *   mailbox, no name or the same namespace, is another address than the application's, or nobody can use what would
   *   be granted. HostError `host_stopped`, `kernel_fault`.
   */
  grant(path: string, name: string, to: string | Address): Promise<void> {
    return this.#grants.grant(path, name, to);
  }

  /**
   * Ends a grant, of the spec or of `grant`: for who had it, the name is nobody's at once; calls under way,
   * monitors and links end with `noproc`, channels are cut. Resolves when the kernel has done so.
   *
   * @throws CallError `noproc`: the node at `path` is granted no such name. HostError `host_stopped`, `kernel_fault`.
   */
  revoke(path: string, name: string): Promise<void> {
    return this.#grants.revoke(path, name);
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

  /**
   * Changes limits of a node while it runs: of an environment those of its spec but `children`, `mailbox`,
   * `mailboxBytes` and `messageBytes`; of a supervisor with `wall: process` those of its process, with
   * `siblings: isolate` what its children reserve parts of. What is not given stays. They act at once, or from the
   * next life on where they are V8's own: the answer says which. They survive restarts, and hold until an apply
   * changes the node's limits. `path`: a child's, as in `tree()`.
   *
   * @throws SpecError `spec_invalid` with all problems: nothing was changed. SupervisionError `not_found`;
   *   CallError `noproc`: there is no such child, or no supervisor above it. HostError `host_stopped`, `kernel_fault`.
   */
  setLimits(path: string, limits: ChangeableLimitsSpec | ProcessLimitsSpec): Promise<LimitsChanged> {
    return this.#limits.set(path, limits);
  }

  /** The state of a server, as plain data; undefined for other behaviours. OTP: sys:get_state. */
  state(path: string): Promise<unknown> {
    return this.#kernel.inspect(path, 'state');
  }

  async statistics(path: string): Promise<Statistics> {
    return (await this.#kernel.inspect(path, 'statistics')) as Statistics;
  }

  /**
   * What the node at that path uses, and each below it, by default all: memory, processor time, messages, prints and
   * restarts, of supervisors the sums. Put together when it is asked for: nothing is counted for it meanwhile. Of who
   * hangs, what only he himself can say is missing.
   *
   * @throws CallError `noproc`: there is no node at that path. HostError `host_stopped`, `kernel_fault`.
   */
  usage(path?: string): Promise<NodeUsage> {
    const sources: UsageSources = {
      tree: () => this.tree(),
      use: (of) => this.#kernel.use(of),
      statistics: (of) => this.#kernel.statistics(of),
      // It may have ended meanwhile.
      children: (of) => this.#children.which(of).catch(() => []),
    };
    return usageOf(sources, path);
  }

  /** The threads in this process as they are now (of an embedded host: none are in a cell), warm spares apart; memory in MB as the guard read it last. */
  facts(): Promise<HostFacts> {
    return this.#kernel.facts();
  }

  /** Resolves when the tree has ended, by `stop` or because its root gave up; with the reason. */
  get ended(): Promise<TreeEvent & { readonly kind: 'tree-ended' }> {
    return this.#kernel.treeEnded;
  }

  /** Stops every node in reverse order, each with its own time, then the kernel. Can be called again. */
  async stop(): Promise<StopResult> {
    const result = await this.#kernel.stop();
    await this.#images.close();
    return result;
  }

  /** The host no longer keeps the process alive. */
  unref(): void {
    this.#kernel.unref();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop().then(() => undefined);
  }
}
