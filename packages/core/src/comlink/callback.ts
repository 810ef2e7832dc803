/**
 * A function that is handed to another environment: it stays here, and what crosses is the number of a
 * sub-channel. It ends with the environment that owns it, or when that revokes it.
 */
import { CallError } from '../errors.js';

/* The parameters are the user's own; `never` here would match no function. */
// eslint-disable-next-line @typescript-eslint/no-explicit-any -- see above
export type AnyFunction = (...parameters: any[]) => unknown;

/** The owner's side; made by `callback`, passed as an argument. */
export class Callback<F extends AnyFunction = AnyFunction> {
  readonly #run: F;
  readonly #revoked = new Set<() => void>();
  #live = true;
  /** Only a type: what it runs. */
  declare readonly runs?: F;

  constructor(run: F) {
    this.#run = run;
    Object.freeze(this);
  }

  /** Nobody can call it any more; calls that run still end here, their callers get `noproc`. */
  revoke(): void {
    if (!this.#live) return;
    this.#live = false;
    for (const tell of this.#revoked) tell();
    this.#revoked.clear();
  }

  /** @internal */
  static run(callback: Callback, parameters: readonly unknown[]): unknown {
    if (!callback.#live) throw new CallError('noproc', 'the callback has been revoked');
    return callback.#run(...parameters);
  }

  /** @internal Tells of the revocation; false if that has been already. Returns what stops it. */
  static watch(callback: Callback, revoked: () => void): (() => void) | undefined {
    if (!callback.#live) return undefined;
    callback.#revoked.add(revoked);
    return () => callback.#revoked.delete(revoked);
  }

  /** @internal */
  static is(value: unknown): value is Callback {
    return typeof value === 'object' && value !== null && #run in value;
  }
}

/** Marks a function to be passed as a callback; passed plainly it would be refused as no value. */
export function callback<F extends AnyFunction>(run: F): Callback<F> {
  return new Callback(run);
}

/** The receiver's side: calls run in the environment that owns the function. */
export type RemoteCallback<F extends AnyFunction = AnyFunction> = ((
  ...parameters: Parameters<F>
) => Promise<Awaited<ReturnType<F>>>) & {
  /** It is not needed here any more: its owner may forget it. */
  release(): void;
};
