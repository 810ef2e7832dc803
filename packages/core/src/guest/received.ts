/** What a mailbox holds and `receive` gives: one tagged object for each kind. */
import type { ExitReason } from '../exit-reason.js';
import type { CallErrorCode } from '../error-codes.js';
import type { CallError } from '../errors.js';
import type { Address } from './address.js';

export type Received = ReceivedMessage | ReceivedCast | ReceivedCall | ReceivedDown | ReceivedExit;

/** A value that somebody sent with `send`. */
export interface ReceivedMessage {
  readonly type: 'message';
  readonly value: unknown;
}

/** A cast: an operation without an answer. */
export interface ReceivedCast {
  readonly type: 'cast';
  readonly operation: string;
  readonly arguments: readonly unknown[];
}

/** A call: the caller waits until `reply` or `fail`; the first of them counts. */
export interface ReceivedCall {
  readonly type: 'call';
  readonly operation: string;
  readonly arguments: readonly unknown[];
  /** True if the caller gave up while the call lay in the mailbox; a late reply is dropped in any case. */
  readonly cancelled: () => boolean;
  /** Calls back once, when the caller gives up or is gone before there was an answer; at once if it has. */
  onCancel(callback: () => void): void;
  reply(value: unknown): void;
  /** As `reply`; but a reply that cannot be sent leaves the call open, and why is given back. */
  tryReply(value: unknown): CallError | undefined;
  fail(code: CallErrorCode, message: string, cause?: unknown): void;
}

/** What `monitor` asked for: the environment has ended. Comes exactly once. */
export interface ReceivedDown {
  readonly type: 'down';
  readonly monitor: Monitor;
  readonly reason: ExitReason;
}

/** An exit signal that was trapped. */
export interface ReceivedExit {
  readonly type: 'exit';
  /** Who ended or sent the signal; undefined if it is the supervisor. */
  readonly from: Address | undefined;
  readonly reason: ExitReason;
}

/** A monitor in force; identifies the `down` that answers it. */
export interface Monitor {
  readonly target: Address | string;
}
