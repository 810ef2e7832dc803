/** What messages are written with besides what every frame is. */
import type { ByteWriter } from './byte-writer.js';

/** 0 to 2^32 − 1, seven bits a byte, lowest first. */
export function writeVarint(out: ByteWriter, value: number): void {
  out.ensure(5);
  const { bytes } = out;
  let at = out.offset;
  let rest = value;
  while (rest > 0x7f) {
    bytes[at++] = (rest & 0x7f) | 0x80;
    rest >>>= 7;
  }
  bytes[at++] = rest;
  out.offset = at;
}

/** What was written, in a buffer of exactly that size, which may be kept or transferred. The writer starts anew. */
export function take(out: ByteWriter): Uint8Array<ArrayBuffer> {
  const taken = out.bytes.slice(0, out.offset);
  out.restart();
  return taken;
}
