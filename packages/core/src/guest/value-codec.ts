/** The codec of messages: one per channel, for its shape tables belong to the stream. */
import { MAX_FRAME_BYTES } from '../channel/channel.js';
import { WAITS, type FrameCodec } from '../channel/frame-codec.js';
import { readU16, readU32 } from '../channel/frames.js';
import { CallError } from '../errors.js';
import { reentered } from '../values/refusal.js';
import {
  ValueDecoder,
  ValueEncoder,
  type ByteWriter,
  type Reference,
  type TextCodec,
} from '../values/index.js';

/** Thrown for a value that holds references: it is encoded apart, and goes with tickets. */
export const NEEDS_TICKETS = Symbol('needs tickets');

export class ValueCodec implements FrameCodec {
  readonly #encoder: ValueEncoder;
  readonly #decoder: ValueDecoder;
  readonly #standaloneDecoder: ValueDecoder;

  /** `includeStack`: error stacks cross only inside one trust class. */
  constructor(text: TextCodec, includeStack: boolean) {
    this.#encoder = new ValueEncoder({ maxBytes: MAX_FRAME_BYTES, includeStack, text });
    this.#decoder = new ValueDecoder({ text });
    this.#standaloneDecoder = new ValueDecoder({ text });
  }

  reentered(): Error {
    return reentered();
  }

  encode(writer: ByteWriter, value: unknown, maxBytes: number): void {
    this.#encoder.encode(writer, value, NO_REFERENCES, undefined, maxBytes);
  }

  decode(bytes: Uint8Array, start: number, end: number): unknown {
    return this.#decoder.decode(bytes, start, end);
  }

  decodeStandalone(
    bytes: Uint8Array,
    start: number,
    end: number,
    ticket: (ticket: number) => Reference | undefined,
    moved: readonly ArrayBuffer[],
  ): unknown {
    const count = start + 2 <= end ? readU16(bytes, start) : 0;
    const body = start + 2 + count * 4;
    if (body > end) throw new CallError('malformed', 'a list of tickets is cut off');
    const references: Reference[] = [];
    for (let at = start + 2; at < body; at += 4) {
      const reference = ticket(readU32(bytes, at));
      if (reference === undefined) return WAITS;
      references.push(reference);
    }
    const read = (slot: number): Reference => references[slot] ?? NO_REFERENCES.write();
    return this.#standaloneDecoder.decode(bytes, body, end, { read }, moved);
  }
}

const NO_REFERENCES = {
  write(): never {
    // eslint-disable-next-line @typescript-eslint/only-throw-error -- a sentinel, not a failure; an Error costs 2 µs
    throw NEEDS_TICKETS;
  },
};
