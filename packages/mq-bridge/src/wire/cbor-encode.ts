/**
 * A value of the closed set (docs/values.md) as CBOR. Most values are trees, and are written in one pass; only
 * one in which an object occurs twice is walked again, to mark what is shared (tags 28 and 29).
 */
import { Address, CallError } from '@espalier/core';
import { CborWriter, MAJOR } from './cbor-writer.js';
import { TAG, TAG_OF_VIEW, MAX_DEPTH } from './tags.js';

/** An object was met for the second time; never leaves this file. */
class SharedObject extends Error {}

/** So many objects are looked through one by one: a set costs more than most messages. */
const FEW = 8;
const LONE_SURROGATE = /\p{Surrogate}/u;

/**
 * Throws `CallError` `value_refused`, `too_large`.
 *
 * @param out who writes many small values has one writer for them
 */
export function encodeValue(value: unknown, maxBytes: number, out = new CborWriter()): Buffer {
  try {
    return new Encoder(out, maxBytes, undefined).encode(value);
  } catch (thrown) {
    out.reset();
    if (!(thrown instanceof SharedObject)) throw thrown;
  }
  try {
    return new Encoder(out, maxBytes, sharedIn(value)).encode(value);
  } catch (thrown) {
    out.reset();
    throw thrown;
  }
}

class Encoder {
  readonly #out: CborWriter;
  readonly #maxBytes: number;
  /** What occurs more than once; undefined as long as nothing is known to. */
  readonly #shared: ReadonlySet<object> | undefined;
  /** What was met, as long as it is known of nothing that it is shared: the first few in a list, others in a set. */
  readonly #few: object[] = [];
  #met: Set<object> | undefined;
  /** Of what is shared: their numbers, in order of first use. */
  readonly #numbers: Map<object, number> | undefined;

  constructor(out: CborWriter, maxBytes: number, shared: ReadonlySet<object> | undefined) {
    this.#out = out;
    this.#maxBytes = maxBytes;
    this.#shared = shared;
    if (shared !== undefined) this.#numbers = new Map();
  }

  encode(value: unknown): Buffer {
    this.#value(value, 0);
    this.#checkSize();
    return this.#out.finish();
  }

  #checkSize(): void {
    if (this.#out.length > this.#maxBytes) throw tooLarge(`${String(this.#maxBytes)} bytes`);
  }

