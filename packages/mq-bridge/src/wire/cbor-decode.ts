/**
 * CBOR into values. The bytes may come from anybody: every length is checked against what is left before
 * anything is made, nesting is bounded, and whatever is not of the closed set or not well-formed throws
 * `CallError` `malformed`. Lengths are definite; tags that are not known are looked through (RFC 8949, 3.4).
 */
import { CallError } from '@espalier/core';
import { MAJOR } from './cbor-writer.js';
import { ShortTexts } from './short-texts.js';
import { TAG, VIEW_TAGS, MAX_DEPTH } from './tags.js';

const ERRORS = { EvalError, RangeError, ReferenceError, SyntaxError, TypeError, URIError } as const;
const UNSET = Symbol('unset');

/** The one value that these bytes are. */
export function decodeValue(bytes: Uint8Array): unknown {
  const decoder = new CborDecoder(bytes);
  const value = decoder.value();
  if (!decoder.atEnd) throw malformed('bytes follow the value');
  return value;
}

export class CborDecoder {
  readonly #bytes: Buffer;
  readonly #texts: ShortTexts;
  #at = 0;
  #shareables: unknown[] = [];
  #depth = 0;

  /** @param texts of what was read before, where more of the same is expected */
  constructor(bytes: Uint8Array, texts = new ShortTexts()) {
    this.#bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#texts = texts;
  }

  get atEnd(): boolean {
    return this.#at === this.#bytes.length;
  }

  /** The items of an array that stands here are told one by one; each value has shared references of its own. */
  arrayLength(): number {
    const first = this.#byte();
    if (first >> 5 !== MAJOR.array) throw malformed('no array');
    return this.#count(first & 31, 1);
  }

