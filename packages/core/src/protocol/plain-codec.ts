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
        write(writer, text, value, 0);
      } catch (error) {
        writer.offset = start;
        throw error;
      } finally {
        writer.end();
      }
    },
    decode(bytes, start, end) {
      return read(bytes, start, end, text);
    },
    decodeStandalone() {
      throw new NotPlain('no system call and no notice carries addresses');
    },
  };
}

function write(out: ByteWriter, text: TextCodec, value: unknown, depth: number): void {
  if (depth > MAX_DEPTH) throw new NotPlain('too deep');
  if (value === undefined) out.u8(0);
  else if (value === null) out.u8(1);
  else if (typeof value === 'boolean') out.u8(value ? 3 : 2);
  else if (typeof value === 'number') {
    out.u8(4);
    out.ensure(8);
    out.view.setFloat64(out.offset, value, true);
    out.offset += 8;
  } else if (typeof value === 'string') writeText(out, text, value);
  else if (value instanceof Uint8Array) {
    out.u8(7);
    out.u32(value.length);
    out.raw(value);
  } else if (Array.isArray(value)) {
    out.u8(8);
    out.u32(value.length);
    for (const item of value) write(out, text, item, depth + 1);
  } else if (typeof value === 'object') {
    const entries = Object.entries(value);
    out.u8(9);
    out.u32(entries.length);
    for (const [key, item] of entries) {
      writeText(out, text, key);
      write(out, text, item, depth + 1);
    }
  } else throw new NotPlain(`a ${typeof value} is no plain value`);
}

function writeText(out: ByteWriter, text: TextCodec, value: string): void {
  const wide = NOT_ONE_BYTE.test(value);
  const bytes = wide ? value.length * 2 : value.length;
  out.u8(wide ? 6 : 5);
  out.u32(value.length);
  out.ensure(bytes);
  if (wide) text.writeUtf16(out.bytes, value, out.offset);
  else text.writeLatin1(out.bytes, value, out.offset);
  out.offset += bytes;
}

/** Reads one value, which must end where the bytes do. */
function read(bytes: Uint8Array, start: number, end: number, text: TextCodec): unknown {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let at = start;
  const take = (count: number): number => {
    const from = at;
    if (from + count > end) throw new NotPlain('cut off');
    at = from + count;
    return from;
  };
  /** A length of which each unit needs at least so many of the bytes that remain. */
  const length = (unitBytes: number): number => {
    const units = view.getUint32(take(4), true);
    if (units * unitBytes > end - at) throw new NotPlain('a length beyond the end');
    return units;
  };
  const string = (tag: 5 | 6): string => {
    const units = length(tag === 5 ? 1 : 2);
    const from = take(tag === 5 ? units : 2 * units);
    return tag === 5 ? text.readLatin1(bytes, from, at) : text.readUtf16(bytes, from, at);
  };
  const record = (depth: number): object => {
    const fields: Record<string, unknown> = {};
    for (let n = length(6); n > 0; n--) {
      const tag = bytes[take(1)];
      if (tag !== 5 && tag !== 6) throw new NotPlain('a key that is no text');
      const key = string(tag);
      // Assigned, it would reach the setter of the prototype.
      if (key === '__proto__') throw new NotPlain('a key that no record has');
      fields[key] = value(depth + 1);
    }
    return fields;
  };
  const value = (depth: number): unknown => {
    if (depth > MAX_DEPTH) throw new NotPlain('too deep');
    const tag = bytes[take(1)];
    if (tag === 0) return undefined;
    if (tag === 1) return null;
    if (tag === 2 || tag === 3) return tag === 3;
    if (tag === 4) return view.getFloat64(take(8), true);
    if (tag === 5 || tag === 6) return string(tag);
    if (tag === 8) return Array.from({ length: length(1) }, () => value(depth + 1));
    if (tag === 9) return record(depth);
    if (tag !== 7) throw new NotPlain('an unknown tag');
    const count = length(1);
    const from = take(count);
    return bytes.slice(from, at);
  };
  const found = value(0);
  if (at !== end) throw new NotPlain('bytes are left over');
  return found;
}
