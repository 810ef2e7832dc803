/**
 * From a value to bytes, in one pass that walks, checks and encodes.
 *
 * The problem: every message must be walked anyway (structured clone lets shared memory and live
 * handles through), it must be frozen at the moment of `send`, and it must cost less than the
 * structured clone that it replaces.
 *
 * Invariants
 * - What is not in the closed set (docs/values.md) is refused with its path; nothing of a refused
 *   value stays behind, neither bytes nor shapes nor transfers, so the stream stays in step.
 * - No code of the value runs but getters and proxy traps, and these cannot enter the encoder.
 * - Depth is counted, so the stack never overflows; bytes are counted, so a value that grows while
 *   it is read ends.
 *
 * What measuring said (Node 20): `object[key]` inside `for in` over the same object is an indexed load
 * for V8; `Object.keys` with `object[key]` takes twice as long. So an object is read in one such
 * loop, and what stands before its values is filled in afterwards.
 */
import { CallError } from '../errors.js';
import { BinaryOut } from './binary-out.js';
import { ByteWriter } from './byte-writer.js';
import { writeVarint } from './write-message.js';
import { ARRAY_PROTOTYPE, classify, OBJECT_PROTOTYPE } from './classify.js';
import { writeNumber, writeString } from './encode-primitive.js';
import {
  writeBigInt,
  writeBuffer,
  writeDate,
  writeError,
  writeMap,
  writeRegExp,
  writeSet,
  writeView,
  type ValueSink,
} from './encode-rare.js';
import type { Transfer, ValueEncoderOptions } from './encoder-options.js';
import type { Reference, ReferenceWriter } from './reference.js';
import { keySegment, reentered, Refusal, refusedAt, refuseValue, toCallError } from './refusal.js';
import { SeenObjects } from './seen-objects.js';
import { keysOf, ShapeTrie, type ShapeNode } from './shape-trie.js';
import type { TextCodec } from './text-codec.js';
import * as wire from './wire.js';

type PlainObject = Record<string, unknown>;

const getPrototypeOf = Object.getPrototypeOf as (value: object) => object | null;

export class ValueEncoder {
  readonly #maxBytes: number;
  readonly #maxDepth: number;
  readonly #text: TextCodec;
  readonly #root: string;
  readonly #ownShapes: boolean;
  readonly #shapes: ShapeTrie;
  readonly #seen = new SeenObjects();
  readonly #binaries = new BinaryOut();
  readonly #sink: { -readonly [K in keyof ValueSink]: ValueSink[K] };
  #out = new ByteWriter(0);
  #references: ReferenceWriter;
  #backReferences = false;
  /** Object.prototype has enumerable keys now: `for in` would see them. */
  #polluted = false;
  #busy = false;

  constructor(options: ValueEncoderOptions) {
    this.#maxBytes = options.maxBytes;
    this.#maxDepth = Math.min(options.maxDepth ?? wire.MAX_DEPTH, wire.MAX_DEPTH);
    this.#text = options.text;
    this.#root = options.root ?? 'message';
    this.#ownShapes = options.shapes === 'message';
    this.#shapes = new ShapeTrie(this.#ownShapes);
    this.#references = NO_REFERENCES;
    this.#sink = {
      out: this.#out,
      binaries: this.#binaries,
      includeStack: options.includeStack,
      value: (value, depth) => {
        this.#value(value, depth);
      },
      string: (text) => {
        writeString(this.#out, text, this.#text);
      },
    };
  }

