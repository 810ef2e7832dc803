/**
 * A channel is an ordered stream of frames over one link: it batches what is sent, numbers it, and
 * takes apart and checks what arrives. It knows nothing of mailboxes, credit or calls.
 *
 * Invariants:
 * - Values are encoded when `sendValue` is called; a refused value leaves no trace in the stream.
 * - Frames of one turn leave together: after the turn, at 128 frames, or at 16 kB, whichever is first.
 *   What answers a single message leaves as soon as the code that waited for it has run once: an answer
 *   has nothing to wait for, and a callback after the turn costs 0.6 µs (measured, a tenth of the way).
 * - Frames are dispatched one at a time and never nested: what arrives while a frame is being handled
 *   waits for its turn.
 * - A frame that names a ticket that is not here yet stops the channel there (the notice is on its way
 *   over the control link); `resume()` goes on. So order holds, and nobody waits for a round trip.
 * - Whatever does not parse is a violation: it is reported once, and the channel delivers no more.
 */
import type { AfterTurn } from '../clock.js';
import { ByteWriter } from '../values/byte-writer.js';
import type { Reference } from '../values/reference.js';
import type { ChannelOptions, ChannelReceiver } from './channel-receiver.js';
import { WAITS, type FrameCodec } from './frame-codec.js';
import {
  FLAG,
  FRAME,
  HEADER_BYTES,
  PROTOCOL_VERSION,
  readU16,
  readU32,
  writeHeader,
  writeLength,
  type FrameKind,
} from './frames.js';
import type { Link, LinkEnd, Transfer } from './link.js';

export const MAX_BATCH_FRAMES = 128;
const MAX_BATCH_BYTES = 16 * 1024;
/** No frame is larger; the bound on a message (`messageBytes`) is below it. */
export const MAX_FRAME_BYTES = 1 << 30;

interface Batch {
  readonly bytes: Uint8Array;
  readonly transfers: readonly Transfer[];
}

const NO_TRANSFERS: readonly Transfer[] = [];
const NO_BATCH: Batch = { bytes: new Uint8Array(), transfers: NO_TRANSFERS };

/** By kind of frame: whether its body is a value, at most a number, or neither. */
const BODY: readonly ('value' | 'number' | undefined)[] = Array.from({ length: 256 }, (_, kind) => {
  if ((kind >= FRAME.message && kind <= FRAME.failure) || kind === FRAME.control) return 'value';
  return (kind >= FRAME.cancel && kind <= FRAME.forget) || kind === FRAME.prolong ? 'number' : undefined;
});

export class Channel {
  readonly #link: Link;
  readonly #receiver: ChannelReceiver;
  readonly #afterTurn: AfterTurn;
  readonly #codec: FrameCodec;
  readonly #writer = new ByteWriter(MAX_BATCH_BYTES + 4096);

  #transfers: Transfer[] = [];
  #frames = 0;
  #sequence = 0;
  #flushDue = false;
  #closed = false;
  #encoding = false;

  /** The batch that is being read, at `#at`; those behind it wait in a copy of their own. */
  #batch = NO_BATCH;
  #at = 0;
  #transfersRead = 0;
  readonly #waiting: Batch[] = [];
  #expected = 0;
  #dispatching = false;
  /** Frames with a value in the dispatch under way. */
  #valuesRead = 0;
  #endSeen = false;
  #broken = false;