  #value(value: unknown, depth: number): void {
    switch (typeof value) {
      case 'string':
        this.#text(value);
        return;
      case 'number':
        this.#number(value);
        return;
      case 'boolean':
        this.#out.simple(value ? 21 : 20);
        return;
      case 'undefined':
        this.#out.simple(23);
        return;
      case 'bigint':
        this.#bigint(value);
        return;
      case 'object':
        if (value === null) this.#out.simple(22);
        else this.#object(value, depth);
        return;
      default:
        throw refused(typeof value);
    }
  }

  #text(text: string): void {
    if (this.#out.shortText(text)) return;
    if (!LONE_SURROGATE.test(text)) {
      this.#out.text(text);
      return;
    }
    this.#out.head(MAJOR.tag, TAG.wtf8);
    this.#out.bytes(wtf8(text));
  }

  #number(value: number): void {
    if (!Number.isSafeInteger(value) || Object.is(value, -0)) this.#out.float(value);
    else if (value >= 0) this.#out.head(MAJOR.unsigned, value);
    else this.#out.head(MAJOR.negative, -1 - value);
  }

  #bigint(value: bigint): void {
    const magnitude = value < 0n ? -1n - value : value;
    const digits = magnitude.toString(16);
    this.#out.head(MAJOR.tag, value < 0n ? TAG.bigNegative : TAG.bigPositive);
    this.#out.bytes(Buffer.from(digits.length % 2 === 0 ? digits : `0${digits}`, 'hex'));
  }

  #object(value: object, depth: number): void {
    if (depth >= MAX_DEPTH) throw tooLarge(`${String(MAX_DEPTH)} levels`);
    this.#checkSize();
    if (this.#numbers === undefined) this.#meet(value);
    else if (this.#shared?.has(value) === true && this.#refer(value, this.#numbers)) return;
    this.#contents(value, depth + 1);
  }

  #meet(value: object): void {
    const few = this.#few;
    if (this.#met?.has(value) === true || few.includes(value)) throw new SharedObject();
    if (few.length < FEW) few.push(value);
    else (this.#met ??= new Set()).add(value);
  }

  /** True if it stands somewhere before, and its number is written instead. */
  #refer(value: object, numbers: Map<object, number>): boolean {
    const known = numbers.get(value);
    if (known === undefined) {
      numbers.set(value, numbers.size);
      this.#out.head(MAJOR.tag, TAG.shareable);
      return false;
    }
    this.#out.head(MAJOR.tag, TAG.sharedRef);
    this.#out.head(MAJOR.unsigned, known);
    return true;
  }

  #contents(value: object, depth: number): void {
    if (Array.isArray(value)) this.#array(value, depth);
    else if (value instanceof Date) this.#date(value.getTime());
    else if (value instanceof Map) {
      this.#out.head(MAJOR.tag, TAG.map);
      this.#out.head(MAJOR.map, value.size);
      for (const [key, item] of value) {
        this.#value(key, depth);
        this.#value(item, depth);
      }
    } else if (value instanceof Set) {
      this.#out.head(MAJOR.tag, TAG.set);
      this.#out.head(MAJOR.array, value.size);
      for (const item of value) this.#value(item, depth);
    } else if (value instanceof RegExp) {
      this.#out.head(MAJOR.tag, TAG.regExp);
      this.#array([value.source, value.flags], depth);
    } else if (value instanceof ArrayBuffer) this.#out.bytes(new Uint8Array(value));
    else if (ArrayBuffer.isView(value)) this.#view(value);
    else if (value instanceof Error) this.#error(value, depth);
    else this.#plain(value, depth);
  }

  #array(items: readonly unknown[], depth: number): void {
    this.#out.head(MAJOR.array, items.length);
    for (let n = 0; n < items.length; n++) {
      if (!(n in items)) throw refused('a hole in an array');
      this.#value(items[n], depth);
    }
  }

  #plain(value: object, depth: number): void {
    const prototype: unknown = Object.getPrototypeOf(value);
    if (Address.isAddress(value)) throw refused('an address, which does not cross hosts yet');
    if (prototype !== Object.prototype && prototype !== null) throw refused('an instance of a class');
    if (prototype === null) this.#out.head(MAJOR.tag, TAG.bare);
    const keys = Object.keys(value);
    this.#out.head(MAJOR.map, keys.length);
    for (const key of keys) {
      if (key === '__proto__') throw refused('a key named __proto__');
      this.#text(key);
      this.#value((value as Readonly<Record<string, unknown>>)[key], depth);
    }
  }

  #date(ms: number): void {
    if (Number.isNaN(ms) || Math.round((ms / 1000) * 1000) === ms) {
      this.#out.head(MAJOR.tag, TAG.time);
      this.#number(ms / 1000);
      return;
    }
    const seconds = Math.floor(ms / 1000);
    this.#out.head(MAJOR.tag, TAG.extendedTime);
    this.#out.head(MAJOR.map, 2);
    this.#number(1);
    this.#number(seconds);
    this.#number(-3);
    this.#number(ms - seconds * 1000);
  }

  #view(view: ArrayBufferView): void {
    if (!(view.buffer instanceof ArrayBuffer)) throw refused('a view of shared memory');
    const bytes = new Uint8Array(view.buffer, view.byteOffset, view.byteLength);
    const name = view instanceof DataView ? 'DataView' : (view as NodeJS.TypedArray)[Symbol.toStringTag];
    const tag = TAG_OF_VIEW.get(name);
    if (tag === undefined) {
      this.#out.head(MAJOR.tag, TAG.object);
      this.#out.head(MAJOR.array, 2);
      this.#out.text(name);
    } else this.#out.head(MAJOR.tag, tag);
    this.#out.bytes(bytes);
  }

  #error(error: Error & { readonly code?: unknown }, depth: number): void {
    const { name, message, code } = error;
    const facts: [string, unknown][] = [
      ['name', String(name)],
      ['message', String(message)],
    ];
    if (typeof code === 'string' || typeof code === 'number') facts.push(['code', code]);
    if (Object.hasOwn(error, 'cause')) facts.push(['cause', error.cause]);
    if (error instanceof AggregateError) facts.push(['errors', error.errors]);
    this.#out.head(MAJOR.tag, TAG.object);
    this.#out.head(MAJOR.array, 2);
    this.#out.text('Error');
    this.#out.head(MAJOR.map, facts.length);
    for (const [key, item] of facts) {
      this.#out.text(key);
      this.#value(item, depth);
    }
  }
}

/** Every object that occurs more than once in what a message holds. */
function sharedIn(value: unknown): ReadonlySet<object> {
  const seen = new Set<object>();
  const shared = new Set<object>();
  const open: unknown[] = [value];
  while (open.length > 0) {
    const item = open.pop();
    if (typeof item !== 'object' || item === null) continue;
    if (seen.has(item)) {
      shared.add(item);
      continue;
    }
    seen.add(item);
    if (item instanceof Map) for (const entry of item) open.push(...entry);
    else if (item instanceof Set) open.push(...item);
    else if (item instanceof Error) open.push(item.cause, (item as Partial<AggregateError>).errors);
    else if (!ArrayBuffer.isView(item)) open.push(...(Object.values(item) as unknown[]));
  }
  return shared;
}

/** UTF-8 in which a lone surrogate has the three bytes of its number. */
function wtf8(text: string): Uint8Array {
  const parts: Uint8Array[] = [];
  for (const character of text) {
    const unit = character.charCodeAt(0);
    parts.push(
      !LONE_SURROGATE.test(character)
        ? Buffer.from(character)
        : Uint8Array.of(0xe0 | (unit >> 12), 0x80 | ((unit >> 6) & 0x3f), 0x80 | (unit & 0x3f)),
    );
  }
  return Buffer.concat(parts);
}

function refused(what: string): CallError {
  return new CallError('value_refused', `the message holds ${what}`, { value: what });
}

function tooLarge(limit: string): CallError {
  return new CallError('too_large', `the message has more than ${limit}`, {
    remedy: 'Send it in parts; docs/bridge.md states the largest message.',
  });
}
