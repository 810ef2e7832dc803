/** Calls on their way to other hosts: sent, ended early by their timeout or their caller, and answered. */
import type { CallError } from '@espalier/core';
import type { Clock } from '@espalier/core/internal/bridge.js';
import { encodeItem } from '../wire/frames.js';
import type { Outbox } from './outbox.js';
import { PendingCalls } from './pending-calls.js';

export interface RemoteCall {
  /** Of what ends the call when it ends. */
  readonly key: string;
  readonly operation: string;
  readonly parameters: readonly unknown[];
  /** The most that it may have, encoded. */
  readonly bytes: number;
  /** Milliseconds; default: never. */
  readonly timeoutMs?: number;
  /** Is told how the caller gives it up. */
  readonly onCancel?: (cancel: () => void) => void;
}

/** Calls, and answers, that wait for room on the way, together; further ones are `full`. */
export const CALLS_WAITING_BYTES = 16 * 1024 * 1024;

export class RemoteCalls extends PendingCalls {
  readonly #clock: Clock;

  constructor(clock: Clock) {
    super();
    this.#clock = clock;
  }

  over(outbox: Outbox, remote: RemoteCall): Promise<unknown> {
    const { key, operation, parameters, bytes: mostBytes } = remote;
    return new Promise<unknown>((resolve, reject) => {
      const call = this.start({ mailbox: key, operation, resolve, reject });
      let bytes: Buffer;
      try {
        bytes = encodeItem({ kind: 'call', call, operation, parameters }, mostBytes);
      } catch (error) {
        this.lost(call, error);
        return;
      }
      this.#endEarly(call, outbox, remote);
      outbox.pass(bytes, CALLS_WAITING_BYTES)?.catch((error: unknown) => this.lost(call, error));
    });
  }

  /** By its timeout or by the caller; the other side is told. */
  #endEarly(call: number, outbox: Outbox, { operation, timeoutMs, onCancel, bytes }: RemoteCall): void {
    const end = (code: CallError['code'], message: string): void => {
      if (!this.has(call)) return;
      this.fail(call, code, message);
      outbox.post(encodeItem({ kind: 'cancel', call }, bytes), Infinity);
    };
    if (timeoutMs !== undefined) {
      const late = `no reply to '${operation}' within ${String(timeoutMs)} ms`;
      this.#clock.after(timeoutMs, () => end('timeout', late));
    }
    onCancel?.(() => end('cancelled', `'${operation}' was cancelled`));
  }
}
