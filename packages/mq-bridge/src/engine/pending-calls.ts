/** Calls that went to other hosts: each ends once, with its reply, a failure, or the end of the mailbox. */
import { CallError, type ExitReason } from '@espalier/core';

interface Pending {
  readonly mailbox: string;
  readonly operation: string;
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: CallError) => void;
}

export class PendingCalls {
  readonly #calls = new Map<number, Pending>();
  #last = 0;

  get size(): number {
    return this.#calls.size;
  }

  start(pending: Pending): number {
    this.#calls.set(++this.#last, pending);
    return this.#last;
  }

  reply(call: number, value: unknown): void {
    this.#take(call)?.resolve(value);
  }

  fail(call: number, code: CallError['code'], message: string, cause?: unknown): void {
    this.#take(call)?.reject(new CallError(code, message, { cause }));
  }

  has(call: number): boolean {
    return this.#calls.has(call);
  }

  /** It could not be sent. */
  lost(call: number, error: unknown): void {
    this.#take(call)?.reject(error as CallError);
  }

  mailboxEnded(mailbox: string, reason: ExitReason): void {
    for (const [call, pending] of this.#calls) {
      if (pending.mailbox !== mailbox) continue;
      this.#calls.delete(call);
      const message = `the environment ended before it replied to '${pending.operation}'`;
      pending.reject(new CallError('down', message, { reason }));
    }
  }

  #take(call: number): Pending | undefined {
    const pending = this.#calls.get(call);
    this.#calls.delete(call);
    return pending;
  }
}
