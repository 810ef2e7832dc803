/** Changes of limits while the tree runs, one after the other, each on top of the one before it. */
import { withLimits, type Limited } from '../spec/changed-limits.js';
import { processLimits } from '../spec/supervisor-spec.js';
import type { ChangeableLimitsSpec, ProcessLimitsSpec } from '../spec/tree-spec.js';
import type { Children } from './children.js';
import type { KernelThread } from './kernel-thread-handle.js';
import type { Reservations } from './reservations.js';
import { wallLimits } from './wall-limits.js';

/** When limits that were changed act. */
export interface LimitsChanged {
  /** Those that hold from now on. */
  readonly now: readonly string[];
  /** V8's own, which it takes when a thread starts: those that hold from the next life on. */
  readonly atRestart: readonly string[];
}

export class Limits {
  readonly #kernel: KernelThread;
  readonly #children: Children;
  readonly #reservations: Reservations;

  constructor(kernel: KernelThread, children: Children, reservations: Reservations) {
    this.#kernel = kernel;
    this.#children = children;
    this.#reservations = reservations;
  }

  set(path: string, given: ChangeableLimitsSpec | ProcessLimitsSpec): Promise<LimitsChanged> {
    // Its owner may change it afterwards.
    const copy: unknown = typeof given === 'object' ? { ...given } : given;
    return this.#reservations.inTurn(() => this.#set(path, copy));
  }

  async #set(path: string, given: unknown): Promise<LimitsChanged> {
    const specified = await this.#children.spec(path);
    const before = this.#reservations.present(path, specified);
    const present = withLimits(before, given);
    await this.#reservations.check({ path, node: present });
    await this.#kernel.setLimits({ path, ...between(specified as Limited, present) });
    this.#reservations.changed(path, specified, present);
    return acting(before as Limited, present, Object.keys(given as object));
  }
}

/** What it is to be for the walls, out of what they have been told by the spec. */
function between(from: Limited, to: Limited): object {
  const process = from.wall === 'process' ? { from: processLimits(from), to: processLimits(to) } : undefined;
  if (from.kind !== 'environment' || to.kind !== 'environment') return { process };
  return {
    process,
    thread: { from: wallLimits(from.limits), to: wallLimits(to.limits) },
    unresponsiveMs: { from: from.limits.unresponsiveMs, to: to.limits.unresponsiveMs },
  };
}

function acting(before: Limited, { kind, limits }: Limited, given: readonly string[]): LimitsChanged {
  const ofV8 = ['youngMb', 'stackMb'];
  const raised =
    kind === 'environment' && before.kind === 'environment' && limits.heapMb > before.limits.heapMb;
  return {
    now: given.filter((name) => !ofV8.includes(name)),
    // The guard holds the new one at once; but V8's own, above it, stays where it is.
    atRestart: given.filter((name) => ofV8.includes(name) || (raised && name === 'heapMb')),
  };
}
