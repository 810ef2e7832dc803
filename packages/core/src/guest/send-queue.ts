/**
 * Sends that wait for credit, and what happens when there is none: the one place where the overflow
 * policy of a mailbox is applied. It serves a stream to a peer, whose credit the receiver grants, and a
 * route without a peer, whose credit is the first window of the stream to come.
 *
 * *Sent* means that credit was taken: the send's promise resolves then, not before. The queue is
 * bounded by the capacity of the mailbox it leads to; what exceeds that is refused or dropped.
 */
import { FRAME, type FrameKind } from '../channel/frames.js';
import { CallError } from '../errors.js';
import type { MailboxTerms } from '../protocol/notices.js';
import type { UndeliveredCause } from '../protocol/system-calls.js';
import type { Encoded } from './peer-channel.js';
import type { Timer, Timers } from './timers.js';

/** What the queues of one environment need from it. */
export interface SendOwner {
  /** Its slot in the thread: who sends. */
  readonly slot: number;
  readonly timers: Timers;
  /** Counted, and told to the kernel in batches. */
  undelivered(target: string, cause: UndeliveredCause, count: number): void;
  /** Whether the caller still waits for this call. */
  callWanted(call: number): boolean;
  /** The call will not be answered. */
  callLost(call: number, error: CallError): void;
}

/** One send on its way to credit. */
export interface Sending {
  readonly kind: FrameKind;
  readonly correlation: number;
  readonly encoded: Encoded;
  /** The size of its frame's body. */
  readonly bytes: number;
  /** Called once credit is taken, or the policy has dropped it. */
  readonly resolve: () => void;
  readonly reject: (error: CallError) => void;
  /** The route it was sent by: takes it back if its peer goes away before it has left. */
  readonly home: { takeBack(sendings: readonly Sending[]): void };
  /** How often its route had asked who is there when it was sent: an earlier answer says nothing of it. */
  readonly asked: number;
  /** Whether its promise is settled already: it was sent before, to a peer that went away. */
  settled: boolean;
  timer: Timer | undefined;
  /** Where it waits now. */
  queue: SendQueue | undefined;
}

export class SendQueue {
  readonly #target: string;
  readonly #owner: SendOwner;
  /** Takes over what has taken its credit. False: whether that counts as sent will show when it leaves. */
  readonly #accept: (sending: Sending) => boolean;
  /** Told when what waits has changed by itself: a send has waited too long. */
  readonly #changed: () => void;
  #waiting: Sending[] = [];
  #waitingBytes = 0;
  messages: number;
  bytes: number;
  terms: MailboxTerms;

  constructor(
    target: string,
    owner: SendOwner,
    terms: MailboxTerms,
    credit: { readonly messages: number; readonly bytes: number },
    accept: (sending: Sending) => boolean,
    changed: () => void = () => undefined,
  ) {
    this.#target = target;
    this.#owner = owner;
    this.#accept = accept;
    this.#changed = changed;
    this.terms = terms;
    this.messages = credit.messages;
    this.bytes = credit.bytes;
  }

  get length(): number {
    return this.#waiting.length;
  }

  /** Bytes. */
  get size(): number {
    return this.#waitingBytes;
  }

  /** The next to leave. */
  get first(): Sending | undefined {
    return this.#waiting[0];
  }

