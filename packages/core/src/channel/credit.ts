/**
 * Credit: the receiver's account of what each sender may still send to one mailbox. Bounded
 * everywhere, whatever the senders do:
 *
 *     queued messages ≤ capacity + 8 × streams         (bytes likewise, with 64 kB × streams)
 *
 * A stream *holds* what it was granted and has not used, and what it has sent that lies unread. The
 * first window (8 messages, 64 kB) of every stream is its own: it never depends on what others hold,
 * so no set of idle or greedy senders can starve a new one. Everything above comes out of the
 * mailbox's capacity, the pool:
 *
 *     pool used = Σ over streams of max(0, held − first window) ≤ capacity
 *
 * Windows grow fourfold while a sender keeps using them up, to a ceiling that falls with the number of
 * streams, and are topped up when a quarter is used, so a steady sender is granted a batch at a time and
 * need not wait for the round trip of its last one.
 *
 * Where a mailbox takes so many messages a second, no more is granted, but for first windows; and no more than a
 * second's worth lies granted or unread. So in any t seconds there arrive at most
 *
 *     perSecond × (t + 1.1) + 1 + 8 × streams
 */
import { FIRST_WINDOW_BYTES, FIRST_WINDOW_MESSAGES } from './first-window.js';
import type { Pace } from './pace.js';

export interface MailboxBounds {
  /** Messages. */
  readonly capacity: number;
  readonly capacityBytes: number;
}

export class StreamCredit {
  /** What the sender may still send, as the receiver knows it. */
  messages = FIRST_WINDOW_MESSAGES;
  bytes = FIRST_WINDOW_BYTES;
  /** What it has sent that lies unread. */
  queued = 0;
  queuedBytes = 0;
  window = FIRST_WINDOW_MESSAGES;
  windowBytes = FIRST_WINDOW_BYTES;
  /** The size of the message that the sender says it is waiting to send; 0 if it waits for none. */
  wanted = 0;
  hungry = false;
  closed = false;
}

export class CreditAccount<S extends StreamCredit> {
  readonly #bounds: MailboxBounds;
  readonly #grant: (stream: S, messages: number, bytes: number) => void;
  readonly #pace: Pace | undefined;
  readonly #hungry: S[] = [];
  #streams = 0;
  #poolMessages = 0;
  #poolBytes = 0;

  constructor(
    { capacity, capacityBytes }: MailboxBounds,
    grant: (stream: S, messages: number, bytes: number) => void,
    pace?: Pace,
  ) {
    this.#bounds = { capacity: Math.min(capacity, pace?.perSecond ?? capacity), capacityBytes };
    this.#grant = grant;
    this.#pace = pace;
  }

  /** Nothing more is granted to who waits. */
  stop(): void {
    this.#pace?.stop();
  }

  open(): void {
    this.#streams++;
  }

  /** The stream will send no more; what lies unread of it is still counted until it is read. */
  close(stream: S): void {
    this.#streams--;
    stream.closed = true;
    this.#hold(stream, -stream.messages, -stream.bytes);
    stream.messages = 0;
    stream.bytes = 0;
    stream.wanted = 0;
    this.#feed();
  }

  /** A message came. False if the sender had no credit for it: then it is to be cut off. */
  arrived(stream: S, bytes: number): boolean {
    if (stream.messages < 1 || stream.bytes < bytes) return false;
    // Granted turns into queued: what the stream holds stays the same, and so does the pool.
    stream.messages--;
    stream.bytes -= bytes;
    stream.queued++;
    stream.queuedBytes += bytes;
    // One that still waits for room has sent something smaller meanwhile.
    if (!stream.hungry) stream.wanted = 0;
    return true;
  }

