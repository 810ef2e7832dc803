/**
 * A run as the thread of its server sees it (protocol/run.ts). Its calls come out of the mailbox one by one, the next
 * one when the one before was replied to: so to whoever takes them it is as if the caller had waited for each reply.
 *
 *   in hand ──reply──► the next one in hand ──(none is left, or it is too late)──► answered: so many were handled
 *      ├─ fail, or the environment ends ──► answered: so many before it, and why
 *      └─ the caller gives up ──► answered: so many before it
 *
 * Once it is answered nothing more of it is begun. Whether it is too late is read off the clock before each: so a
 * thread or process that stood still begins nothing when it wakes, whatever became of the caller meanwhile.
 */
import { FRAME, type FrameKind } from '../channel/frames.js';
import type { CallErrorCode } from '../error-codes.js';
import type { RunAnswer, RunBody, RunCall } from '../protocol/run.js';
import { answer, IncomingCall, type AnswersTo, type CallSite } from './incoming-call.js';
import type { Encoded } from './peer-channel.js';

export interface RunSite extends CallSite {
  readonly now: () => number;
  decode(encoded: Encoded): unknown;
  /** Puts the next call into the mailbox. */
  readonly put: (call: IncomingCall) => void;
  /** Takes it out again, if it lies there. */
  readonly withdraw: (call: IncomingCall) => void;
  readonly over: (run: IncomingRun) => void;
}

export class IncomingRun implements AnswersTo {
  readonly #site: RunSite;
  readonly #caller: AnswersTo;
  readonly #slot: number;
  readonly #number: number;
  readonly #deadline: number;
  readonly #calls: readonly RunCall[];
  #handled = 0;
  #inHand: IncomingCall | undefined;
  #isOpen = true;

  constructor([deadline, ...calls]: RunBody, site: RunSite, caller: AnswersTo, slot: number, number: number) {
    this.#site = site;
    this.#caller = caller;
    this.#slot = slot;
    this.#number = number;
    this.#deadline = deadline;
    this.#calls = calls;
  }

  is(caller: AnswersTo, slot: number, number: number): boolean {
    return this.isFrom(caller, slot) && this.#number === number;
  }

  isFrom(caller: AnswersTo, slot: number): boolean {
    return this.#caller === caller && this.#slot === slot;
  }

  next(): void {
    const call = this.#calls[this.#handled];
    if (call === undefined || this.#site.now() >= this.#deadline) {
      this.#answer([this.#handled]);
      return;
    }
    const [operation, ...parameters] = call;
    this.#inHand = new IncomingCall(operation, parameters, this.#site, this, 0, this.#handled);
    this.#site.put(this.#inHand);
  }

  /** The caller waits no more, or is gone. */
  cancel(): void {
    const inHand = this.#inHand;
    if (inHand !== undefined) {
      this.#site.withdraw(inHand);
      inHand.cancel();
    }
    this.#answer([this.#handled]);
  }

  /** It goes no further, whatever the server says. */
  fail(code: CallErrorCode, message: string): void {
    this.#answer([this.#handled, code, message, undefined]);
  }

  /** Always the slow way: what cannot be sent as a reply is refused, though nobody waits for its value. */
  postNow(): undefined {
    return undefined;
  }

  /** The answer to the call in hand. */
  postEncoded(kind: FrameKind, _to: number, _from: number, _call: number, encoded: Encoded): void {
    if (kind === FRAME.reply) {
      this.#handled++;
      this.next();
    } else {
      const [code, message, cause] = this.#site.decode(encoded) as [CallErrorCode, string, unknown];
      this.#answer([this.#handled, code, message, cause]);
    }
  }

  #answer(told: RunAnswer): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    this.#site.over(this);
    answer(this.#caller, FRAME.reply, this.#slot, this.#site, this.#number, told);
  }
}
