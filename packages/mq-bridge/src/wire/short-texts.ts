/**
 * Short texts of ASCII, which most keys are, and which come again and again: what was read before is found by its bytes.
 * To have Node make a text takes as long as to read all else of a small message; and V8 knows one that was a key before.
 */
const MOST_BYTES = 24;
const SLOTS = 256;
const NO_ASCII = 0x80;

export class ShortTexts {
  readonly #slots: (string | undefined)[] = [];

  /** Undefined: it is not short, or not of ASCII. */
  read(bytes: Buffer, from: number, count: number): string | undefined {
    if (count > MOST_BYTES) return undefined;
    const end = from + count;
    let all = 0;
    let hash = count;
    for (let at = from; at < end; at++) {
      const byte = bytes[at] as number;
      all |= byte;
      hash = (hash * 31 + byte) | 0;
    }
    if (all >= NO_ASCII) return undefined;
    const slot = hash & (SLOTS - 1);
    const known = this.#slots[slot];
    if (known !== undefined && isThere(known, bytes, from, count)) return known;
    const text = bytes.toString('latin1', from, end);
    this.#slots[slot] = text;
    return text;
  }
}

function isThere(text: string, bytes: Buffer, from: number, count: number): boolean {
  if (text.length !== count) return false;
  for (let n = 0; n < count; n++) if (text.charCodeAt(n) !== bytes[from + n]) return false;
  return true;
}