  /** A message was taken out of the mailbox: there is room again. */
  taken(stream: S, bytes: number): void {
    this.#hold(stream, 0, 0, -1, -bytes);
    const low = stream.messages * 2 <= stream.window || stream.bytes * 2 <= stream.windowBytes;
    // What lay unread of a stream that is closed comes out; nobody is there to be granted more.
    if (low && !stream.closed) this.#topUp(stream);
    if (this.#hungry.length > 0) this.#feed();
  }

  /** The sender has used up its window and waits; its next message is so large. 0: it waits no more. */
  wants(stream: S, bytes: number): void {
    stream.wanted = bytes;
    if (bytes === 0) return;
    // One sender may have most of the capacity in flight (measured: with half of it, both ends of a
    // one-way stream were idle for half of the time), many of them a share each.
    const share = 3 / (3 + this.#streams);
    const ceiling = Math.max(FIRST_WINDOW_MESSAGES, Math.floor(this.#bounds.capacity * share));
    const ceilingBytes = Math.max(FIRST_WINDOW_BYTES, Math.floor(this.#bounds.capacityBytes * share));
    stream.window = Math.min(ceiling, stream.window * 4);
    stream.windowBytes = Math.min(ceilingBytes, stream.windowBytes * 4);
    this.#topUp(stream);
  }

  /** `inTurn`: those who waited longer have been served. */
  #topUp(stream: S, inTurn = this.#hungry.length === 0): void {
    const roomMessages = this.#room(
      stream.messages + stream.queued,
      FIRST_WINDOW_MESSAGES,
      this.#bounds.capacity - this.#poolMessages,
    );
    const heldBytes = stream.bytes + stream.queuedBytes;
    const roomBytes = this.#room(heldBytes, FIRST_WINDOW_BYTES, this.#bounds.capacityBytes - this.#poolBytes);
    // Windows that only stand ready get half of the bytes: the other half is for who waits with a large
    // message, and can never be held by senders that are silent.
    const spareBytes = this.#room(
      heldBytes,
      FIRST_WINDOW_BYTES,
      Math.floor(this.#bounds.capacityBytes / 2) - this.#poolBytes,
    );
    const paced = this.#pace === undefined ? Infinity : inTurn ? this.#pace.tokens : 0;
    const messages = Math.max(0, Math.min(stream.window - stream.messages, roomMessages, paced));
    const grown = Math.min(stream.windowBytes - stream.bytes, spareBytes);
    const bytes = Math.max(0, grown, Math.min(stream.wanted - stream.bytes, roomBytes));
    // A waiting sender is helped only by enough for its next message; a crumb would cost a frame each.
    const enough = stream.messages + messages > 0 && stream.bytes + bytes >= Math.max(1, stream.wanted);
    if (enough) {
      stream.wanted = 0;
      // It may have been granted enough already, by a grant that is under way.
      if (messages === 0 && bytes === 0) return;
      this.#hold(stream, messages, bytes);
      this.#pace?.take(messages);
      this.#grant(stream, messages, bytes);
    } else if (stream.wanted > 0 && !stream.hungry) {
      stream.hungry = true;
      this.#hungry.push(stream);
      this.#waitsForPace();
    }
  }

  /** Serves those who wait, in the order in which they came, as far as there is room. */
  #feed(): void {
    for (let n = this.#hungry.length; n > 0; n--) {
      if (this.#waitsForPace()) return;
      const stream = this.#hungry.shift() as S;
      stream.hungry = false;
      if (stream.wanted > 0) this.#topUp(stream, true);
    }
  }

  /** Who is first then has its turn: those behind do not overtake it. */
  #waitsForPace(): boolean {
    if (this.#pace === undefined || this.#pace.tokens >= 1) return false;
    this.#pace.whenMore(() => this.#feed());
    return true;
  }

  #room(held: number, first: number, pool: number): number {
    return Math.max(0, first - held) + Math.max(0, pool);
  }

  #hold(stream: S, messages: number, bytes: number, queued = 0, queuedBytes = 0): void {
    const before = Math.max(0, stream.messages + stream.queued - FIRST_WINDOW_MESSAGES);
    const beforeBytes = Math.max(0, stream.bytes + stream.queuedBytes - FIRST_WINDOW_BYTES);
    stream.messages += messages;
    stream.bytes += bytes;
    stream.queued += queued;
    stream.queuedBytes += queuedBytes;
    this.#poolMessages += Math.max(0, stream.messages + stream.queued - FIRST_WINDOW_MESSAGES) - before;
    this.#poolBytes += Math.max(0, stream.bytes + stream.queuedBytes - FIRST_WINDOW_BYTES) - beforeBytes;
  }
}
