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
  type StartOptions,
  type TreeSpec,
} from '@espalier/supervisor';

/** A spec, and what the driver wants to be told of it again; the root does not look into that. */
export interface ApplyOrder {
  readonly input: TreeSpec;
  readonly base: string;
  readonly check: boolean;
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

type Wiring = Required<Pick<StartOptions, 'onEvent' | 'onOutput' | 'onWarning'>>;

/** Fields whose values may be secrets. */
const UNTOLD = /^(?:args|env|bindings)(?:\.|$)/;

export class TreeKeeper {
  readonly #wiring: Wiring;
  #host: Host | undefined;
  #state: TreeState = { state: 'empty', tree: null, reason: null, note: null };
  #stuck: readonly string[] = [];
  #closing = false;
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
    const result = this.#last.then(() => this.#apply(order));
    this.#last = result.catch(() => undefined);
    return result;
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

  async #apply(order: ApplyOrder): Promise<Applied> {
    if (this.#host === undefined) return order.check ? this.#checkFirst(order) : this.#first(order);
    const { input, base, check, note } = order;
    const { difference, outcome } = await this.#host.apply(input, { base, check });
    const makesRevision = outcome === 'applied';
    if (makesRevision) this.#state = running(input, note);
    return { ...described(difference), outcome, makesRevision };
  }

  async #first({ input, base, note }: ApplyOrder): Promise<Applied> {
    let host: Host | undefined;
    const onStarting = (starting: Host): void => {
      host = starting;
      this.#host = starting;
      if (this.#closing) void this.#drop();
    };
    try {
      host = await start(input, { base: new URL(base), onStarting, ...this.#wiring });
    } catch (error) {
      if (this.#host === host) this.#host = undefined;
      throw withPath(error, input);
    }
    this.#runs(host, running(input, note));
    const difference = firstDifference(normaliseSpec(input, { base }));
    return { ...described(difference), outcome: 'applied', makesRevision: true };
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

  async #drop(): Promise<void> {
    const host = this.#host;
    if (host === undefined) return;
    this.#host = undefined;
    const { stuck } = await host.stop();
    this.#stuck = [...this.#stuck, ...stuck];
  }
}

function running({ name = 'root' }: TreeSpec, note: unknown): TreeState {
  return { state: 'running', tree: name, reason: null, note };
}

/** Who of the tree did not start, and why, is what is to be mended. */
function withPath(error: unknown, { name = 'root' }: TreeSpec): unknown {
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
