/**
 * Short strings come again and again (operations, kinds, names). Making one from bytes costs a
 * native call; finding it among those made before costs a few comparisons, and these are cheapest
 * between bytes: reading a string's units one by one takes more than twice as long.
 *
 * The cache is a fixed number of places: a string that falls on a taken place replaces what was there.
 */
import type { TextCodec } from './text-codec.js';

const PLACES = 256;
/** Longer ones are seldom the same again, and the native call costs less for each character. */
const LONGEST = 16;

export class ShortStrings {
  readonly #text: TextCodec;
  readonly #strings: string[] = new Array<string>(PLACES).fill('');
  /** The bytes of the string at each place, LONGEST for each. */
  readonly #bytes = new Uint8Array(PLACES * LONGEST);

  constructor(text: TextCodec) {
    this.#text = text;
  }

  /** The caller has checked that the bytes are there. */
  read(bytes: Uint8Array, start: number, length: number): string {
    if (length === 0) return '';
    if (length > LONGEST) return this.#text.readLatin1(bytes, start, start + length);
    const middle = bytes[start + (length >> 1)] as number;
    const last = bytes[start + length - 1] as number;
    const place = ((bytes[start] as number) * 5 + middle * 29 + last * 113 + length * 17) & (PLACES - 1);
    const known = this.#strings[place] as string;
    const kept = this.#bytes;
    const at = place * LONGEST;
    if (known.length === length) {
      let i = 0;
      while (i < length && kept[at + i] === bytes[start + i]) i++;
      if (i === length) return known;
    }
    const text = this.#text.readLatin1(bytes, start, start + length);
    this.#strings[place] = text;
    for (let i = 0; i < length; i++) kept[at + i] = bytes[start + i] as number;
    return text;
  }
}
