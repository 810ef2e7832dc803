/**
 * A route: how one environment reaches what it names, by an address or by a name that may change hands.
 *
 *                  connected                gone, will come back
 *   connecting ───────────────► open ◄──────────────────────────► parked
 *       │ no such                 │ gone for good                    │ given up
 *       └────────────────────────►└─────────► closed ◄───────────────┘
 *
 * A name that is taken again leads from `closed` back to `open`, an address never does; and whoever sends to a name
 * that was nobody's asks anew (`connecting`), because he may have been told by its holder, who is quicker than the
 * kernel's notice. For the same reason the answer that a name is nobody's counts for what was sent before the
 * question was put; for what was sent since, it is put again.
 *
 * While there is no peer, as many messages as the first window of the stream to come are accepted and kept, in
 * order, and leave before anything newer when there is one; later ones wait as the policy says. What was sent
 * and reaches nobody is a dead letter, counted and reported.
 */
import { FIRST_WINDOW_BYTES, FIRST_WINDOW_MESSAGES } from '../channel/first-window.js';
import { FRAME, type FrameKind } from '../channel/frames.js';
import { CallError } from '../errors.js';
import type { MailboxTerms } from '../protocol/notices.js';
import type { UndeliveredCause } from '../protocol/system-calls.js';
import { bodyBytes, type Encoded } from './peer-channel.js';
import type { Destination } from './context.js';
import type { Contact, FirstContacts } from './first-contacts.js';
import type { PeerStream, StreamOwner } from './peer-stream.js';
import { addressRefused, refusesAddresses, SendQueue, settle, type Sending } from './send-queue.js';

export interface RouteOwner extends StreamOwner {
  readonly contacts: FirstContacts;
  route(destination: Destination): Route;
  /** Encodes apart from any channel; throws `CallError` `value_refused` or `too_large`. */
  encode(value: unknown, transfer: readonly ArrayBuffer[] | undefined, maxBytes: number): Encoded;
}

/** Holds until the first peer is known; the defaults of every mailbox. */
export const DEFAULT_TERMS: MailboxTerms = Object.freeze({
  capacity: 1000,
  capacityBytes: 16 * 1024 * 1024,
  messageBytes: 16 * 1024 * 1024,
  overflow: 'block',
  sendTimeoutMs: 5000,
});

/** What `send` gives where nothing is waited for. */
export const SENT = Promise.resolve();
/** What a frame's body may hold besides the value: the list of tickets. */
const ENVELOPE_BYTES = 64 * 1024;

export class Route implements Contact {
  /** For people: the name, or a word for the address. */
  readonly target: string;
  readonly #destination: Destination;
  readonly #owner: RouteOwner;
  #state: 'connecting' | 'open' | 'parked' | 'closed' = 'connecting';
  #stream: PeerStream | undefined;
  #queue: SendQueue;
  /** Sent, and waiting for their peer. */
  #parked: Sending[] = [];
  #cause: UndeliveredCause = 'no-such-name';
  #asked = 0;

  constructor(destination: Destination, owner: RouteOwner) {
    this.target = typeof destination === 'string' ? `'${destination}'` : 'an address';
    this.#destination = destination;
    this.#owner = owner;
    this.#queue = this.#freshQueue(DEFAULT_TERMS);
    owner.contacts.begin(this);
  }

  get state(): string {
    return this.#state;
  }

