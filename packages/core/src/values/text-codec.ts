/**
 * How the characters of longer strings get into bytes and back. The codec writes short strings
 * itself; from a few dozen characters on, a native copy is many times faster, and only the host has
 * one (`nodeTextCodec` in threads/node-text-codec.ts). The portable one is for hosts that have none.
 *
 * Invariants: code units go through unchanged, lone surrogates too, so neither TextDecoder
 * (replaces them) nor its label `latin1` (which means windows-1252) will do. UTF-16 is little-endian.
 */
export interface TextCodec {
  /** Writes one byte for each code unit; the caller has made sure that all are below 256 and fit. */
  writeLatin1(bytes: Uint8Array, text: string, offset: number): void;
  readLatin1(bytes: Uint8Array, start: number, end: number): string;
  /** Writes two bytes for each code unit; the caller has made sure that they fit. */
  writeUtf16(bytes: Uint8Array, text: string, offset: number): void;
  /** `end - start` is even. */
  readUtf16(bytes: Uint8Array, start: number, end: number): string;
}

/** Few enough arguments for one call of String.fromCharCode on any stack. */
const UNITS_AT_ONCE = 4096;

// Applied, not spread: of bytes it then makes no array first.
const fromUnits = (units: ArrayLike<number>): string => String.fromCharCode.apply(null, units as number[]);

/** Correct everywhere, fast nowhere. */
export const portableTextCodec: TextCodec = Object.freeze({
  writeLatin1(bytes: Uint8Array, text: string, offset: number): void {
    for (let i = 0; i < text.length; i++) bytes[offset + i] = text.charCodeAt(i);
  },

  readLatin1(bytes: Uint8Array, start: number, end: number): string {
    let text = '';
    for (let at = start; at < end; at += UNITS_AT_ONCE) {
      text += fromUnits(bytes.subarray(at, Math.min(end, at + UNITS_AT_ONCE)));
    }
    return text;
  },

  writeUtf16(bytes: Uint8Array, text: string, offset: number): void {
    for (let i = 0; i < text.length; i++) {
      const unit = text.charCodeAt(i);
      bytes[offset + 2 * i] = unit & 0xff;
      bytes[offset + 2 * i + 1] = unit >> 8;
    }
  },

  readUtf16(bytes: Uint8Array, start: number, end: number): string {
    let text = '';
    for (let at = start; at < end; at += 2 * UNITS_AT_ONCE) {
      const stop = Math.min(end, at + 2 * UNITS_AT_ONCE);
      const units: number[] = [];
      for (let i = at; i + 1 < stop; i += 2) units.push((bytes[i] ?? 0) | ((bytes[i + 1] ?? 0) << 8));
      text += fromUnits(units);
    }
    return text;
  },
});
