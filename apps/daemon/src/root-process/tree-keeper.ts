/** The one tree of a daemon: made by the first apply, changed by later ones, and its end noticed. */
import { EnvironmentError, HostError, isExpectedEnd } from '@espalier/core';
import {
  culprit,
  describeDifference,
  firstDifference,
  normaliseSpec,
  start,
  type ApplyResult,
  type Difference,
  type Host,
  type LimitsChanged,
  type NormalisedTree,
  type StartOptions,
  type TreeSpec,
} from '@espalier/supervisor';
import type { ChangedLimits, NodeLimits } from '@espalier/supervisor/client';
import { LiveLimits } from './live-limits.js';
import { withBridge, withImports, type BridgePlace, type ImportSpecs } from './with-bridge.js';

/** A spec, and what the driver wants to be told of it again; the root does not look into that. */
export interface ApplyOrder {
  readonly input: TreeSpec;
  readonly base: string;
  readonly check: boolean;
  /** They hold in place of those of the spec. */
  readonly limits: readonly ChangedLimits[];
  readonly note: unknown;
}

/** Limits of one node; the note of what the tree runs by afterwards, if that is to be kept. */
export interface LimitsOrder extends ChangedLimits {
  readonly note: unknown;
}

export interface Applied {
  readonly outcome: ApplyResult['outcome'];
  readonly changes: readonly object[];
  readonly description: string;
  /** The tree runs by this order from now on; else it runs by the one before. */
  readonly makesRevision: boolean;
}

export interface TreeState {
  readonly state: 'empty' | 'running' | 'ended';
  readonly tree: string | null;
  /** Why it has ended. */
  readonly reason: string | null;
  /** Of the order that the tree was last made by. */
  readonly note: unknown;
}

type Wiring = Required<Pick<StartOptions, 'onEvent' | 'onLog' | 'onOutput' | 'onWarning'>> &
  Pick<StartOptions, 'images'> & {
    /** For `cluster` of a spec. Without one that is refused. */
    readonly bridge?: BridgePlace;
  };

/** Fields whose values may be secrets. */
const UNTOLD = /^(?:args|env|bindings)(?:\.|$)/;

export class TreeKeeper {
  readonly #wiring: Wiring;
  /** Of the host. */
  #limits: LiveLimits | undefined;
  #host: Host | undefined;
  /** Of the spec that the tree runs by. */
  #imports: ImportSpecs | undefined;
  #state: TreeState = { state: 'empty', tree: null, reason: null, note: null };
  #stuck: readonly string[] = [];
  #closing = false;
  #dropped: Promise<void> = Promise.resolve();
  #last: Promise<unknown> = Promise.resolve();

  constructor(wiring: Wiring) {
    this.#wiring = wiring;
  }

  get state(): TreeState {
    return this.#state;
  }

  /** @throws HostError `tree_absent`. */
  get host(): Host {
    if (this.#host !== undefined) return this.#host;
    throw new HostError('tree_absent', 'there is no tree that runs');
  }

  /** One after the other. Throws what `Host.apply` throws; a first one, what `start` does, with the path of who failed. */
  apply(order: ApplyOrder): Promise<Applied> {
    return this.#inTurn(() => this.#apply(order));
  }

  /** In turn with the applies. Throws what `Host.setLimits` throws. */
  setLimits({ path, limits, note }: LimitsOrder): Promise<LimitsChanged> {
    return this.#inTurn(async () => {
      const { host } = this;
      const done = await (this.#limits as LiveLimits).set(host, { path, limits });
      if (note !== null) this.#state = { ...this.#state, note };
      return done;
    });
  }

  /** Those that were changed of the node at a path. */
  limitsOf(path: string): NodeLimits | null {
    return this.#limits?.of(path) ?? null;
  }

  /** As `host.startChild` takes it. */
  childFor<T>(child: T): T {
    return withImports(child, this.#imports);
  }

  /** Resolves when no apply is under way. */
  async settled(): Promise<TreeState> {
    await this.#last;
    return this.#state;
  }

  /** Ends the tree. Resolves with the paths of threads that could not be ended. */
  async close(): Promise<readonly string[]> {
    // An apply that is under way must not keep us: the end of the tree ends it.
    this.#closing = true;
    await this.#drop();
    await this.#last;
    await this.#drop();
    return this.#stuck;
  }

  #inTurn<T>(run: () => Promise<T>): Promise<T> {
    const result = this.#last.then(run);
    this.#last = result.catch(() => undefined);
    return result;
  }

