/**
 * From bytes to a value, when the bytes may come from anyone.
 *
 * Invariants
 * - Bytes that no encoder writes throw `malformed`; nothing is read outside the range, allocated for
 *   a length that the bytes cannot hold, or recursed into beyond `maxDepth`.
 * - Nothing is created but the closed set of docs/values.md, with the prototypes of this realm; no
 *   setter named `__proto__` is ever reached.
 * - After `malformed` the stream's shape table is undefined: its owner must end the stream.
 */
import { EspalierError } from '../errors.js';
import { BinaryIn } from './binary-in.js';
import { ByteReader } from './byte-reader.js';
import { readBigInt, readError, readRegExp, type ValueSource } from './decode-rare.js';
import { malformed } from './malformed.js';
import type { ReferenceReader } from './reference.js';
import { defineKey, isShadowing, ShapeTable } from './shape-table.js';
import type { TextCodec } from './text-codec.js';
import * as wire from './wire.js';

export interface ValueDecoderOptions {
  readonly text: TextCodec;
  /** As the encoder's. */
  readonly maxDepth?: number | undefined;
}

type PlainObject = Record<string, unknown>;

const TRAILER_LENGTH_BYTES = 4;
const NO_BUFFERS: readonly ArrayBuffer[] = Object.freeze([]);

export class ValueDecoder {
  readonly #maxDepth: number;
  readonly #reader: ByteReader;
  readonly #streamShapes = new ShapeTable();
  readonly #ownShapes = new ShapeTable();
  readonly #binaries = new BinaryIn();
  readonly #source: ValueSource;
  #shapes = this.#streamShapes;
  #references: ReferenceReader = NO_REFERENCES;
  /** What back references count, if the message has any. */
  #objects: object[] | undefined;
  #busy = false;