  /** Of a name that was nobody's: who holds it now has to be asked. True if it was such a one. */
  reopened(): boolean {
    if (!this.#wasNobodys) return false;
    this.#state = 'connecting';
    this.#queue = this.#freshQueue(this.#terms);
    this.#owner.contacts.begin(this);
    return true;
  }

  /** The kernel is being asked now who holds the name: the answer counts for all that was sent until here. */
  asked(): void {
    this.#asked++;
  }

  /** Nobody holds the name. True if that has to be asked again, for what was sent since. */
  nobody(): boolean {
    const kept = this.#takeKept();
    const since = kept.filter(({ asked }) => asked === this.#asked);
    if (this.#state !== 'connecting' || since.length === 0) {
      this.#close('no-such-name', kept);
      return false;
    }
    this.#deadLetters(kept.filter((sending) => !since.includes(sending)));
    this.#queue = this.#freshQueue(this.#terms);
    this.takeBack(since);
    this.#owner.contacts.again(this);
    return true;
  }

  get stream(): PeerStream | undefined {
    return this.#stream;
  }

  /** Sent messages that have not left: an environment that ends waits for their connection. */
  get unsettled(): number {
    return this.#state === 'connecting' ? this.#parked.length : 0;
  }

  get held(): number {
    return this.#parked.length + this.#queue.length;
  }

  /** Of what waits for a peer. */
  get waitingBytes(): number {
    return this.#parked.reduce((sum, { bytes }) => sum + bytes, this.#queue.size);
  }

  /** Sends what was encoded before; otherwise as `send`. */
  sendEncoded(kind: FrameKind, correlation: number, encoded: Encoded): Promise<void> {
    const { contacts } = this.#owner;
    if (contacts.holds(this)) return this.#sendLater(kind, correlation, encoded);
    return this.#sendEncoded(kind, correlation, encoded);
  }

  #sendLater(kind: FrameKind, correlation: number, encoded: Encoded): Promise<void> {
    return this.#owner.contacts.wait(this, () => {
      // Asked before this was sent, and found nobody's in the meantime: somebody may hold it by now.
      const route = this.#wasNobodys ? this.#owner.route(this.#destination) : this;
      return route.#sendEncoded(kind, correlation, encoded);
    });
  }

  #sendEncoded(kind: FrameKind, correlation: number, encoded: Encoded): Promise<void> {
    const bytes = bodyBytes(encoded);
    const { capacityBytes, messageBytes } = this.#terms;
    if (refusesAddresses(this.#terms, encoded)) return Promise.reject(addressRefused(this.target));
    if (bytes > Math.min(capacityBytes, messageBytes + ENVELOPE_BYTES)) {
      return Promise.reject(
        new CallError(
          'too_large',
          `the message (${String(bytes)} bytes) does not fit into the mailbox of ${this.target}`,
          {
            field: 'messageBytes',
            value: messageBytes,
          },
        ),
      );
    }
    return new Promise((resolve, reject) => {
      const sending: Sending = {
        kind,
        correlation,
        encoded,
        bytes,
        resolve,
        reject,
        home: this,
        asked: this.#asked,
        settled: false,
        timer: undefined,
        queue: undefined,
      };
      if (this.#stream !== undefined) this.#stream.send(sending);
      else if (this.#state === 'closed') this.#deadLetters([sending]);
      else this.#queue.offer(sending, false);
    });
  }

  /**
   * Resolves when the message is sent (or dropped, as the policy says); rejects with `CallError`
   * `full`, `too_large` or `value_refused`, and then it was not sent.
   */
  send(
    kind: FrameKind,
    correlation: number,
    value: unknown,
    transfer?: readonly ArrayBuffer[],
  ): Promise<void> {
    const stream = this.#stream;
    const held = this.#owner.contacts.holds(this);
    let encoded: Encoded;
    try {
      if (!held && stream !== undefined && transfer === undefined && stream.sendNow(kind, correlation, value))
        return SENT;
      encoded = this.#owner.encode(value, transfer, this.#terms.messageBytes);
    } catch (error) {
      // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors -- as it was thrown: a getter of the value may throw anything
      return Promise.reject(error);
    }
    if (held) return this.#sendLater(kind, correlation, encoded);
    return this.#sendEncoded(kind, correlation, encoded);
  }

  /** There is a peer: what was parked leaves first. */
  opened(stream: PeerStream): void {
    if (this.#stream === stream) return;
    this.#state = 'open';
    this.#stream = stream;
    const kept = this.#takeKept();
    if (kept.length > 0) stream.takeOver(kept);
    this.#owner.contacts.made(this);
  }

  /** The holder of the name is being restarted, moved or woken. */
  parked(): void {
    // While connecting, what was accepted was accepted into the same first window: nothing changes.
    if (this.#state === 'open' || this.#state === 'closed') this.#queue = this.#freshQueue(this.#terms);
    const left = this.#stream?.giveBack(this) ?? [];
    this.#state = 'parked';
    this.#stream = undefined;
    // What waited for room at the last holder goes before what is sent from now on.
    this.takeBack(left);
    this.#owner.contacts.made(this);
  }

  /** Nobody is there, and nobody is coming. */
  closed(cause: UndeliveredCause): void {
    this.#close(cause, this.#takeKept());
  }

  #close(cause: UndeliveredCause, kept: readonly Sending[]): void {
    this.#state = 'closed';
    this.#cause = cause;
    this.#stream = undefined;
    this.#deadLetters(kept);
    this.#owner.contacts.made(this);
  }

  /** What had not left when a peer went away: in order, before anything newer. */
  takeBack(sendings: readonly Sending[]): void {
    if (this.#state === 'closed' || this.#state === 'open') {
      // `open`: it is the next incarnation's stream already, or the name was given to another.
      if (this.#stream !== undefined) this.#stream.takeOver(sendings);
      else this.#deadLetters(sendings);
      return;
    }
    for (const sending of sendings) this.#queue.enqueue(sending);
    this.#queue.pump();
  }

  /**
   * Its own environment ends. What was parked is a dead letter; what was not sent ends with it, untold,
   * because its code does not run on.
   */
  senderEnded(): void {
    const kept = [...this.#takeKept(), ...(this.#stream?.end() ?? [])];
    this.#deadLetters(kept.filter((sending) => sending.settled));
    for (const { timer } of kept) if (timer !== undefined) this.#owner.timers.cancel(timer);
    this.#cause = 'dead';
    this.#state = 'closed';
    this.#stream = undefined;
  }

  get #wasNobodys(): boolean {
    return this.#state === 'closed' && this.#cause === 'no-such-name';
  }

  get #terms(): MailboxTerms {
    return this.#stream?.terms ?? this.#queue.terms;
  }

  #freshQueue(terms: MailboxTerms): SendQueue {
    const firstWindow = { messages: FIRST_WINDOW_MESSAGES, bytes: FIRST_WINDOW_BYTES };
    return new SendQueue(this.target, this.#owner, terms, firstWindow, (sending) => {
      this.#parked.push(sending);
      // Nobody knows yet whether they may go there: it is sent when it leaves.
      return this.#state !== 'connecting' || sending.encoded.references.length === 0;
    });
  }

  #takeKept(): readonly Sending[] {
    const kept = [...this.#parked, ...this.#queue.takeAll()];
    this.#parked = [];
    return kept;
  }

  #deadLetters(sendings: readonly Sending[]): void {
    if (sendings.length === 0) return;
    for (const sending of sendings) {
      if (sending.timer !== undefined) this.#owner.timers.cancel(sending.timer);
      if (sending.kind === FRAME.call) {
        this.#owner.callLost(
          sending.correlation,
          new CallError('noproc', `there is no environment behind ${this.target}`),
        );
      }
      settle(sending);
    }
    this.#owner.undelivered(this.target, this.#cause, sendings.length);
  }
}