  constructor(options: ChannelOptions) {
    this.#link = options.link;
    this.#receiver = options.receiver;
    this.#afterTurn = options.afterTurn;
    this.#codec = options.codec;
    // Leaves with the first frame that somebody means.
    this.#flushDue = true;
    this.sendPlain(FRAME.hello, 0, 0, PROTOCOL_VERSION);
    this.#flushDue = false;
    this.#link.receive({
      batch: (bytes, transfers) => this.#arrived(bytes, transfers),
      end: () => {
        this.#endSeen = true;
        this.#dispatch();
      },
    });
  }

  /**
   * Sends a value, encoded now with the stream's tables; `ends` only from the kernel. Returns the size of its body in bytes.
   * Throws what the codec throws; then nothing was sent.
   */
  sendValue(
    kind: FrameKind,
    to: number,
    from: number,
    correlation: number,
    value: unknown,
    maxBytes: number,
    ends: readonly LinkEnd[] = [],
  ): number {
    const writer = this.#writer;
    const at = this.#begin(kind, 0, to, from, correlation, ends);
    this.#encoding = true;
    try {
      this.#codec.encode(writer, value, maxBytes);
    } catch (error) {
      writer.offset = at;
      throw error;
    } finally {
      this.#encoding = false;
    }
    return this.#commit(at);
  }

  /** Sends a value that was encoded before with `encodeOnce`, with a ticket for each of its references. */
  sendEncoded(
    kind: FrameKind,
    to: number,
    from: number,
    correlation: number,
    body: Uint8Array,
    tickets: readonly number[] = [],
    transfers: readonly Transfer[] = NO_TRANSFERS,
  ): void {
    const at = this.#begin(kind, FLAG.standalone, to, from, correlation, transfers);
    this.#u16(tickets.length);
    for (const ticket of tickets) this.#writer.u32(ticket);
    this.#writer.raw(body);
    this.#commit(at);
  }

  /** Sends a frame that carries at most one number. */
  sendPlain(kind: FrameKind, to: number, from: number, correlation: number, number?: number): void {
    const at = this.#begin(kind, 0, to, from, correlation);
    if (number !== undefined) this.#writer.u32(number);
    this.#commit(at);
  }

  /** What was sent leaves now. */
  flush(): void {
    if (this.#frames === 0 || this.#closed) return;
    this.#frames = 0;
    const batch = this.#writer.written();
    this.#writer.restart();
    const transfers = this.#transfers;
    if (transfers.length > 0) this.#transfers = [];
    this.#link.send(batch, transfers);
  }

  /** Delivers at once whatever has arrived. */
  drain(): void {
    if (!this.#closed) this.#link.drain();
  }

  /** A ticket has come that a frame may have been waiting for. */
  resume(): void {
    this.#dispatch();
  }

  /** Flushes, then closes; nothing is delivered afterwards. */
  close(): void {
    if (this.#closed) return;
    this.flush();
    this.#closed = true;
    this.#discard();
    this.#link.close();
  }

  get closed(): boolean {
    return this.#closed;
  }

  #begin(
    kind: FrameKind,
    flags: number,
    to: number,
    from: number,
    correlation: number,
    transfers = NO_TRANSFERS,
  ): number {
    const writer = this.#writer;
    if (this.#encoding) throw this.#codec.reentered();
    writer.ensure(HEADER_BYTES);
    const at = writer.offset;
    const moves = transfers.length > 0 ? FLAG.transfers : 0;
    writeHeader(writer.bytes, at, kind, flags | moves, to, from, this.#sequence, correlation);
    writer.offset = at + HEADER_BYTES;
    if (moves === 0) return at;
    this.#u16(transfers.length);
    this.#transfers.push(...transfers);
    return at;
  }

  #commit(at: number): number {
    const writer = this.#writer;
    const length = writer.offset - at - HEADER_BYTES;
    writeLength(writer.bytes, at, length);
    this.#sequence = (this.#sequence + 1) >>> 0;
    if (++this.#frames >= MAX_BATCH_FRAMES || writer.offset >= MAX_BATCH_BYTES) {
      this.flush();
    } else if (!this.#flushDue) {
      this.#flushDue = true;
      // While a batch is being read it is not known yet whether this answers it: see #planFlush.
      if (!this.#dispatching) this.#afterTurn(this.#flushDueNow);
    }
    return length;
  }

  readonly #ticket = (ticket: number): Reference | undefined => this.#receiver.ticket(ticket);

  readonly #flushDueNow = (): void => {
    this.#flushDue = false;
    this.flush();
  };

  #u16(value: number): void {
    this.#writer.u8(value & 0xff);
    this.#writer.u8(value >>> 8);
  }

  #arrived(bytes: Uint8Array, transfers: readonly Transfer[]): void {
    // Nothing more is read, so nothing is to be kept either.
    if (this.#broken) return;
    if (this.#dispatching || this.#batch !== NO_BATCH) {
      this.#waiting.push({ bytes: bytes.slice(), transfers });
      return;
    }
    const batch = { bytes, transfers };
    this.#batch = batch;
    this.#dispatch();
    // Stopped in the middle of it, at a ticket: the bytes are the link's own again after this call.
    if (this.#batch === batch) this.#batch = { bytes: bytes.slice(), transfers };
  }

  #dispatch(): void {
    if (this.#dispatching) return;
    this.#dispatching = true;
    this.#valuesRead = 0;
    const flushWasDue = this.#flushDue;
    try {
      while (!this.#closed && !this.#broken) {
        if (this.#at < this.#batch.bytes.length) {
          if (!this.#frame(this.#batch)) break;
        } else {
          this.#batch = this.#waiting.shift() ?? NO_BATCH;
          this.#at = 0;
          this.#transfersRead = 0;
          if (this.#batch === NO_BATCH) break;
        }
      }
      if (this.#endSeen && !this.#closed && (this.#batch === NO_BATCH || this.#broken)) {
        this.#endSeen = false;
        this.#receiver.ended();
      }
    } finally {
      this.#dispatching = false;
      if (!flushWasDue) this.#planFlush();
    }
  }

  #planFlush(): void {
    if (this.#valuesRead === 1 && !this.#closed) {
      this.#flushDue = true;
      // Behind the reaction of whoever waited for the message.
      this.#afterTurn(this.#flushDueNow, true);
    } else if (this.#flushDue) {
      this.#afterTurn(this.#flushDueNow);
    }
  }

  /** Reads one frame. False if it has to wait for a ticket, or broke the channel. */
  #frame({ bytes, transfers }: Batch): boolean {
    const at = this.#at;
    if (at + HEADER_BYTES > bytes.length) return this.#violate('a frame header is cut off');
    const kind = bytes[at] as FrameKind;
    const flags = bytes[at + 1] as number;
    const to = readU16(bytes, at + 2);
    const from = readU16(bytes, at + 4);
    const correlation = readU32(bytes, at + 10);
    const length = readU32(bytes, at + 14);
    let body = at + HEADER_BYTES;
    const end = body + length;
    if (end > bytes.length) return this.#violate('a frame body is cut off');
    if (readU32(bytes, at + 6) !== this.#expected) return this.#violate('a frame is missing or came twice');
    if (this.#expected === 0) {
      if (kind !== FRAME.hello || correlation !== PROTOCOL_VERSION)
        return this.#violate('the version differs');
      this.#next(end);
      return true;
    }
    const carries = BODY[kind];
    if (carries === 'number') {
      this.#next(end);
      this.#receiver.plain(kind, to, from, correlation, length >= 4 ? readU32(bytes, body) : 0);
      return true;
    }
    if (carries !== 'value') return this.#violate('the kind of a frame is unknown');

    let moved = NO_TRANSFERS;
    if ((flags & FLAG.transfers) !== 0) {
      if (body + 2 > end) return this.#violate('a list of transfers is cut off');
      const count = readU16(bytes, body);
      body += 2;
      moved = transfers.slice(this.#transfersRead, this.#transfersRead + count);
      if (moved.length !== count) return this.#violate('a transferred buffer is missing');
    }
    let value: unknown;
    try {
      value =
        (flags & FLAG.standalone) === 0
          ? this.#codec.decode(bytes, body, end)
          : this.#codec.decodeStandalone(bytes, body, end, this.#ticket, moved as readonly ArrayBuffer[]);
      if (value === WAITS) return false;
    } catch {
      return this.#violate('a value is malformed');
    }
    this.#transfersRead += moved.length;
    this.#valuesRead++;
    this.#next(end);
    this.#receiver.value(kind, to, from, correlation, value, length + bytesMoved(moved), moved);
    return true;
  }

  #next(end: number): void {
    this.#at = end;
    this.#expected = (this.#expected + 1) >>> 0;
  }

  #discard(): void {
    this.#batch = NO_BATCH;
    this.#waiting.length = 0;
  }

  #violate(problem: string): false {
    this.#broken = true;
    this.#discard();
    this.#receiver.violation(problem);
    return false;
  }
}

/** Buffers that move are no part of the body, and take their room all the same. */
export function bytesMoved(transfers: readonly Transfer[]): number {
  let bytes = 0;
  for (const moved of transfers) if (moved instanceof ArrayBuffer) bytes += moved.byteLength;
  return bytes;
}
