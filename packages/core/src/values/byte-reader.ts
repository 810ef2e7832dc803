/**
 * Reads what ByteWriter wrote, trusting none of it.
 *
 * Invariants: nothing is read at or beyond `end`; nothing is allocated for a length before it has
 * been compared with the bytes that remain. Each breach throws `malformed`.
 */
import { malformed } from './malformed.js';
import { LATIN1_STRING, SHORT_STRING, SHORT_STRING_LIMIT, UTF16_STRING } from './wire.js';
import type { TextCodec } from './text-codec.js';
import { ShortStrings } from './short-strings.js';

const NO_BYTES = new Uint8Array(0);
/** The words of a double on their way through; a DataView for each frame would cost more. */
const words = new Uint32Array(2);
const double = new Float64Array(words.buffer);
const bigInt = new BigInt64Array(words.buffer);
const LOW_WORD = new Uint8Array(new Uint16Array([1]).buffer)[0] === 1 ? 0 : 1;

export class ByteReader {
  bytes: Uint8Array = NO_BYTES;
  offset = 0;
  end = 0;
  readonly #text: TextCodec;
  readonly #short: ShortStrings;

  constructor(text: TextCodec) {
    this.#text = text;
    this.#short = new ShortStrings(text);
  }

  open(bytes: Uint8Array, start: number, end: number): void {
    if (!(start >= 0 && start <= end && end <= bytes.length))
      throw malformed('the range lies outside the bytes');
    this.bytes = bytes;
    this.offset = start;
    this.end = end;
  }

  close(): void {
    this.bytes = NO_BYTES;
    this.offset = 0;
    this.end = 0;
  }

  /** Throws unless `count` more bytes are there. */
  need(count: number): void {
    if (count > this.end - this.offset) throw malformed('it ends too early');
  }

  u8(): number {
    if (this.offset >= this.end) throw malformed('it ends too early');
    return this.bytes[this.offset++] as number;
  }

  u32(): number {
    this.need(4);
    const { bytes } = this;
    const at = this.offset;
    this.offset = at + 4;
    return (
      ((bytes[at] as number) |
        ((bytes[at + 1] as number) << 8) |
        ((bytes[at + 2] as number) << 16) |
        ((bytes[at + 3] as number) << 24)) >>>
      0
    );
  }

  varint(): number {
    let value = this.u8();
    if (value < 0x80) return value;
    value &= 0x7f;
    for (let shift = 7; shift < 35; shift += 7) {
      const byte = this.u8();
      if (shift === 28 && byte > 0x0f) break;
      value |= (byte & 0x7f) << shift;
      if (byte < 0x80) return value >>> 0;
    }
    throw malformed('a number is too long');
  }

  /** The number of parts that follow, each at least `leastBytes` long. */
  count(leastBytes: number): number {
    const count = this.varint();
    if (count * leastBytes > this.end - this.offset) throw malformed('it ends too early');
    return count;
  }

  float64(): number {
    words[LOW_WORD] = this.u32();
    words[1 - LOW_WORD] = this.u32();
    return double[0] as number;
  }

  bigInt64(): bigint {
    words[LOW_WORD] = this.u32();
    words[1 - LOW_WORD] = this.u32();
    return bigInt[0] as bigint;
  }

  /** A string with its tag. */
  string(): string {
    const tag = this.u8();
    if (tag >= SHORT_STRING && tag < SHORT_STRING + SHORT_STRING_LIMIT)
      return this.shortString(tag - SHORT_STRING);
    if (tag === LATIN1_STRING || tag === UTF16_STRING) return this.longString(tag);
    throw malformed('a string was expected');
  }

  shortString(length: number): string {
    if (length > this.end - this.offset) throw malformed('it ends too early');
    const at = this.offset;
    this.offset = at + length;
    return this.#short.read(this.bytes, at, length);
  }

  longString(tag: number): string {
    const unitBytes = tag === UTF16_STRING ? 2 : 1;
    const length = this.count(unitBytes) * unitBytes;
    const at = this.offset;
    this.offset = at + length;
    return tag === UTF16_STRING
      ? this.#text.readUtf16(this.bytes, at, at + length)
      : this.#text.readLatin1(this.bytes, at, at + length);
  }
}