  value(): unknown {
    if (this.#shareables.length > 0) this.#shareables = [];
    this.#depth = 0;
    try {
      return this.#value();
    } catch (error) {
      // The depth that this thread's stack has room for may be less than what is allowed.
      if (error instanceof RangeError) throw malformed('nested too deep');
      throw error;
    }
  }

  #value(share?: (made: unknown) => void): unknown {
    if (++this.#depth > MAX_DEPTH * 3) throw malformed('nested too deep');
    const first = this.#byte();
    const info = first & 31;
    const value = this.#ofMajor(first >> 5, info, share);
    this.#depth--;
    return value;
  }

  #ofMajor(major: number, info: number, share: ((made: unknown) => void) | undefined): unknown {
    switch (major) {
      case MAJOR.unsigned:
        return narrow(this.#argument(info));
      case MAJOR.negative:
        return narrow(-1n - BigInt(this.#argument(info)));
      case MAJOR.bytes:
        return made(this.#copy(this.#take(this.#count(info, 1))), share);
      case MAJOR.text:
        return this.#text(this.#count(info, 1));
      case MAJOR.array: {
        const items = made<unknown[]>([], share);
        for (let left = this.#count(info, 1); left > 0; left--) items.push(this.#value());
        return items;
      }
      case MAJOR.map:
        return this.#plain(this.#count(info, 2), made<Record<string, unknown>>({}, share));
      case MAJOR.tag:
        return this.#tagged(Number(this.#argument(info)), share);
      default:
        return this.#simple(info);
    }
  }

  #simple(info: number): unknown {
    switch (info) {
      case 20:
        return false;
      case 21:
        return true;
      case 22:
        return null;
      case 23:
        return undefined;
      case 25:
        return half(this.#take(2).readUInt16BE());
      case 26:
        return this.#take(4).readFloatBE();
      case 27:
        return this.#take(8).readDoubleBE();
      default:
        throw malformed('an unknown simple value');
    }
  }

  #tagged(tag: number, share: ((made: unknown) => void) | undefined): unknown {
    const View = VIEW_TAGS.get(tag);
    if (View !== undefined) {
      const bytes = this.#bytesHere();
      if (bytes.length % (View as unknown as { BYTES_PER_ELEMENT: number }).BYTES_PER_ELEMENT !== 0)
        throw malformed('a typed array of a broken length');
      return made(new View(this.#copy(bytes)), share);
    }
    switch (tag) {
      case TAG.time:
        return made(dateOf(this.#value()), share);
      case TAG.extendedTime: {
        const parts = this.#value() as Record<string, unknown>;
        return made(dateOf(parts['1'], parts['-3'] ?? 0), share);
      }
      case TAG.bigPositive:
        return bigOf(this.#bytesHere());
      case TAG.bigNegative:
        return -1n - bigOf(this.#bytesHere());
      case TAG.wtf8:
        return fromWtf8(this.#bytesHere());
      case TAG.shareable: {
        const at = this.#shareables.push(UNSET) - 1;
        const value = this.#value((now) => {
          this.#shareables[at] = now;
          share?.(now);
        });
        this.#shareables[at] = value;
        return value;
      }
      case TAG.sharedRef: {
        const shared = this.#shareables[Number(this.#value())] ?? UNSET;
        if (shared === UNSET) throw malformed('a reference to nothing');
        return shared;
      }
      case TAG.map: {
        const map = made(new Map<unknown, unknown>(), share);
        for (let left = this.#headCount(MAJOR.map, 2); left > 0; left--) {
          const key = this.#value();
          map.set(key, this.#value());
        }
        return map;
      }
      case TAG.set: {
        const set = made(new Set(), share);
        for (let left = this.#headCount(MAJOR.array, 1); left > 0; left--) set.add(this.#value());
        return set;
      }
      case TAG.bare: {
        const bare = made(Object.create(null) as Record<string, unknown>, share);
        return this.#plain(this.#headCount(MAJOR.map, 2), bare);
      }
      case TAG.regExp:
        return made(regExpOf(this.#value()), share);
      case TAG.object:
        return this.#object(share);
      default:
        return this.#value(share);
    }
  }

  #object(share: ((made: unknown) => void) | undefined): unknown {
    if (this.#headCount(MAJOR.array, 1) !== 2) throw malformed('an object of an unknown shape');
    const name = this.#value();
    if (name === 'DataView') return made(new DataView(this.#copy(this.#bytesHere())), share);
    if (name !== 'Error') throw malformed('an object of an unknown type');
    // Made before its parts are read: a cause may be a cycle.
    const facts: Record<string, unknown> = {};
    const error = new Proxied(facts);
    this.#plain(this.#headCount(MAJOR.map, 2), facts, (built) => share?.(built), error);
    return error.built();
  }

  #plain(
    count: number,
    object: Record<string, unknown>,
    share?: (made: unknown) => void,
    error?: Proxied,
  ): Record<string, unknown> {
    for (let left = count; left > 0; left--) {
      const key: unknown = this.#value();
      const name = typeof key === 'number' ? String(key) : key;
      if (typeof name !== 'string' || name === '__proto__' || Object.hasOwn(object, name))
        throw malformed('a key that is no text, forbidden or there twice');
      // An error's name and message come first: it exists before its cause is read.
      if (error !== undefined && name !== 'name' && name !== 'message') share?.(error.built());
      object[name] = this.#value();
    }
    return object;
  }

  // ---- heads -----------------------------------------------------------------------------------------

  #argument(info: number): number | bigint {
    if (info < 24) return info;
    if (info === 24) return this.#byte();
    if (info === 25) return this.#byte() * 0x100 + this.#byte();
    if (info === 26) return this.#take(4).readUInt32BE();
    if (info === 27) return this.#take(8).readBigUInt64BE();
    throw malformed('no definite length');
  }

  /** How many follow, each of at least one byte: never more than there are bytes. */
  #count(info: number, bytesEach: number): number {
    const count = Number(this.#argument(info));
    if (count * bytesEach > this.#bytes.length - this.#at) throw malformed('a length beyond the end');
    return count;
  }

  #headCount(major: number, bytesEach: number): number {
    const first = this.#byte();
    if (first >> 5 !== major) throw malformed('a tag on something else');
    return this.#count(first & 31, bytesEach);
  }

  #bytesHere(): Buffer {
    return this.#take(this.#headCount(MAJOR.bytes, 1));
  }

  #byte(): number {
    const byte = this.#bytes[this.#at++];
    if (byte === undefined) throw malformed('the end comes too early');
    return byte;
  }

  #take(count: number): Buffer {
    if (count > this.#bytes.length - this.#at) throw malformed('the end comes too early');
    return this.#bytes.subarray(this.#at, (this.#at += count));
  }

  #text(count: number): string {
    const from = this.#at;
    const known = this.#texts.read(this.#bytes, from, count);
    if (known !== undefined) {
      this.#at += count;
      return known;
    }
    const text = this.#bytes.toString('utf8', from, (this.#at += count));
    return text.includes('\ufffd') ? utf8(this.#bytes.subarray(from, this.#at)) : text;
  }

  #copy(bytes: Buffer): ArrayBuffer {
    const copy = new ArrayBuffer(bytes.length);
    new Uint8Array(copy).set(bytes);
    return copy;
  }
}

/** An error under construction: it is there once its name and message are. */
class Proxied {
  readonly #facts: Record<string, unknown>;
  #error: (Error & { code?: unknown }) | undefined;

  constructor(facts: Record<string, unknown>) {
    this.#facts = facts;
  }

  built(): Error {
    const { name, message, code, errors } = this.#facts;
    const text = typeof message === 'string' ? message : '';
    const own = typeof name === 'string' ? name : 'Error';
    if (this.#error === undefined) {
      const Known = Object.hasOwn(ERRORS, own) ? ERRORS[own as keyof typeof ERRORS] : Error;
      this.#error = own === 'AggregateError' ? new AggregateError([], text) : new Known(text);
      if (this.#error.name !== own) hidden(this.#error, 'name', own);
      hidden(this.#error, 'stack', `${own}: ${text}`);
    }
    if (code !== undefined) this.#error.code = code;
    if (Object.hasOwn(this.#facts, 'cause')) hidden(this.#error, 'cause', this.#facts['cause']);
    if (Array.isArray(errors)) hidden(this.#error, 'errors', errors);
    return this.#error;
  }
}

function hidden(error: object, key: string, value: unknown): void {
  Object.defineProperty(error, key, { value, writable: true, configurable: true, enumerable: false });
}

function made<T>(value: T, share: ((made: unknown) => void) | undefined): T {
  share?.(value);
  return value;
}

function narrow(value: number | bigint): number | bigint {
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : value;
}

function bigOf(bytes: Buffer): bigint {
  return bytes.length === 0 ? 0n : BigInt(`0x${bytes.toString('hex')}`);
}

function dateOf(seconds: unknown, ms: unknown = 0): Date {
  if (typeof seconds !== 'number' || typeof ms !== 'number') throw malformed('a time that is no number');
  return new Date(Math.round(seconds * 1000) + ms);
}

function regExpOf(parts: unknown): RegExp {
  const [source, flags] = Array.isArray(parts) ? (parts as unknown[]) : [];
  if (typeof source !== 'string' || typeof flags !== 'string') throw malformed('a broken regular expression');
  try {
    return new RegExp(source, flags);
  } catch {
    throw malformed('a broken regular expression');
  }
}

function utf8(bytes: Buffer): string {
  const text = bytes.toString('utf8');
  // What was not UTF-8 has become U+FFFD, and has another length or other bytes then.
  if (text.includes('\ufffd') && !Buffer.from(text).equals(bytes)) throw malformed('text that is not UTF-8');
  return text;
}

function fromWtf8(bytes: Buffer): string {
  let text = '';
  let from = 0;
  for (let at = 0; at + 2 < bytes.length; at++) {
    // 0xED 0xA0…0xBF: a surrogate, which UTF-8 never has.
    const [lead = 0, second = 0, third = 0] = bytes.subarray(at, at + 3);
    if (lead !== 0xed || second < 0xa0) continue;
    text += utf8(bytes.subarray(from, at));
    text += String.fromCharCode(0xd000 | ((second & 0x3f) << 6) | (third & 0x3f));
    from = at + 3;
    at += 2;
  }
  return text + utf8(bytes.subarray(from));
}

function half(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 31;
  const fraction = bits & 1023;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 31) return fraction === 0 ? sign * Infinity : NaN;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

export function malformed(what: string): CallError {
  return new CallError('malformed', `the bytes are no message: ${what}`);
}
