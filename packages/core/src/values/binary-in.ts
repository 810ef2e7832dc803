/**
 * The buffers and views of one message, read from its trailer. Each buffer is a copy of its own, so
 * the frame that it came in is not kept alive by it and two messages never share one.
 */
import type { ByteReader } from './byte-reader.js';
import { malformed } from './malformed.js';
import { BINARY_ELEMENT_BYTES, BINARY_KINDS, COPIED, MOVED, type BinaryKind } from './wire.js';

interface Range {
  /** What was copied, as the array that it was copied into, or what was handed over. */
  readonly source: Uint8Array<ArrayBuffer> | ArrayBuffer;
  readonly offset: number;
  readonly length: number;
}

type ViewMaker = (buffer: ArrayBuffer, offset: number, length: number) => object;

const MAKERS: readonly ViewMaker[] = Object.values({
  Int8Array: (buffer, offset, length) => new Int8Array(buffer, offset, length),
  Uint8Array: (buffer, offset, length) => new Uint8Array(buffer, offset, length),
  Uint8ClampedArray: (buffer, offset, length) => new Uint8ClampedArray(buffer, offset, length),
  Int16Array: (buffer, offset, length) => new Int16Array(buffer, offset, length / 2),
  Uint16Array: (buffer, offset, length) => new Uint16Array(buffer, offset, length / 2),
  Int32Array: (buffer, offset, length) => new Int32Array(buffer, offset, length / 4),
  Uint32Array: (buffer, offset, length) => new Uint32Array(buffer, offset, length / 4),
  Float32Array: (buffer, offset, length) => new Float32Array(buffer, offset, length / 4),
  Float64Array: (buffer, offset, length) => new Float64Array(buffer, offset, length / 8),
  BigInt64Array: (buffer, offset, length) => new BigInt64Array(buffer, offset, length / 8),
  BigUint64Array: (buffer, offset, length) => new BigUint64Array(buffer, offset, length / 8),
  DataView: (buffer, offset, length) => new DataView(buffer, offset, length),
  ArrayBuffer: (buffer, offset, length) => {
    if (offset !== 0 || length !== buffer.byteLength) throw malformed('an ArrayBuffer is only part of one');
    return buffer;
  },
} satisfies Record<BinaryKind, ViewMaker>);

const UINT8_ARRAY = BINARY_KINDS.indexOf('Uint8Array');
/** V8 keeps the elements of so short an array in the object itself until somebody asks for its buffer. */
const SHORT_BYTES = 64;

export class BinaryIn {
  readonly #ranges: Range[] = [];
  /** The copy of the only buffer, if there is one view, of all of it: it may be that view. */
  #only: Uint8Array | undefined;
  #next = 0;

  get isUsedUp(): boolean {
    return this.#next === this.#ranges.length;
  }

  read(reader: ByteReader, moved: readonly ArrayBuffer[]): void {
    const bufferCount = reader.count(2);
    const buffers: (Uint8Array<ArrayBuffer> | ArrayBuffer)[] = [];
    for (let i = 0; i < bufferCount; i++) buffers.push(readBuffer(reader, moved));
    const rangeCount = reader.count(3);
    for (let i = 0; i < rangeCount; i++) {
      const source = buffers[reader.varint()];
      const offset = reader.varint();
      const length = reader.varint();
      if (source === undefined || offset + length > source.byteLength) {
        throw malformed('a view lies outside its buffer');
      }
      if (rangeCount === 1 && length === source.byteLength && source instanceof Uint8Array)
        this.#only = source;
      this.#ranges.push({ source, offset, length });
    }
  }

  /** The next view or buffer of the message. */
  take(kind: number): object {
    const range = this.#ranges[this.#next++];
    const make = MAKERS[kind];
    const elementBytes = BINARY_ELEMENT_BYTES[kind];
    if (range === undefined || make === undefined || elementBytes === undefined) {
      throw malformed('it holds a view of no known kind, or more of them than it says');
    }
    if (range.offset % elementBytes !== 0 || range.length % elementBytes !== 0) {
      throw malformed(`a ${BINARY_KINDS[kind] ?? 'view'} does not lie on whole elements`);
    }
    if (kind === UINT8_ARRAY && this.#only !== undefined) return this.#only;
    const { source } = range;
    return make(source instanceof Uint8Array ? source.buffer : source, range.offset, range.length);
  }

  clear(): void {
    if (this.#ranges.length > 0) this.#ranges.length = 0;
    this.#next = 0;
    this.#only = undefined;
  }
}

function readBuffer(
  reader: ByteReader,
  moved: readonly ArrayBuffer[],
): Uint8Array<ArrayBuffer> | ArrayBuffer {
  const how = reader.u8();
  if (how === MOVED) {
    const buffer = moved[reader.varint()];
    if (buffer === undefined) throw malformed('it names a transferred buffer that did not come along');
    return buffer;
  }
  if (how !== COPIED) throw malformed('a buffer is neither copied nor moved');
  const length = reader.count(1);
  const start = reader.offset;
  reader.offset = start + length;
  const { bytes } = reader;
  const copy = new Uint8Array(length);
  if (length > SHORT_BYTES) copy.set(bytes.subarray(start, start + length));
  else for (let i = 0; i < length; i++) copy[i] = bytes[start + i] as number;
  return copy;
}
