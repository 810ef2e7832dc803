/**
 * The codec of control links: system calls and notices are plain data of a few fixed kinds, and the
 * kernel reads nothing else. What guests send each other is encoded by the guests' own codec (values/)
 * and is bytes to the kernel. So a mistake in the large codec cannot be one of the kernel's.
 *
 *   value  = 0 undefined | 1 null | 2 false | 3 true
 *          | 4 number: 8 bytes, IEEE 754, little-endian
 *          | 5 text, one byte a code unit | 6 text, two bytes: u32 length in code units, then they
 *          | 7 bytes: u32 length, then they
 *          | 8 list: u32 length, values
 *          | 9 record: u32 length, then key (as text) and value, in turn
 *
 * The reader trusts nothing: lengths are checked against the bytes that remain, depth is bounded, and a
 * record has no prototype whose setters a key could reach.
 */
import type { FrameCodec } from '../channel/frame-codec.js';
import type { ByteWriter } from '../values/byte-writer.js';
import type { TextCodec } from '../values/text-codec.js';

/** A tree's spec takes four for each level, and may have 64 levels. */
const MAX_DEPTH = 512;
const NOT_ONE_BYTE = /[^\0-\xff]/;

/** Thrown for bytes that are no plain value, and for values that are none. */
export class NotPlain extends TypeError {}

/** The frame codec of a control link. It has no state: it may serve several channels. */
export function plainCodec(text: TextCodec): FrameCodec {
  return {
    reentered: () => new NotPlain('a value that runs code while it is read'),
    encode(writer, value, maxBytes) {
      const start = writer.offset;
      writer.begin(maxBytes);
      try {
        new PlainWriter(writer, text).value(value, 0);
      } catch (error) {
        writer.offset = start;
        throw error;
      } finally {
        writer.end();
      }
    },
    decode(bytes, start, end) {
      const reader = new PlainReader(bytes, start, end, text);
      const value = reader.value(0);
      if (reader.at !== end) throw new NotPlain('bytes are left over');
      return value;
    },
    decodeStandalone() {
      throw new NotPlain('no system call and no notice carries addresses');
    },
  };
}

class PlainWriter {
  readonly #out: ByteWriter;
  readonly #text: TextCodec;

  constructor(out: ByteWriter, text: TextCodec) {
    this.#out = out;
    this.#text = text;
  }

  value(value: unknown, depth: number): void {
    if (depth > MAX_DEPTH) throw new NotPlain('too deep');
    if (value === undefined) this.#tag(0);
    else if (value === null) this.#tag(1);
    else if (typeof value === 'boolean') this.#tag(value ? 3 : 2);
    else if (typeof value === 'number') this.#number(value);
    else if (typeof value === 'string') this.#string(value);
    else if (value instanceof Uint8Array) this.#bytes(value);
    else if (Array.isArray(value)) this.#list(value, depth);
    else if (typeof value === 'object') this.#record(value, depth);
    else throw new NotPlain(`a ${typeof value} is no plain value`);
  }

  #number(value: number): void {
    const out = this.#out;
    this.#tag(4);
    out.ensure(8);
    new DataView(out.bytes.buffer).setFloat64(out.offset, value, true);
    out.offset += 8;
  }

  #string(value: string): void {
    const out = this.#out;
    const wide = NOT_ONE_BYTE.test(value);
    const bytes = wide ? value.length * 2 : value.length;
    this.#tag(wide ? 6 : 5);
    out.u32(value.length);
    out.ensure(bytes);
    if (wide) this.#text.writeUtf16(out.bytes, value, out.offset);
    else this.#text.writeLatin1(out.bytes, value, out.offset);
    out.offset += bytes;
  }

  #bytes(value: Uint8Array): void {
    this.#tag(7);
    this.#out.u32(value.length);
    this.#out.raw(value);
  }

  #list(value: readonly unknown[], depth: number): void {
    this.#tag(8);
    this.#out.u32(value.length);
    for (const item of value) this.value(item, depth + 1);
  }

  #record(value: object, depth: number): void {
    const entries = Object.entries(value);
    this.#tag(9);
    this.#out.u32(entries.length);
    for (const [key, item] of entries) {
      this.#string(key);
      this.value(item, depth + 1);
    }
  }

  #tag(tag: number): void {
    this.#out.u8(tag);
  }
}

class PlainReader {
  at: number;
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  readonly #end: number;
  readonly #text: TextCodec;

  constructor(bytes: Uint8Array, start: number, end: number, text: TextCodec) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.at = start;
    this.#end = end;
    this.#text = text;
  }

  value(depth: number): unknown {
    if (depth > MAX_DEPTH) throw new NotPlain('too deep');
    const tag = this.#bytes[this.#take(1)];
    switch (tag) {
      case 0:
        return undefined;
      case 1:
        return null;
      case 2:
        return false;
      case 3:
        return true;
      case 4:
        return this.#view.getFloat64(this.#take(8), true);
      case 5:
      case 6:
        return this.#string(tag);
      case 7: {
        const length = this.#length(1);
        const start = this.#take(length);
        return this.#bytes.slice(start, start + length);
      }
      case 8:
        return Array.from({ length: this.#length(1) }, () => this.value(depth + 1));
      case 9:
        return this.#record(depth);
      default:
        throw new NotPlain('an unknown tag');
    }
  }

  #string(tag: 5 | 6): string {
    const length = this.#length(tag === 5 ? 1 : 2);
    const start = this.#take(tag === 5 ? length : 2 * length);
    return tag === 5
      ? this.#text.readLatin1(this.#bytes, start, this.at)
      : this.#text.readUtf16(this.#bytes, start, this.at);
  }

  #record(depth: number): object {
    const record: Record<string, unknown> = {};
    for (let n = this.#length(6); n > 0; n--) {
      const tag = this.#bytes[this.#take(1)];
      if (tag !== 5 && tag !== 6) throw new NotPlain('a key that is no text');
      const key = this.#string(tag);
      // Assigned, it would reach the setter of the prototype.
      if (key === '__proto__') throw new NotPlain('a key that no record has');
      record[key] = this.value(depth + 1);
    }
    return record;
  }

  /** A length of which each unit needs at least so many of the bytes that remain. */
  #length(unitBytes: number): number {
    const length = this.#view.getUint32(this.#take(4), true);
    if (length * unitBytes > this.#end - this.at) throw new NotPlain('a length beyond the end');
    return length;
  }

  #take(count: number): number {
    const start = this.at;
    if (start + count > this.#end) throw new NotPlain('cut off');
    this.at = start + count;
    return start;
  }
}