  constructor(options: ValueDecoderOptions) {
    this.#maxDepth = Math.min(options.maxDepth ?? wire.MAX_DEPTH, wire.MAX_DEPTH);
    this.#reader = new ByteReader(options.text);
    this.#source = {
      reader: this.#reader,
      value: (depth) => this.#value(depth),
      register: (object) => {
        this.#objects?.push(object);
      },
    };
  }

  /**
   * The value that lies in `bytes` from `start` to `end` exactly.
   *
   * @param moved the buffers that came along with the bytes, as the encoder's `transfer.moved` had them.
   * @throws CallError `malformed`; what `references` throws, if it is an EspalierError (`malformed` with it as
   * cause otherwise).
   */
  decode(
    bytes: Uint8Array,
    start: number,
    end: number,
    references: ReferenceReader = NO_REFERENCES,
    moved: readonly ArrayBuffer[] = NO_BUFFERS,
  ): unknown {
    if (this.#busy) throw malformed('a reference was read by decoding another value with the same decoder');
    const reader = this.#reader;
    reader.open(bytes, start, end);
    this.#busy = true;
    this.#references = references;
    try {
      const header = reader.u8();
      if (header >> 4 !== wire.WIRE_VERSION) throw malformed('it is of another version');
      this.#open(header, moved);
      const value = this.#value(0);
      if (reader.offset !== reader.end) throw malformed('it goes on after its end');
      if (!this.#binaries.isUsedUp) throw malformed('it describes buffers that it does not hold');
      return value;
    } catch (thrown) {
      // Such as the RangeError of a stack that was nearly used up when `decode` was called.
      throw thrown instanceof EspalierError ? thrown : malformed('it cannot be read', thrown);
    } finally {
      reader.close();
      this.#objects = undefined;
      this.#binaries.clear();
      if (this.#shapes === this.#ownShapes) this.#ownShapes.clear();
      this.#references = NO_REFERENCES;
      this.#busy = false;
    }
  }

  /** What the header asks for: the table, the list for back references, the trailer. */
  #open(header: number, moved: readonly ArrayBuffer[]): void {
    this.#shapes = (header & wire.OWN_SHAPES) === 0 ? this.#streamShapes : this.#ownShapes;
    if ((header & wire.RESETS_SHAPES) !== 0) this.#shapes.clear();
    this.#objects = (header & wire.HAS_BACK_REFERENCES) === 0 ? undefined : [];
    if ((header & wire.HAS_TRAILER) !== 0) this.#readTrailer(moved);
  }

  /** Reads the trailer and leaves the reader at the value, which ends where the trailer began. */
  #readTrailer(moved: readonly ArrayBuffer[]): void {
    const reader = this.#reader;
    const valueAt = reader.offset;
    const { end } = reader;
    reader.offset = Math.max(valueAt, end - TRAILER_LENGTH_BYTES);
    const length = reader.u32();
    const trailerEnd = end - TRAILER_LENGTH_BYTES;
    if (length > trailerEnd - valueAt) throw malformed('its trailer is too long');
    reader.offset = trailerEnd - length;
    reader.end = trailerEnd;
    this.#shapes.read(reader);
    this.#binaries.read(reader, moved);
    if (reader.offset !== trailerEnd) throw malformed('its trailer goes on after its end');
    reader.offset = valueAt;
    reader.end = trailerEnd - length;
  }

  #value(depth: number): unknown {
    const reader = this.#reader;
    if (reader.offset >= reader.end) throw malformed('it ends too early');
    const tag = reader.bytes[reader.offset++] as number;
    if (tag < wire.SHORT_STRING) return tag;
    if (tag < wire.SHAPED_OBJECT) return reader.shortString(tag - wire.SHORT_STRING);
    if (tag < wire.SHAPED_OBJECT_END) return this.#shapedObject(tag, {}, depth);
    switch (tag) {
      case wire.NULL:
        return null;
      case wire.UNDEFINED:
        return undefined;
      case wire.TRUE:
        return true;
      case wire.FALSE:
        return false;
      case wire.UINT8:
        return reader.u8();
      case wire.INT16:
        return ((reader.u8() | (reader.u8() << 8)) << 16) >> 16;
      case wire.INT32:
        return reader.u32() | 0;
      case wire.FLOAT64:
        return reader.float64();
      case wire.LATIN1_STRING:
      case wire.UTF16_STRING:
        return reader.longString(tag);
      case wire.ARRAY:
        return this.#array(depth);
      case wire.BACK_REFERENCE:
        return this.#backReference();
      default:
        return this.#rareValue(tag, depth);
    }
  }

  #rareValue(tag: number, depth: number): unknown {
    const reader = this.#reader;
    switch (tag) {
      case wire.EMPTY_OBJECT:
        return this.#register({});
      case wire.INLINE_OBJECT:
        return this.#inlineObject({}, depth);
      case wire.KEYS_LAST_OBJECT:
        return this.#keysLastObject({}, depth);
      case wire.NULL_PROTOTYPE:
        return this.#nullPrototypeObject(depth);
      case wire.MAP:
        return this.#map(depth);
      case wire.SET:
        return this.#set(depth);
      case wire.DATE:
        return this.#register(new Date(reader.float64()));
      case wire.BIGINT64:
        return reader.bigInt64();
      case wire.BIGINT_POSITIVE:
        return readBigInt(reader);
      case wire.BIGINT_NEGATIVE:
        return -readBigInt(reader);
      case wire.REGEXP:
        return this.#register(readRegExp(reader));
      case wire.ERROR:
        this.#assertDepth(depth);
        return readError(this.#source, depth);
      case wire.REFERENCE:
        return this.#references.read(reader.u32());
      default:
        if (tag >= wire.BINARY) return this.#register(this.#binaries.take(tag - wire.BINARY));
        throw malformed('it has an unknown tag');
    }
  }

  #assertDepth(depth: number): void {
    if (depth >= this.#maxDepth) throw malformed('it is nested too deep');
  }

  #register<T extends object>(object: T): T {
    this.#objects?.push(object);
    return object;
  }

  #backReference(): object {
    const object = this.#objects?.[this.#reader.varint()];
    if (object === undefined) throw malformed('it refers to an object that it does not hold');
    return object;
  }

  #shapedObject(tag: number, object: PlainObject, depth: number): PlainObject {
    const shape = this.#shapes.get(((tag & 0x3f) << 8) | this.#reader.u8());
    this.#assertDepth(depth);
    this.#objects?.push(object);
    const { keys } = shape;
    if (shape.shadows) {
      for (const key of keys) defineKey(object, key, this.#value(depth + 1));
    } else {
      for (let i = 0; i < keys.length; i++) object[keys[i] as string] = this.#value(depth + 1);
    }
    return object;
  }

  #inlineObject(object: PlainObject, depth: number): PlainObject {
    this.#assertDepth(depth);
    const reader = this.#reader;
    const count = reader.count(2);
    this.#objects?.push(object);
    for (let i = 0; i < count; i++) {
      const key = readKey(reader);
      assign(object, key, this.#value(depth + 1));
    }
    return object;
  }

  #keysLastObject(object: PlainObject, depth: number): PlainObject {
    this.#assertDepth(depth);
    const reader = this.#reader;
    reader.u8();
    this.#objects?.push(object);
    const values: unknown[] = [];
    reader.need(1);
    while (reader.bytes[reader.offset] !== wire.END_OF_VALUES) {
      values.push(this.#value(depth + 1));
      reader.need(1);
    }
    reader.offset++;
    for (const value of values) assign(object, readKey(reader), value);
    return object;
  }

  #nullPrototypeObject(depth: number): PlainObject {
    const object = Object.create(null) as PlainObject;
    const tag = this.#reader.u8();
    if (tag >= wire.SHAPED_OBJECT && tag < wire.SHAPED_OBJECT_END)
      return this.#shapedObject(tag, object, depth);
    if (tag === wire.INLINE_OBJECT) return this.#inlineObject(object, depth);
    if (tag === wire.KEYS_LAST_OBJECT) return this.#keysLastObject(object, depth);
    if (tag === wire.EMPTY_OBJECT) return this.#register(object);
    throw malformed('an object was expected');
  }

  #array(depth: number): unknown[] {
    this.#assertDepth(depth);
    const count = this.#reader.count(1);
    const array: unknown[] = [];
    this.#objects?.push(array);
    for (let i = 0; i < count; i++) array.push(this.#value(depth + 1));
    return array;
  }

  #map(depth: number): Map<unknown, unknown> {
    this.#assertDepth(depth);
    const count = this.#reader.count(2);
    const map = this.#register(new Map<unknown, unknown>());
    for (let i = 0; i < count; i++) {
      const key = this.#value(depth + 1);
      map.set(key, this.#value(depth + 1));
    }
    return map;
  }

  #set(depth: number): Set<unknown> {
    this.#assertDepth(depth);
    const count = this.#reader.count(1);
    const set = this.#register(new Set<unknown>());
    for (let i = 0; i < count; i++) set.add(this.#value(depth + 1));
    return set;
  }
}

function readKey(reader: ByteReader): string {
  const key = reader.string();
  if (key === '__proto__') throw malformed('an object has a key named __proto__');
  return key;
}

function assign(object: PlainObject, key: string, value: unknown): void {
  if (isShadowing(key)) defineKey(object, key, value);
  else object[key] = value;
}

const NO_REFERENCES: ReferenceReader = Object.freeze({
  read(): never {
    throw malformed('it holds a reference where none can be');
  },
});
