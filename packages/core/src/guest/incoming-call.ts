/** A call as its server sees it. */
import { FRAME } from '../channel/frames.js';
import type { CallErrorCode } from '../error-codes.js';
import { CallError } from '../errors.js';
import type { Encoded, Peering } from './peer-channel.js';
import type { ReceivedCall } from './received.js';

export interface CallSite {
  readonly slot: number;
  encode(value: unknown, transfer: readonly ArrayBuffer[] | undefined, maxBytes: number): Encoded;
  /** The open calls whose end by the caller somebody waits for. */
  readonly watchedCalls: Set<IncomingCall>;
}

/** Where answers go: to whom the call came from, or to the run that it is one of. */
export type AnswersTo = Pick<Peering, 'postNow' | 'postEncoded'>;

/** Replies are not credited: their number is bounded by that of the calls. */
const MAX_REPLY_BYTES = 256 * 1024 * 1024;

export class IncomingCall implements ReceivedCall {
  readonly type = 'call';
  readonly operation: string;
  readonly arguments: readonly unknown[];
  readonly #site: CallSite;
  readonly #peering: AnswersTo;
  readonly #caller: number;
  readonly #call: number;
  #open = true;
  #cancelled: (() => void) | undefined;

  constructor(
    operation: string,
    parameters: readonly unknown[],
    site: CallSite,
    peering: AnswersTo,
    caller: number,
    call: number,
  ) {
    this.operation = operation;
    this.arguments = parameters;
    this.#site = site;
    this.#peering = peering;
    this.#caller = caller;
    this.#call = call;
  }

  /** Whether this is the call that a `cancel` frame names. */
  is(peering: Peering, caller: number, call: number): boolean {
    return this.#peering === peering && this.#caller === caller && this.#call === call;
  }

  isFrom(peering: Peering, caller: number): boolean {
    return this.#peering === peering && this.#caller === caller;
  }

  cancel(): void {
    if (!this.#open) return;
    this.#close();
    this.#cancelled?.();
  }

  onCancel(callback: () => void): void {
    if (!this.#open) {
      callback();
      return;
    }
    this.#cancelled = callback;
    this.#site.watchedCalls.add(this);
  }

  cancelled(): boolean {
    return !this.#open;
  }

  reply(value: unknown): void {
    const refused = this.tryReply(value);
    if (refused === undefined) return;
    // The reply is no value: the caller learns that instead of waiting for its timeout.
    this.fail(refused.code, `the reply to '${this.operation}' cannot be sent: ${refused.message}`);
  }

  tryReply(value: unknown): CallError | undefined {
    if (!this.#open) return undefined;
    try {
      this.#post(FRAME.reply, value);
    } catch (error) {
      if (!(error instanceof CallError)) throw error;
      return error;
    }
    this.#close();
    return undefined;
  }

  fail(code: CallErrorCode, message: string, cause?: unknown): void {
    if (!this.#open) return;
    this.#close();
    try {
      this.#post(FRAME.failure, [code, message, cause]);
    } catch {
      this.#post(FRAME.failure, [code, message, undefined]);
    }
  }

  #close(): void {
    this.#open = false;
    if (this.#cancelled !== undefined) this.#site.watchedCalls.delete(this);
  }

  #post(kind: typeof FRAME.reply | typeof FRAME.failure, value: unknown): void {
    answer(this.#peering, kind, this.#caller, this.#site, this.#call, value);
  }
}

/** Throws `CallError` for what is no value. */
export function answer(
  to: AnswersTo,
  kind: typeof FRAME.reply | typeof FRAME.failure,
  caller: number,
  site: CallSite,
  call: number,
  value: unknown,
): void {
  const size = to.postNow(kind, caller, site.slot, call, value, MAX_REPLY_BYTES);
  if (size !== undefined) return;
  to.postEncoded(kind, caller, site.slot, call, site.encode(value, undefined, MAX_REPLY_BYTES));
}
