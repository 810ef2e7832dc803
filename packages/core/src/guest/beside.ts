/**
 * Environments beside another one, in its thread: each with an address, a name, a mailbox and an end of its own, and
 * with the heap, the limits and the event loop of all. For drivers, which hold many mailboxes of one kind.
 */
import type { MailboxTerms } from '../protocol/notices.js';
import type { Address } from './address.js';
import type { Behaviour } from './behaviour.js';
import type { Context, Destination } from './context.js';
import type { ReceivedExit } from './received.js';
import type { Loaded } from './services.js';

/** A context as drivers have it. */
export interface BesideContext extends Context {
  /**
   * Starts a child environment in the own thread, which it ends with at the latest. Its behaviour is not copied: what
   * its functions see they share with this environment. Resolves when its `init` is over.
   *
   * Rejects with `EnvironmentError` `start_failed`, `limit_refused`, and with `CallError` `operation_refused` where
   * there is one environment to a thread: in simulations and under a test clock.
   */
  spawnBeside(behaviour: Behaviour, options: BesideOptions): Promise<Address>;
  /**
   * As `whereis`; but while the holder of the name is being started (again), which `pending` is told at most once, it
   * resolves when that is over.
   */
  awaitHolder(name: string, pending: () => void): Promise<Address | undefined>;
  /**
   * Where the terms of the own mailbox say `links`: called with who links with this environment, and who unlinks, at
   * once and whatever lies in the mailbox. Of the end of one that is linked the exit tells, which is trapped.
   */
  onLink(told: (other: Address, isLinked: boolean) => void): void;
  /** Whether it has come over a link, with the end of `from`; otherwise somebody has sent it. */
  isEnd(item: ReceivedExit): boolean;
  /** Ends by an exit signal that was trapped, with its reason, whatever that is; of the last 1000 that came. */
  endBy(item: ReceivedExit): void;
  /**
   * As `call`, without an end of its own: `onCancel` is told at once how it is given up. For who hands on the calls of
   * others, one by one: an AbortSignal for each takes as long as to seal it (measured: 5.5 µs).
   */
  callCancellable(
    target: Destination,
    operation: string,
    parameters: readonly unknown[],
    onCancel: (cancel: () => void) => void,
  ): Promise<unknown>;
  /** As `send`; undefined where it was sent at once: who hands on thousands makes no promise, and waits for none. */
  sendNow(target: Destination, value: unknown): Promise<void> | undefined;
  /** Likewise as `cast`. */
  castNow(target: Destination, operation: string, parameters: readonly unknown[]): Promise<void> | undefined;
}

export interface BesideOptions {
  /** Of its mailbox; by default they are those of the environment that starts it. */
  readonly terms?: Partial<MailboxTerms>;
  /**
   * A name that it has when its `init` is over, and that is kept for it until then: who sends to it waits. It may be
   * that of another one which has been started likewise, and ends before that.
   */
  readonly name?: string;
}

/** Behaviours that are on their way to their start: functions are no values, and cannot go by the kernel. */
export class BesideBehaviours {
  readonly #kept = new Map<number, Behaviour>();
  #last = 0;

  /** Gives the boot value of the environment that is to have it. */
  readonly keep = (behaviour: Behaviour): unknown => {
    this.#kept.set(++this.#last, behaviour);
    return { beside: this.#last };
  };

  /** Undefined for a boot value of another kind. */
  take(boot: unknown): Loaded | undefined {
    const { beside } = boot as { readonly beside?: number };
    const behaviour = beside === undefined ? undefined : this.#kept.get(beside);
    if (beside === undefined || behaviour === undefined) return undefined;
    this.#kept.delete(beside);
    return { behaviour, args: undefined, bindings: {} };
  }
}
