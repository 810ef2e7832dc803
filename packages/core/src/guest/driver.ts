/** What runs a behaviour inside its environment. One driver for each behaviour; the environment knows only this. */
import type { ExitReason, GuestExitTag } from '../exit-reason.js';
import type { ServerContext } from './behaviour.js';
import { ExitRequest, type Context } from './context.js';
import type { Mailbox } from './mailbox.js';

export interface DriverHost {
  readonly context: Context;
  /** The same with the state of a server beside it. */
  contextWith(state: unknown): ServerContext<unknown>;
  readonly mailbox: Mailbox;
  readonly args: unknown;
  readonly trapsExits: boolean;
  /** The environment ends, with what its own code chose or threw. */
  ended(exit: { readonly tag: GuestExitTag; readonly detail: unknown }): void;
}

export interface Driver {
  /** Resolves once the environment counts as started. Rejects, or throws, with what its code threw. */
  start(): Promise<'ready' | 'ignore'>;
  /** The supervisor asks it to end. */
  stop(reason: ExitReason): void;
  /** The state as plain data, for inspection; undefined where there is none. */
  state(): unknown;
  /** Statistics: how many items were handled or taken so far. */
  readonly handled: number;
}

/** What something thrown means as an exit. */
export function exitOf(thrown: unknown): { readonly tag: GuestExitTag; readonly detail: unknown } {
  if (thrown instanceof ExitRequest)
    return { tag: thrown.reason.tag as GuestExitTag, detail: thrown.reason.detail };
  return { tag: 'error', detail: thrown };
}

export function isThenable(value: unknown): value is PromiseLike<unknown> {
  return (
    typeof value === 'object' && value !== null && typeof (value as PromiseLike<unknown>).then === 'function'
  );
}
