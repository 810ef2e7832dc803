/** Bytes of CBOR (RFC 8949), growing as they are written: heads of definite length, and what follows them. */

/** The major types of a head. */
export const MAJOR = {
  unsigned: 0,
  negative: 1,
  bytes: 2,
  text: 3,
  array: 4,
  map: 5,
  tag: 6,
  simple: 7,
} as const;

const NOTHING = Buffer.alloc(0);

export class CborWriter {
  readonly #bytes: number;
  #buffer: Buffer;
  /** Where what is being written begins. */
  #from = 0;
  #at = 0;

  /** @param bytes as many as are expected, of all that is to be written one after the other */
  constructor(bytes = 256) {
    this.#bytes = bytes;
    this.#buffer = Buffer.allocUnsafe(bytes);
  }

  get length(): number {
    return this.#at - this.#from;
  }

  /** What was written; what is written next is apart from it. */
  finish(): Buffer {
    const written = this.#buffer.subarray(this.#from, this.#at);
    this.#from = this.#at;
    this.#letGo();
    return written;
  }

  /** What was written and not finished is forgotten. */
  reset(): void {
    this.#at = this.#from;
    this.#letGo();
  }

  /** One that has grown is not shared with what comes: a small item that waits would hold all of it. */
  #letGo(): void {
    if (this.#buffer.length <= this.#bytes) return;
    this.#buffer = NOTHING;
    this.#from = 0;
    this.#at = 0;
  }

  head(major: number, argument: number): void {
    this.#room(9);
    const first = major << 5;
    if (argument < 24) this.#buffer[this.#at++] = first | argument;
    else if (argument < 0x100) {
      this.#buffer[this.#at++] = first | 24;
      this.#buffer[this.#at++] = argument;
    } else if (argument < 0x1_0000) {
      this.#buffer[this.#at++] = first | 25;
      this.#at = this.#buffer.writeUInt16BE(argument, this.#at);
    } else if (argument < 0x1_0000_0000) {
      this.#buffer[this.#at++] = first | 26;
      this.#at = this.#buffer.writeUInt32BE(argument, this.#at);
    } else {
      this.#buffer[this.#at++] = first | 27;
      this.#at = this.#buffer.writeBigUInt64BE(BigInt(argument), this.#at);
    }
  }

  /** `false`, `true`, `null` or `undefined`. */
  simple(number: 20 | 21 | 22 | 23): void {
    this.head(MAJOR.simple, number);
  }

  float(value: number): void {
    this.#room(9);
    this.#buffer[this.#at++] = (MAJOR.simple << 5) | 27;
    this.#at = this.#buffer.writeDoubleBE(value, this.#at);
  }

  bytes(bytes: Uint8Array): void {
    this.head(MAJOR.bytes, bytes.length);
    this.raw(bytes);
  }

  text(text: string): void {
    const length = Buffer.byteLength(text);
    this.head(MAJOR.text, length);
    this.#room(length);
    this.#at += this.#buffer.write(text, this.#at);
  }

  /** Writes a text of few characters, all of ASCII; false if it is none. Most keys are: two calls into Node each would cost more. */
  shortText(text: string): boolean {
    const { length } = text;
    if (length >= 24) return false;
    this.#room(length + 1);
    const buffer = this.#buffer;
    let at = this.#at;
    buffer[at++] = (MAJOR.text << 5) | length;
    for (let n = 0; n < length; n++) {
      const unit = text.charCodeAt(n);
      if (unit > 0x7f) return false;
      buffer[at++] = unit;
    }
    this.#at = at;
    return true;
  }

  /** What is CBOR already. */
  raw(bytes: Uint8Array): void {
    this.#room(bytes.length);
    this.#buffer.set(bytes, this.#at);
    this.#at += bytes.length;
  }

  #room(more: number): void {
    if (this.#at + more <= this.#buffer.length) return;
    const written = this.#at - this.#from;
    const larger = Buffer.allocUnsafe(Math.max(this.#bytes, (written + more) * 2));
    this.#buffer.copy(larger, 0, this.#from, this.#at);
    this.#buffer = larger;
    this.#from = 0;
    this.#at = written;
  }
}