  /** Takes credit for it at once, or applies the policy. `local`: the mailbox is the sender's own. */
  offer(sending: Sending, local: boolean): void {
    if (this.#waiting.length === 0 && this.affords(sending)) {
      this.#take(sending);
      return;
    }
    const { overflow, sendTimeoutMs, capacity, capacityBytes } = this.terms;
    if (overflow === 'reject' || (overflow === 'block' && local)) {
      // Waiting for oneself to make room would be waiting for ever.
      this.#refuse(sending, `the mailbox of ${this.#target} is full`);
    } else if (overflow === 'drop-newest') {
      this.#drop(sending);
    } else if (overflow === 'drop-oldest') {
      this.enqueue(sending);
      settle(sending);
      while (this.#waiting.length > capacity || this.#waitingBytes > capacityBytes) {
        this.#drop(this.#waiting[0] as Sending);
      }
      // What waits now may be small enough for the credit that is left.
      this.pump();
    } else if (this.#waiting.length >= capacity || this.#waitingBytes + sending.bytes > capacityBytes) {
      this.#refuse(sending, `${String(this.#waiting.length)} sends wait for room at ${this.#target} already`);
    } else {
      this.enqueue(sending);
      sending.timer = this.#owner.timers.start(sendTimeoutMs, () => {
        sending.queue?.expire(sending);
      });
    }
  }

  /** Lets it wait here, whatever the policy: it waited or was sent before, in another queue. */
  enqueue(sending: Sending): void {
    sending.queue = this;
    this.#waiting.push(sending);
    this.#waitingBytes += sending.bytes;
  }

  /** The same for what may not be for the mailbox that it turns out to lead to: what can never fit would block the rest. */
  enqueueFit(sending: Sending): void {
    const { messageBytes, capacityBytes } = this.terms;
    const size = sending.encoded.bytes.length;
    if (refusesAddresses(this.terms, sending.encoded)) this.#unfit(sending, addressRefused(this.#target));
    else if (size <= messageBytes && sending.bytes <= capacityBytes) this.enqueue(sending);
    else {
      const problem = `the message (${String(size)} bytes) is larger than ${this.#target} accepts`;
      this.#unfit(
        sending,
        new CallError('too_large', problem, { field: 'messageBytes', value: messageBytes }),
      );
    }
  }

  grant(messages: number, bytes: number): void {
    this.messages += messages;
    this.bytes += bytes;
    this.pump();
  }

  /** Lets go whoever can pay, in order. */
  pump(): void {
    for (let next = this.#waiting[0]; next !== undefined && this.affords(next); next = this.#waiting[0]) {
      this.#remove(next);
      this.#take(next);
    }
  }

  /** Takes everything out, in order; timers run on, the sends go to another queue. */
  takeAll(): readonly Sending[] {
    const waiting = this.#waiting;
    this.#waiting = [];
    this.#waitingBytes = 0;
    for (const sending of waiting) sending.queue = undefined;
    return waiting;
  }

  /** Takes out, in order, what this route had sent; the others go on waiting. */
  takeOf(home: Sending['home']): readonly Sending[] {
    const taken = this.#waiting.filter((sending) => sending.home === home);
    for (const sending of taken) this.#remove(sending);
    return taken;
  }

  expire(sending: Sending): void {
    this.#remove(sending);
    this.#refuse(
      sending,
      `there was no room at ${this.#target} within ${String(this.terms.sendTimeoutMs)} ms`,
    );
    // Those behind it may be small enough for the credit that is left.
    this.pump();
    this.#changed();
  }

  affords(sending: Sending): boolean {
    return this.messages > 0 && this.bytes >= sending.bytes;
  }

  #take(sending: Sending): void {
    if (sending.timer !== undefined) this.#owner.timers.cancel(sending.timer);
    // A call whose caller has given up needs no credit and no frame.
    if (sending.kind !== FRAME.call || this.#owner.callWanted(sending.correlation)) {
      this.messages--;
      this.bytes -= sending.bytes;
      if (!this.#accept(sending)) return;
    }
    settle(sending);
  }

  #remove(sending: Sending): void {
    const at = this.#waiting[0] === sending ? 0 : this.#waiting.indexOf(sending);
    if (at < 0) return;
    if (at === 0) this.#waiting.shift();
    else this.#waiting.splice(at, 1);
    this.#waitingBytes -= sending.bytes;
    sending.queue = undefined;
  }

  #unfit(sending: Sending, error: CallError): void {
    if (sending.timer !== undefined) this.#owner.timers.cancel(sending.timer);
    if (sending.kind === FRAME.call) this.#owner.callLost(sending.correlation, error);
    if (sending.settled) this.#owner.undelivered(this.#target, 'dropped', 1);
    else sending.reject(error);
  }

  #refuse(sending: Sending, message: string): void {
    const error = new CallError('full', message, { field: 'mailbox', value: this.terms.capacity });
    if (sending.kind === FRAME.call) this.#owner.callLost(sending.correlation, error);
    sending.reject(error);
  }

  #drop(sending: Sending): void {
    this.#remove(sending);
    this.#owner.undelivered(this.#target, 'dropped', 1);
    if (sending.kind === FRAME.call) {
      this.#owner.callLost(
        sending.correlation,
        new CallError('full', `the call was dropped: the mailbox of ${this.#target} is full`),
      );
    }
    settle(sending);
  }
}

export function refusesAddresses({ addresses = true }: MailboxTerms, { references }: Encoded): boolean {
  return !addresses && references.length > 0;
}

export function addressRefused(target: string): CallError {
  return new CallError('value_refused', `${target} takes no messages with addresses in them`, {
    remedy: 'Send a name, or who is to be spoken to by what the receiver knows.',
  });
}

export function settle(sending: Sending): void {
  if (sending.settled) return;
  sending.settled = true;
  sending.resolve();
}
