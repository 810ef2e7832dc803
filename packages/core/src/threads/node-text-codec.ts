/**
 * The native string copies that Node keeps on Buffer.prototype. They work on any Uint8Array as
 * receiver (no Buffer is made) and, unlike TextEncoder and TextDecoder, leave lone surrogates alone.
 */
import { Buffer } from 'node:buffer';
import type { TextCodec } from '../values/text-codec.js';

interface NativeCopies {
  latin1Write(this: Uint8Array, text: string, offset: number, length: number): number;
  latin1Slice(this: Uint8Array, start: number, end: number): string;
  ucs2Write(this: Uint8Array, text: string, offset: number, length: number): number;
  ucs2Slice(this: Uint8Array, start: number, end: number): string;
}

// Documented nowhere, but on every Buffer since Node 0.x; @types/node leaves them out.
const native = Buffer.prototype as unknown as NativeCopies;
const { latin1Write, latin1Slice, ucs2Write, ucs2Slice } = native;

/** The text codec of every environment that runs on Node. */
export const nodeTextCodec: TextCodec = Object.freeze({
  writeLatin1(bytes: Uint8Array, text: string, offset: number): void {
    latin1Write.call(bytes, text, offset, text.length);
  },
  readLatin1(bytes: Uint8Array, start: number, end: number): string {
    return latin1Slice.call(bytes, start, end);
  },
  writeUtf16(bytes: Uint8Array, text: string, offset: number): void {
    ucs2Write.call(bytes, text, offset, text.length * 2);
  },
  readUtf16(bytes: Uint8Array, start: number, end: number): string {
    return ucs2Slice.call(bytes, start, end);
  },
});
