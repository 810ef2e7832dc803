/**
 * A stream: everything one environment sends to one mailbox of another thread (or its own), whatever
 * names or addresses it used, so that both sides keep one account of credit and the order of two sends to
 * the same receiver does not depend on how it was named (nor does it before: see first-contacts.ts).
 */
import { FIRST_WINDOW_BYTES, FIRST_WINDOW_MESSAGES } from '../channel/first-window.js';
import { FRAME, type FrameKind } from '../channel/frames.js';
import { CallError } from '../errors.js';
import type { MailboxTerms } from '../protocol/notices.js';
import type { Peering } from './peer-channel.js';
import { SendQueue, type SendOwner, type Sending } from './send-queue.js';
import type { Timer } from './timers.js';

export interface StreamOwner extends SendOwner {
  /** The call leaves for this peer now. */
  callSent(call: number, peering: Peering, slot: number): void;
  /** A send has waited for a second, or waits no more. */
  blocked(stream: PeerStream, on: boolean): void;
}

/** How long a sender waits before the kernel is told (an event naming both). Milliseconds. */
const BLOCKED_AFTER_MS = 1000;

export class PeerStream {
  readonly peering: Peering;
  readonly slot: number;
  readonly terms: MailboxTerms;
  readonly #owner: StreamOwner;
  readonly #queue: SendQueue;
  #allowed = FIRST_WINDOW_MESSAGES;
  #wantSent = false;
  #blockedTimer: Timer | undefined;
  #blockedTold = false;

  constructor(target: string, peering: Peering, slot: number, terms: MailboxTerms, owner: StreamOwner) {
    this.peering = peering;
    this.slot = slot;
    this.terms = terms;
    this.#owner = owner;
    const firstWindow = { messages: FIRST_WINDOW_MESSAGES, bytes: FIRST_WINDOW_BYTES };
    this.#queue = new SendQueue(
      target,
      owner,
      terms,
      firstWindow,
      (sending) => {
        this.#post(sending);
        return true;
      },
      () => {
        this.#wantSent = false;
        // What is granted now would only lie idle.
        if (this.#queue.length === 0) this.peering.postPlain(FRAME.want, slot, owner.slot, 0, 0);
        this.#sayWant();
      },
    );
  }

  /**
   * The quick way: encodes straight into the channel's batch. False if the message has to take the slow
   * one (there is no credit for it, others wait, or it carries addresses). Throws what the codec refuses.
   */
  sendNow(kind: FrameKind, correlation: number, value: unknown): boolean {
    const queue = this.#queue;
    if (queue.messages === 0 || queue.length > 0) return false;
    const { messageBytes } = this.terms;
    const limit = messageBytes < queue.bytes ? messageBytes : queue.bytes;
    let size: number | undefined;
    try {
      size = this.peering.postNow(kind, this.slot, this.#owner.slot, correlation, value, limit);
    } catch (error) {
      // Larger than the credit at hand, but perhaps not than a message may be: it waits for more.
      if (error instanceof CallError && error.code === 'too_large' && limit < messageBytes) return false;
      throw error;
    }
    if (size === undefined) return false;
    queue.messages--;
    queue.bytes -= size;
    if (kind === FRAME.call) this.#owner.callSent(correlation, this.peering, this.slot);
    return true;
  }

  send(sending: Sending): void {
    const queue = this.#queue;
    const local = this.peering.id === 0;
    // A policy that does not wait leaves nothing in the queue that would ask for more room: asked for
    // here, so that windows grow with use. The own mailbox answers before this returns, so that a send
    // to oneself is refused only if the mailbox really is full.
    const asks = queue.length === 0 && !queue.affords(sending) && (local || this.terms.overflow !== 'block');
    if (asks) this.#want(sending.bytes);
    queue.offer(sending, local);
    this.#sayWant();
  }

  /** What waited or was parked on a route; it goes behind what waits here already. */
  takeOver(sendings: readonly Sending[]): void {
    // They were accepted before the receiver's terms were known.
    for (const sending of sendings) this.#queue.enqueueFit(sending);
    this.#queue.pump();
    this.#sayWant();
  }

  /** What a route had sent and what has not left, in order: the route will send it another way. */
  giveBack(home: Sending['home']): readonly Sending[] {
    return this.#queue.takeOf(home);
  }

  /** Messages, casts and calls: what there was credit for and is not any more. */
  get sent(): number {
    return this.#allowed - this.#queue.messages;
  }

  /** Of what waits for room. */
  get waitingBytes(): number {
    return this.#queue.size;
  }

  granted(messages: number, bytes: number): void {
    this.#wantSent = false;
    this.#allowed += messages;
    this.#queue.grant(messages, bytes);
    this.#sayWant();
  }

  /** The peer or the sender is gone: what had not left. */
  end(): readonly Sending[] {
    this.#unblock();
    return this.#queue.takeAll();
  }

  #post(sending: Sending): void {
    const { kind, correlation, encoded } = sending;
    if (kind === FRAME.call) this.#owner.callSent(correlation, this.peering, this.slot);
    this.peering.postEncoded(kind, this.slot, this.#owner.slot, correlation, encoded);
  }

  /** Tells the receiver, once, that something waits and how large it is. */
  #sayWant(): void {
    const next = this.#queue.first;
    if (next === undefined) {
      this.#unblock();
      return;
    }
    this.#want(next.bytes);
    this.#blockedTimer ??= this.#owner.timers.start(BLOCKED_AFTER_MS, () => {
      this.#blockedTold = true;
      this.#owner.blocked(this, true);
    });
  }

  #want(bytes: number): void {
    if (this.#wantSent) return;
    this.#wantSent = true;
    this.peering.postPlain(FRAME.want, this.slot, this.#owner.slot, 0, bytes);
  }

  #unblock(): void {
    if (this.#blockedTimer !== undefined) this.#owner.timers.cancel(this.#blockedTimer);
    this.#blockedTimer = undefined;
    if (this.#blockedTold) this.#owner.blocked(this, false);
    this.#blockedTold = false;
  }
}
