/**
 * A growing run of bytes that messages and frame headers are appended to.
 *
 * `bytes`, `offset` and `limit` are public because the encoder writes through them: a method call
 * for each byte is what a profile of the first version showed at the top.
 *
 * Invariant: whoever writes has made room before (`ensure`), so that `offset <= limit <= bytes.length`.
 */
/** A buffer that has grown beyond this is given up with the bytes that needed it. */
const KEPT_BYTES = 1 << 18;

/** More was to be written than `begin` allowed. Who encodes for somebody turns it into an error with a path. */
export class WriterFull extends Error {
  readonly maxBytes: number;

  constructor(maxBytes: number) {
    super(`more than ${String(maxBytes)} bytes`);
    this.maxBytes = maxBytes;
  }
}

export class ByteWriter {
  bytes: Uint8Array<ArrayBuffer>;
  /** Of the same buffer, for what is wider than a byte. */
  view: DataView;
  /** Where the next byte goes. */
  offset = 0;
  /** Up to where may be written before `ensure` has to grow or refuse. */
  limit: number;
  readonly #initialBytes: number;
  /** The highest limit while a message is being encoded; Infinity otherwise. */
  #bound = Infinity;
  #maxBytes = Infinity;

  /** @param initialBytes the size of the first buffer, at least 64. */
  constructor(initialBytes: number) {
    this.#initialBytes = Math.max(64, initialBytes);
    this.bytes = new Uint8Array(this.#initialBytes);
    this.view = new DataView(this.bytes.buffer);
    this.limit = this.bytes.length;
  }

  /** Makes room for `count` more bytes. */
  ensure(count: number): void {
    if (this.offset + count > this.limit) this.grow(count);
  }

  /** The slow half of `ensure`. */
  grow(count: number): void {
    const needed = this.offset + count;
    if (needed > this.#bound) throw new WriterFull(this.#maxBytes);
    if (needed > this.bytes.length) {
      const larger = new Uint8Array(Math.max(needed, this.bytes.length * 2));
      larger.set(this.bytes.subarray(0, this.offset));
      this.bytes = larger;
      this.view = new DataView(larger.buffer);
    }
    this.limit = Math.min(this.bytes.length, this.#bound);
  }

  /** Between `begin` and `end`: whatever else wants to write would write into the middle. */
  get busy(): boolean {
    return this.#bound !== Infinity;
  }

  /** From here on at most `maxBytes` may be written, until `end`. */
  begin(maxBytes: number): void {
    this.#maxBytes = maxBytes;
    this.#bound = this.offset + maxBytes;
    this.limit = Math.min(this.bytes.length, this.#bound);
  }

  end(): void {
    this.#bound = Infinity;
    this.limit = this.bytes.length;
  }

  u8(value: number): void {
    if (this.offset + 1 > this.limit) this.grow(1);
    this.bytes[this.offset++] = value;
  }

  /** Little-endian. */
  u32(value: number): void {
    if (this.offset + 4 > this.limit) this.grow(4);
    this.view.setUint32(this.offset, value, true);
    this.offset += 4;
  }

  raw(source: Uint8Array): void {
    if (this.offset + source.length > this.limit) this.grow(source.length);
    this.bytes.set(source, this.offset);
    this.offset += source.length;
  }

  /** What has been written, to be read before anything else is written. */
  written(): Uint8Array<ArrayBuffer> {
    return this.bytes.subarray(0, this.offset);
  }

  /** Starts anew at 0. */
  restart(): void {
    this.offset = 0;
    if (this.bytes.length > KEPT_BYTES && this.bytes.length > this.#initialBytes) {
      this.bytes = new Uint8Array(this.#initialBytes);
      this.view = new DataView(this.bytes.buffer);
    }
    this.limit = Math.min(this.bytes.length, this.#bound);
  }
}
