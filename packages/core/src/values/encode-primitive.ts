/** How numbers and strings are written: the innermost and hottest part of the encoder. */
import type { ByteWriter } from './byte-writer.js';
import { writeVarint } from './write-message.js';
import type { TextCodec } from './text-codec.js';
import {
  FLOAT64,
  INT16,
  INT32,
  LATIN1_STRING,
  SHORT_STRING,
  SHORT_STRING_LIMIT,
  UINT8,
  UTF16_STRING,
} from './wire.js';

/** From about here on the native copy is faster than a loop (measured: between 12 and 20 characters). */
const LOOPED_CHARACTERS = 16;
/** V8 knows for one-byte strings that this cannot match, so it is free for them. */
const NOT_LATIN1 = /[^\0-\xff]/;

export function writeFloat64(out: ByteWriter, tag: number, value: number): void {
  if (out.offset + 9 > out.limit) out.grow(9);
  const at = out.offset;
  out.bytes[at] = tag;
  out.view.setFloat64(at + 1, value, true);
  out.offset = at + 9;
}

export function writeNumber(out: ByteWriter, value: number): void {
  // The second half finds -0, which is equal to 0 everywhere else.
  if ((value | 0) !== value || (value === 0 && 1 / value < 0)) {
    writeFloat64(out, FLOAT64, value);
    return;
  }
  if (out.offset + 5 > out.limit) out.grow(5);
  const { bytes } = out;
  let at = out.offset;
  if (value >= 0 && value < 64) {
    bytes[at++] = value;
  } else if (value >= 0 && value < 256) {
    bytes[at++] = UINT8;
    bytes[at++] = value;
  } else if (value >= -32768 && value < 32768) {
    bytes[at++] = INT16;
    bytes[at++] = value;
    bytes[at++] = value >> 8;
  } else {
    bytes[at++] = INT32;
    bytes[at++] = value;
    bytes[at++] = value >> 8;
    bytes[at++] = value >> 16;
    bytes[at++] = value >> 24;
  }
  out.offset = at;
}

export function writeString(out: ByteWriter, text: string, codec: TextCodec): void {
  const { length } = text;
  if (length <= LOOPED_CHARACTERS) {
    if (out.offset + 1 + length > out.limit) out.grow(1 + length);
    const { bytes } = out;
    const at = out.offset + 1;
    let i = 0;
    for (; i < length; i++) {
      const unit = text.charCodeAt(i);
      if (unit > 0xff) break;
      bytes[at + i] = unit;
    }
    if (i === length) {
      bytes[at - 1] = SHORT_STRING + length;
      out.offset = at + length;
      return;
    }
  }
  writeLongString(out, text, codec);
}

function writeLongString(out: ByteWriter, text: string, codec: TextCodec): void {
  const { length } = text;
  if (NOT_LATIN1.test(text)) {
    out.u8(UTF16_STRING);
    writeVarint(out, length);
    out.ensure(2 * length);
    codec.writeUtf16(out.bytes, text, out.offset);
    out.offset += 2 * length;
    return;
  }
  if (length < SHORT_STRING_LIMIT) {
    out.u8(SHORT_STRING + length);
  } else {
    out.u8(LATIN1_STRING);
    writeVarint(out, length);
  }
  out.ensure(length);
  codec.writeLatin1(out.bytes, text, out.offset);
  out.offset += length;
}
