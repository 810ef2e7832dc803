/** What a bridge needs of the environments beside it; an environment's context has all of it. */
import type { RefusalCounts } from '../trust/refusals.js';
import type { Address, Destination, ExitReason } from '@espalier/core';
import type { RunCall, RunOptions, RunOutcome } from '@espalier/core/internal/bridge.js';
import type { Tie } from './tie.js';

export interface LocalSide {
  /** Undefined where it was sent at once; it never throws. */
  send(target: Destination, value: unknown): Promise<void> | undefined;
  /** Likewise. */
  cast(target: Destination, operation: string, parameters: readonly unknown[]): Promise<void> | undefined;
  /** Without a timeout; `onCancel` is told at once how it is given up. */
  callCancellable(
    target: Destination,
    operation: string,
    parameters: readonly unknown[],
    onCancel: (cancel: () => void) => void,
  ): Promise<unknown>;
  /** Calls that the target handles one after the other. Rejects as calls do (`RunCaller` says what is known then). */
  run(target: Destination, calls: readonly RunCall[], options: RunOptions): Promise<RunOutcome>;
  /** Behind all that was sent. */
  sendExit(target: Address, reason: ExitReason): void;
  kill(target: Address): void;
  /** As `tie` (tie.ts). */
  tie(target: Address): Promise<Tie>;
  /** As `whereis`; but while the holder is being started (again), which `pending` is told, it waits for that one. */
  awaitHolder(name: string, pending: () => void): Promise<Address | undefined>;
  /** Calls back once, when it has ended. */
  watch(target: Address, ended: (reason: ExitReason) => void): void;
}

/** What a bridge tells whoever runs it. */
export type BridgeEvent =
  | { readonly kind: 'connected'; readonly incarnation: string }
  | { readonly kind: 'disconnected'; readonly why: string }
  /** The broker cannot be had, and is tried again and again; said once for each reason. */
  | { readonly kind: 'unreachable'; readonly why: string; readonly remedy: string }
  | { readonly kind: 'blocked'; readonly on: boolean }
  /** A transient name can be sent to by others; or can no more. */
  | { readonly kind: 'exported' | 'withdrawn'; readonly name: string }
  /**
   * Messages that will not arrive: `target` was gone, or refused them, or (`why`) they could not be sent. Those on whose way
   * a connection or a host was lost are among them, though some of those may have arrived.
   */
  | { readonly kind: 'undelivered'; readonly target: string; readonly count: number; readonly why?: string }
  /** Frames (of 128 messages at most, or none) that the broker had for `target`, and that are gone. */
  | { readonly kind: 'missing'; readonly target: string; readonly frames: number }
  /** One of those has come after all. */
  | { readonly kind: 'late'; readonly target: string }
  /** What has come and was not believed, since it was last said. */
  | ({ readonly kind: 'dropped' } & RefusalCounts)
  /** The list of revoked hosts has changed, and is followed. */
  | { readonly kind: 'revoked'; readonly number: number; readonly hosts: number }
  /** The file of revoked hosts cannot be followed any more; what was known goes on to count. */
  | { readonly kind: 'revocations-refused'; readonly why: string }
  /** Handled in vain too often, and kept as a dead letter. */
  | { readonly kind: 'poison'; readonly name: string; readonly id: string }
  /** This host is now the one that takes from the durable mailbox. */
  | { readonly kind: 'holding'; readonly name: string; readonly fence: number }
  /** The broker has that queue with other terms: hosts disagree on `durable`, `holders` or `replicated`. */
  | { readonly kind: 'queue-refused'; readonly queue: string }
  /** The local name of an import cannot be had now; it is tried again. */
  | { readonly kind: 'name-refused'; readonly name: string; readonly why: string }
  | { readonly kind: 'host-down'; readonly host: string }
  /** Another process uses our host id. */
  | { readonly kind: 'host-clash'; readonly host: string }
  /** Others had declared us down; we go on as a new incarnation. */
  | { readonly kind: 'renewed' };

export function codeOf(error: unknown): string | undefined {
  const code = (error as { readonly code?: unknown } | undefined)?.code;
  return typeof code === 'string' ? code : undefined;
}
