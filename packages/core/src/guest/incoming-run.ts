/**
 * A run as the thread of its server sees it (protocol/run.ts). Its calls come out of the mailbox one by one, the next
 * one when the one before was replied to: so to whoever takes them it is as if the caller had waited for each reply.
 *
 *   lies in the mailbox ──taken──► in hand ──reply──► the next one lies there ──(none is left)──► answered: so many
 *      │                              ├─ fail, or the environment ends ──► answered: so many before it, and why
 *      ├──────────────────────────────┴─ the caller gives up ──► answered: so many before it
 *      └─ it is too late, or the environment ends ──► answered: so many before it
 *
 * Once it is answered nothing more of it is begun. Whether it is too late is read off the clock when each is taken: so what
 * lay behind other work is not begun, nor anything by a thread or process that stood still, whatever became of the caller
 * meanwhile. As long as the caller may have it handled he moves the deadline; else what waits for long would never be.
 */
import { FRAME, type FrameKind } from '../channel/frames.js';
import type { CallErrorCode } from '../error-codes.js';
import type { RunAnswer, RunBody, RunCall } from '../protocol/run.js';
import { answer, IncomingCall, type AnswersTo, type CallSite } from './incoming-call.js';
import type { Turn } from './mailbox.js';
import type { Encoded } from './peer-channel.js';

export interface RunSite extends CallSite {
  readonly now: () => number;
  decode(encoded: Encoded): unknown;
  /** Puts the next call into the mailbox. */
  readonly put: (call: IncomingCall, turn: Turn) => void;
  /** Takes it out again, if it lies there. */
  readonly withdraw: (call: IncomingCall) => void;
  readonly over: (run: IncomingRun) => void;
}

export class IncomingRun implements AnswersTo, Turn {
  readonly #site: RunSite;
  readonly #caller: AnswersTo;
  readonly #slot: number;
  readonly #number: number;
  #deadline: number;
  readonly #calls: readonly RunCall[];
  #handled = 0;
  /** Lies in the mailbox; or was taken out of it, and has no reply yet. */
  #current: IncomingCall | undefined;
  #isBegun = false;
  /** A match that was to say whether to take it threw, or runs. */
  #isLookedAt = false;
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
    // One that would not be begun need not wait for its turn.
    if (call === undefined || this.#isLate) {
      this.#answer([this.#handled]);
      return;
    }
    const [operation, ...parameters] = call;
    this.#isBegun = false;
    this.#isLookedAt = false;
    this.#current = new IncomingCall(operation, parameters, this.#site, this, 0, this.#handled);
    this.#site.put(this.#current, this);
  }

  /** The caller waits no more, or is gone. */
  cancel(): void {
    const current = this.#current;
    if (current !== undefined) {
      this.#site.withdraw(current);
      current.cancel();
    }
    this.#answer([this.#handled]);
  }

  /** The caller moves the deadline. By 0: it has come; what is in hand is waited for. */
  prolong(ms: number): void {
    this.#deadline = ms === 0 ? -Infinity : this.#deadline + ms;
    if (this.#isLate && !this.#isBegun) this.cancel();
  }

  /**
   * What lies in its mailbox was not begun, and so has not failed; but for what the server would not even look at: it
   * would end every server that it comes to.
   */
  serverEnded(): void {
    if (this.#isBegun || this.#isLookedAt) this.fail('down', 'the environment ended before it replied');
    else this.#answer([this.#handled]);
  }

  /** Nothing of it is begun: not a run answer, for the server itself may fail with that code. */
  refuse(code: CallErrorCode, message: string): void {
    this.#isOpen = false;
    this.#site.over(this);
    answer(this.#caller, FRAME.failure, this.#slot, this.#site, this.#number, [code, message, undefined]);
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

  get #isLate(): boolean {
    return this.#site.now() >= this.#deadline;
  }

  begins(): boolean {
    if (this.#isLate) this.#answer([this.#handled]);
    else this.#isBegun = true;
    return this.#isBegun;
  }

  looked(isAtIt: boolean): void {
    this.#isLookedAt = isAtIt;
  }

  #answer(told: RunAnswer): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    this.#site.over(this);
    answer(this.#caller, FRAME.reply, this.#slot, this.#site, this.#number, told);
  }
}