  async #apply(given: ApplyOrder): Promise<Applied> {
    const { base, check } = given;
    // What is wrong with what was given is told before anything of ours is added.
    const read = normaliseSpec(given.input, { base });
    const input = withBridge(given.input, read, this.#wiring.bridge);
    const applied = await this.#carryOut({ ...given, input }, normaliseSpec(input, { base }));
    if (!check) this.#imports = given.input.cluster?.imports;
    return applied;
  }

  async #carryOut(order: ApplyOrder, tree: NormalisedTree): Promise<Applied> {
    const { input, base, check, limits, note } = order;
    const [host, live] = [this.#host, this.#limits];
    if (host === undefined || live === undefined) {
      return check ? this.#checkFirst(order) : this.#first(order, tree);
    }
    const { difference, outcome } = await host.apply(live.specFor(input, tree, limits), { base, check });
    const limited = live.changes(tree, limits);
    if (!check) await live.settle(host, tree, limits);
    const changes = [...difference.changes, ...limited];
    const makesRevision = !check && changes.length > 0;
    if (makesRevision) this.#state = running(tree, note);
    return { ...described({ changes }), outcome: makesRevision ? 'applied' : outcome, makesRevision };
  }

  async #first({ input, base, limits, note }: ApplyOrder, tree: NormalisedTree): Promise<Applied> {
    const live = new LiveLimits(tree, limits);
    let host: Host | undefined;
    const onStarting = (starting: Host): void => {
      host = starting;
      this.#host = starting;
      this.#limits = live;
      if (this.#closing) void this.#drop();
    };
    const spec = live.specFor(input, tree, limits);
    try {
      host = await start(spec, { base: new URL(base), onStarting, ...this.#wiring });
    } catch (error) {
      // What never ran as a whole is no tree.
      if (this.#host === host) this.#host = undefined;
      throw withPath(error, tree);
    }
    this.#runs(host, running(tree, note));
    return { ...described(firstDifference(tree)), outcome: 'applied', makesRevision: true };
  }

  #runs(host: Host, state: TreeState): void {
    if (this.#host === host) this.#state = state;
    void host.ended.then(
      ({ reason }) => this.#over(host, isExpectedEnd(reason) ? 'it shut down' : reason.tag),
      () => this.#over(host, 'its kernel has failed'),
    );
  }

  /** Against an empty tree of that name, which ends with the answer. */
  async #checkFirst({ input, base }: ApplyOrder): Promise<Applied> {
    const { strategy, ...root } = input;
    // One for children of a template needs its template.
    const kept = strategy === undefined || strategy === 'simple_one_for_one' ? {} : { strategy };
    const host = await start({ ...root, ...kept, children: [] }, { base: new URL(base), ...this.#wiring });
    try {
      const { difference, outcome } = await host.apply(input, { base, check: true });
      return { ...described(difference), outcome, makesRevision: false };
    } finally {
      await host.stop();
    }
  }

  #over(host: Host, reason: string): void {
    if (this.#host !== host) return;
    this.#state = { ...this.#state, state: 'ended', reason };
    void this.#drop();
  }

  /** Resolves when the host that is dropped, and any before it, has stopped: what was printed is here by then. */
  #drop(): Promise<void> {
    const host = this.#host;
    this.#host = undefined;
    if (host === undefined) return this.#dropped;
    const before = this.#dropped;
    // A kernel that has failed has nothing left to stop; that it has is told where its end is.
    const stopped = host.stop().catch(() => ({ stuck: [] }));
    this.#dropped = stopped.then(async ({ stuck }) => {
      this.#stuck = [...this.#stuck, ...stuck];
      await before;
    });
    return this.#dropped;
  }
}

function running({ name }: NormalisedTree, note: unknown): TreeState {
  return { state: 'running', tree: name, reason: null, note };
}

/** Who of the tree did not start, and why, is what is to be mended. */
function withPath(error: unknown, { name }: NormalisedTree): unknown {
  if (!(error instanceof EnvironmentError) || error.code !== 'start_failed') return error;
  const { path, reason } = culprit(name, error.reason);
  const facts = { path, reason, cause: reason?.detail };
  return new EnvironmentError('start_failed', `'${path}' could not be started`, facts);
}

function described(difference: Difference): Pick<Applied, 'changes' | 'description'> {
  return { changes: told(difference), description: describeDifference(difference) };
}

function told({ changes }: Difference): readonly object[] {
  return changes.map((change) => {
    if (!('fields' in change)) return change;
    const fields = change.fields.map(({ from, to, ...field }) =>
      UNTOLD.test(field.field) ? field : { ...field, from, to },
    );
    return { ...change, fields };
  });
}