  /**
   * Appends the value at `writer.offset`; `maxBytes` replaces the encoder's for this once.
   *
   * @throws CallError `value_refused` or `too_large` with `path` and a short description as `value`;
   * `operation_refused` if a getter of the value being encoded led here; what `references` throws.
   * In each case writer, shape table and `transfer.moved` are as they were.
   */
  encode(
    writer: ByteWriter,
    value: unknown,
    references: ReferenceWriter = NO_REFERENCES,
    transfer?: Transfer,
    maxBytes = this.#maxBytes,
  ): void {
    if (this.#busy || writer.busy) throw reentered();
    writer.begin(maxBytes);
    this.#busy = true;
    this.#out = writer;
    this.#sink.out = writer;
    this.#references = references;
    this.#backReferences = false;
    const start = writer.offset;
    const movedBefore = transfer?.moved.length ?? 0;
    try {
      const reset = this.#shapes.begin();
      this.#polluted = hasEnumerableKeys(OBJECT_PROTOTYPE);
      writer.u8(0);
      this.#value(value, 0);
      const hasTrailer =
        this.#shapes.defined.length > 0 || !this.#binaries.isEmpty || (transfer?.buffers.length ?? 0) > 0;
      if (hasTrailer) this.#trailer(transfer);
      writer.bytes[start] =
        (wire.WIRE_VERSION << 4) |
        (this.#backReferences ? wire.HAS_BACK_REFERENCES : 0) |
        (hasTrailer ? wire.HAS_TRAILER : 0) |
        (this.#ownShapes ? wire.OWN_SHAPES : 0) |
        (reset ? wire.RESETS_SHAPES : 0);
      this.#shapes.commit();
    } catch (thrown) {
      writer.offset = start;
      this.#shapes.rollback();
      if (transfer !== undefined) transfer.moved.length = movedBefore;
      throw toCallError(thrown, this.#root);
    } finally {
      writer.end();
      this.#seen.clear();
      this.#binaries.clear();
      this.#references = NO_REFERENCES;
      this.#busy = false;
    }
  }

  #value(value: unknown, depth: number): void {
    switch (typeof value) {
      case 'string':
        writeString(this.#out, value, this.#text);
        return;
      case 'number':
        writeNumber(this.#out, value);
        return;
      case 'object':
        if (value === null) this.#out.u8(wire.NULL);
        else this.#object(value, depth);
        return;
      case 'boolean':
        this.#out.u8(value ? wire.TRUE : wire.FALSE);
        return;
      case 'undefined':
        this.#out.u8(wire.UNDEFINED);
        return;
      case 'bigint':
        writeBigInt(this.#sink, value);
        return;
      default:
        throw refuseValue(value);
    }
  }

  #object(object: object, depth: number): void {
    if (depth >= this.#maxDepth) {
      throw new Refusal('too_large', `lies deeper than ${String(this.#maxDepth)} levels`, {
        value: `more than ${String(this.#maxDepth)} levels`,
      });
    }
    const prototype = getPrototypeOf(object);
    if (prototype === OBJECT_PROTOTYPE) {
      if (this.#metBefore(object)) return;
      if (this.#polluted) this.#inlineObject(object as PlainObject, depth);
      else this.#plainObject(object as PlainObject, depth);
    } else if (prototype === ARRAY_PROTOTYPE && Array.isArray(object)) {
      if (!this.#metBefore(object)) this.#array(object, depth);
    } else if (prototype === null) {
      if (this.#metBefore(object)) return;
      this.#out.u8(wire.NULL_PROTOTYPE);
      this.#plainObject(object as PlainObject, depth);
    } else {
      this.#otherObject(object, prototype, depth);
    }
  }

  #otherObject(object: object, prototype: object, depth: number): void {
    const kind = classify(object, prototype);
    if (kind === 'refused') throw refuseValue(object);
    if (kind === 'reference') {
      this.#reference(object as Reference);
      return;
    }
    if (this.#metBefore(object)) return;
    switch (kind) {
      case 'object':
        // Of another realm; its Object.prototype may have enumerable keys of its own.
        this.#inlineObject(object as PlainObject, depth);
        return;
      case 'array':
        if (!Array.isArray(object)) throw refuseValue(object, 'has the prototype of an array but is none');
        this.#array(object, depth);
        return;
      case 'map':
        writeMap(this.#sink, object, depth);
        return;
      case 'set':
        writeSet(this.#sink, object, depth);
        return;
      case 'date':
        writeDate(this.#sink, object);
        return;
      case 'regexp':
        writeRegExp(this.#sink, object);
        return;
      case 'buffer':
        writeBuffer(this.#sink, object);
        return;
      case 'view':
        writeView(this.#sink, object);
        return;
      case 'error':
        writeError(this.#sink, object, depth);
    }
  }

  /** Numbers the object; if it has a number, writes that instead. */
  #metBefore(object: object): boolean {
    const number = this.#seen.meet(object);
    if (number < 0) return false;
    this.#backReferences = true;
    this.#out.u8(wire.BACK_REFERENCE);
    writeVarint(this.#out, number);
    return true;
  }

  /** In one loop: the two bytes that say which shape it is are filled in behind the last key. */
  #plainObject(object: PlainObject, depth: number): void {
    const out = this.#out;
    const shapes = this.#shapes;
    const start = out.offset;
    if (start + 2 > out.limit) out.grow(2);
    out.offset = start + 2;
    let node: ShapeNode | undefined = shapes.root;
    let unshaped: string[] | undefined;
    let at = '';
    try {
      for (const key in object) {
        at = key;
        if (node !== undefined) {
          const next: ShapeNode | undefined = node.lastKey === key ? node.lastNode : shapes.follow(node, key);
          if (next === undefined) unshaped = [...keysOf(node)];
          node = next;
        }
        if (unshaped !== undefined) {
          if (key === '__proto__') throw refuseValue(key, 'is no key that a message can hold');
          unshaped.push(key);
        }
        const value = object[key];
        // The two commonest kinds without the detour; worth a twentieth of a small message.
        if (typeof value === 'number') writeNumber(out, value);
        else if (typeof value === 'string') writeString(out, value, this.#text);
        else this.#value(value, depth + 1);
      }
      if (node === undefined) {
        this.#keysLast(start, unshaped ?? []);
        return;
      }
    } catch (thrown) {
      throw refusedAt(thrown, keySegment(at));
    }
    if (node.depth === 0) {
      out.bytes[start] = wire.EMPTY_OBJECT;
      out.offset = start + 1;
      return;
    }
    const id = node.epoch === shapes.epoch ? node.id : shapes.define(node);
    if (id < 0) {
      this.#keysLast(start, keysOf(node));
      return;
    }
    out.bytes[start] = wire.SHAPED_OBJECT | (id >> 8);
    out.bytes[start + 1] = id;
  }

  #keysLast(start: number, keys: readonly string[]): void {
    const out = this.#out;
    out.bytes[start] = wire.KEYS_LAST_OBJECT;
    out.bytes[start + 1] = 0;
    out.u8(wire.END_OF_VALUES);
    for (const key of keys) writeString(out, key, this.#text);
  }

  /** With its keys, where `for in` would show more than the own ones. */
  #inlineObject(object: PlainObject, depth: number): void {
    const keys = Object.keys(object);
    this.#out.u8(wire.INLINE_OBJECT);
    writeVarint(this.#out, keys.length);
    for (const key of keys) {
      try {
        if (key === '__proto__') throw refuseValue(key, 'is no key that a message can hold');
        writeString(this.#out, key, this.#text);
        this.#value(object[key], depth + 1);
      } catch (thrown) {
        throw refusedAt(thrown, keySegment(key));
      }
    }
  }

  #array(array: readonly unknown[], depth: number): void {
    const { length } = array;
    // A proxy can give anything for it.
    if (length >>> 0 !== length) throw refuseValue(array, 'has no valid length');
    const out = this.#out;
    out.u8(wire.ARRAY);
    writeVarint(out, length);
    let index = 0;
    try {
      for (; index < length; index++) {
        const value = array[index];
        if (value === undefined && !Object.hasOwn(array, index)) {
          throw refuseValue(array, 'is missing: sparse arrays are no values');
        }
        this.#value(value, depth + 1);
      }
    } catch (thrown) {
      throw refusedAt(thrown, `[${String(index)}]`);
    }
  }

  #reference(reference: Reference): void {
    let slot: number;
    try {
      slot = this.#references.write(reference);
    } catch (verbatim) {
      throw new Refusal('value_refused', 'cannot be sent on this channel', { verbatim });
    }
    this.#out.u8(wire.REFERENCE);
    this.#out.u32(slot);
  }

  #trailer(transfer: Transfer | undefined): void {
    const out = this.#out;
    const start = out.offset;
    const { defined } = this.#shapes;
    writeVarint(out, defined.length);
    for (const { keys } of defined) {
      writeVarint(out, keys.length);
      for (const key of keys) writeString(this.#out, key, this.#text);
    }
    this.#binaries.write(out, transfer?.buffers ?? NOTHING, transfer?.moved ?? []);
    out.u32(out.offset - start);
  }
}

const NOTHING: readonly ArrayBuffer[] = Object.freeze([]);

function hasEnumerableKeys(object: object): boolean {
  for (const _ in object) return true;
  return false;
}

const NO_REFERENCES: ReferenceWriter = Object.freeze({
  write(): number {
    throw new CallError('value_refused', 'Addresses and capabilities cannot be stored, only sent.', {
      remedy: 'Send them in a message.',
    });
  },
});
