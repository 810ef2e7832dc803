import { Buffer } from 'node:buffer';
import vm from 'node:vm';
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { decodeOnce, encodeOnce, portableTextCodec, Reference } from '../../src/values/index.js';
import { nodeTextCodec } from '../../src/threads/node-text-codec.js';
import { anyString, primitive, valueGraph, valueTree, view } from './arbitraries.js';
import { difference } from './same-value.js';
import { Stream } from './stream.js';

describe('round trip', () => {
  test('any value of the closed set arrives equal, with the same objects in the same places', () => {
    fc.assert(
      fc.property(valueGraph, (value) => {
        expect(difference(value, new Stream().pass(value))).toBeUndefined();
      }),
      { numRuns: 300 },
    );
  });

  test('values that follow each other on one stream do not disturb each other', () => {
    fc.assert(
      fc.property(fc.array(valueGraph, { maxLength: 12 }), (values) => {
        const stream = new Stream();
        const differences = [...values, ...values].map((value) => difference(value, stream.pass(value)));
        expect(differences.filter((found) => found !== undefined)).toEqual([]);
      }),
    );
  });

  test('a value that stands for itself is read by any decoder and changes no stream', () => {
    fc.assert(
      fc.property(valueGraph, valueTree, (stored, sent) => {
        const stream = new Stream();
        stream.pass(sent);
        const bytes = encodeOnce(stored, { text: nodeTextCodec });
        expect(difference(stored, stream.decode(bytes))).toBeUndefined();
        expect(difference(stored, decodeOnce(bytes, { text: nodeTextCodec }))).toBeUndefined();
        expect(difference(sent, stream.pass(sent))).toBeUndefined();
      }),
    );
  });

  test('the portable text codec writes the same bytes as the native one', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          anyString,
          anyString.map((text) => text.repeat(300)),
        ),
        (text) => {
          const portable = new Stream({ text: portableTextCodec });
          const bytes = portable.encode(text);
          expect(bytes).toEqual(new Stream().encode(text));
          expect(portable.decode(bytes)).toBe(text);
        },
      ),
    );
  });

  test('where structured clone accepts a value too, both give the same', () => {
    fc.assert(
      fc.property(valueTree, (value) => {
        const hasNullPrototype = difference(value, structuredClone(value)) !== undefined;
        fc.pre(!hasNullPrototype);
        expect(difference(structuredClone(value), new Stream().pass(value))).toBeUndefined();
      }),
    );
  });

  test('a long array, map, set, string and bigint arrive', () => {
    const value = {
      array: Array.from({ length: 20_000 }, (_, i) => i),
      map: new Map(Array.from({ length: 300 }, (_, i) => [i, { i }])),
      set: new Set(Array.from({ length: 300 }, (_, i) => ({ i }))),
      latin1: 'é'.repeat(100_000),
      wide: '狐\ud800'.repeat(50_000),
      bigint: -(7n ** 4000n),
    };
    expect(difference(value, new Stream().pass(value))).toBeUndefined();
  });

  test('a thousand levels of every container arrive', () => {
    const wrappers: ((inner: unknown) => unknown)[] = [
      (inner) => [inner],
      (inner) => ({ inner }),
      (inner) => new Map([['k', inner]]),
      (inner) => new Set([inner]),
      (inner) => new Error('e', { cause: inner }),
    ];
    for (const wrap of wrappers) {
      let value: unknown = 'core';
      for (let i = 0; i < 1000; i++) value = wrap(value);
      expect(difference(shape(value), shape(new Stream().pass(value)))).toBeUndefined();
    }
  });

  test('shared objects stay shared beyond the number that is searched one by one', () => {
    const objects = Array.from({ length: 100 }, (_, i) => ({ i }));
    const received = new Stream().pass([objects, objects.toReversed()]);
    expect(received[0]?.every((object, i) => object === received[1]?.[99 - i])).toBe(true);
  });
});

/** The kinds from outside to inside; comparing the nested values themselves would need the stack that it tests. */
function shape(value: unknown): string {
  const kinds: string[] = [];
  let at = value;
  while (typeof at === 'object' && at !== null) {
    kinds.push(Object.prototype.toString.call(at));
    if (at instanceof Map) at = at.get('k');
    else if (at instanceof Set) [at] = at;
    else if (at instanceof Error) at = at.cause;
    else [at] = Object.values(at) as unknown[];
  }
  return [...kinds, String(at)].join();
}

describe('objects', () => {
  test('keys come in their order, and keys of Object.prototype are ordinary keys', () => {
    const value = { b: 1, a: 2, constructor: 3, toString: 4, valueOf: 5, 7: 6 };
    const received = new Stream().pass(value);
    expect(Object.entries(received)).toEqual(Object.entries(value));
    expect(Object.getPrototypeOf(received)).toBe(Object.prototype);
  });

  test('an object without a prototype arrives without one', () => {
    const value = Object.assign(Object.create(null) as object, { a: 1 });
    const stream = new Stream();
    expect(Object.getPrototypeOf(stream.pass(value))).toBeNull();
    expect(Object.getPrototypeOf(stream.pass({ a: 1 }))).toBe(Object.prototype);
  });

  test('symbol keys, non-enumerable keys and extra keys of arrays are left out; getters are read', () => {
    const value = Object.defineProperty({ a: 1, [Symbol('s')]: 2 }, 'hidden', { value: 3 });
    const array = Object.assign([1, 2], { extra: true });
    const lazy = {
      get now() {
        return 4;
      },
    };
    expect(new Stream().pass([value, array, lazy])).toEqual([{ a: 1 }, [1, 2], { now: 4 }]);
  });

  test('what the sender changes after encoding is not sent', () => {
    const stream = new Stream();
    const value = { list: [1], bytes: new Uint8Array([1]) };
    const bytes = stream.encode(value);
    value.list.push(2);
    value.bytes[0] = 9;
    expect(stream.decode(bytes)).toEqual({ list: [1], bytes: new Uint8Array([1]) });
  });

  test('an enumerable key on Object.prototype is not added', () => {
    const stream = new Stream();
    const polluted = Object.prototype as unknown as Record<string, unknown>;
    polluted['planted'] = 'x';
    try {
      const received = stream.pass([{ a: 1 }, Object.assign(Object.create(null) as object, { b: 1 })]);
      expect(received.map((object) => Object.keys(object))).toEqual([['a'], ['b']]);
    } finally {
      delete polluted['planted'];
    }
    expect(Object.keys(stream.pass({ a: 1 }))).toEqual(['a']);
  });

  test('values of another realm arrive as values of this one', () => {
    const foreign: unknown = vm.runInNewContext(
      `Object.prototype.planted = 1;
       ({ list: [1, { a: 2 }], map: new Map([['k', 1]]), set: new Set([1]), date: new Date(3), re: /x/g,
          bytes: new Uint8Array([1, 2]), buffer: new ArrayBuffer(2), view: new DataView(new ArrayBuffer(1)),
          error: new TypeError('bad', { cause: 1 }), bare: Object.create(null) })`,
    );
    const received = new Stream().pass(foreign) as Record<string, unknown>;
    const expected = {
      list: [1, { a: 2 }],
      map: new Map([['k', 1]]),
      set: new Set([1]),
      date: new Date(3),
      re: /x/g,
      bytes: new Uint8Array([1, 2]),
      buffer: new ArrayBuffer(2),
      view: new DataView(new ArrayBuffer(1)),
      error: new TypeError('bad', { cause: 1 }),
      bare: Object.create(null) as object,
    };
    expect(difference(expected, received)).toBeUndefined();
    expect(Object.getPrototypeOf(received)).toBe(Object.prototype);
    expect(received['map']).toBeInstanceOf(Map);
  });
});

describe('buffers', () => {
  test('a view carries only what it shows', () => {
    fc.assert(
      fc.property(view, (value) => {
        const received = new Stream().pass(value);
        expect(received.buffer.byteLength).toBe(value.byteLength);
        expect(difference(value, received)).toBeUndefined();
      }),
    );
  });

  test('a Buffer arrives as a Uint8Array and brings nothing of its pool', () => {
    const received = new Stream().pass({ a: Buffer.from('hello'), b: Buffer.from('world') });
    expect(Object.prototype.toString.call(received.a)).toBe('[object Uint8Array]');
    expect(Buffer.isBuffer(received.a)).toBe(false);
    expect(Buffer.from(received.b).toString()).toBe('world');
    const shown = new Uint8Array(received.a.buffer).reduce((sum, byte) => sum + byte, 0);
    const wanted = [...Buffer.from('helloworld')].reduce((sum, byte) => sum + byte, 0);
    expect(shown).toBeLessThanOrEqual(wanted);
  });

  test('views of one buffer still share one, and gaps between them are zero', () => {
    const buffer = new Uint8Array(32).fill(7).buffer;
    const value = {
      a: new Uint8Array(buffer, 1, 10),
      b: new Float64Array(buffer, 16, 2),
      c: new DataView(buffer, 4, 4),
    };
    const { a, b, c } = new Stream().pass(value);
    expect(a.buffer).toBe(b.buffer);
    expect(c.buffer).toBe(b.buffer);
    expect([...new Uint8Array(a.buffer)]).toEqual([
      0,
      ...Array<number>(10).fill(7),
      0,
      0,
      0,
      0,
      0,
      ...Array<number>(16).fill(7),
    ]);
    c.setUint8(0, 99);
    expect(a[3]).toBe(99);
  });

  test('views far apart in a large buffer do not carry what lies between', () => {
    const buffer = new ArrayBuffer(1 << 20);
    const value = {
      a: new Uint8Array(buffer, 0, 8),
      b: new Uint8Array(buffer, (1 << 20) - 8, 8),
      c: new Uint8Array(buffer, 4, 8),
    };
    const stream = new Stream({ maxBytes: 1000 });
    const { a, b, c } = stream.pass(value);
    expect(b.buffer.byteLength).toBe(8);
    expect(a.buffer).toBe(c.buffer);
  });

  test('an ArrayBuffer that is in the message is sent whole, and views of it share it', () => {
    const buffer = new Uint8Array([1, 2, 3, 4]).buffer;
    const received = new Stream().pass([new Uint8Array(buffer, 2, 1), buffer]) as [Uint8Array, ArrayBuffer];
    expect(received[0].buffer).toBe(received[1]);
    expect(new Uint8Array(received[1])).toEqual(new Uint8Array([1, 2, 3, 4]));
    expect(received[0].byteOffset).toBe(2);
  });

  test('a transferred buffer is handed over by index, whole, with all views of it', () => {
    const first = new ArrayBuffer(8);
    const second = new ArrayBuffer(16);
    const value = { copied: new Uint8Array([1]), view: new Uint8Array(second, 4, 2), first };
    const received = new Stream().transfer(value, [first, second]);
    expect(received.first).toBe(first);
    expect(received.view.buffer).toBe(second);
    expect(received.view.byteOffset).toBe(4);
    expect(received.copied).toEqual(new Uint8Array([1]));
  });
});

describe('errors', () => {
  test('class, name, message, code, cause and errors arrive; the stack does not', () => {
    class Refused extends RangeError {
      override name = 'Refused';
      code = 'E_REFUSED';
    }
    const value = new AggregateError([new Refused('one', { cause: { deep: 1 } })], 'many');
    const received = new Stream().pass(value);
    expect(difference(value, received)).toBeUndefined();
    expect(received).toBeInstanceOf(AggregateError);
    expect(received.stack).toBe('AggregateError: many');
    expect((received.errors[0] as Error).stack).toBe('Refused: one');
    expect(Object.keys(received)).toEqual([]);
  });

  test('the stack arrives where it is included', () => {
    const error = new Error('x');
    expect(new Stream({ includeStack: true }).pass(error).stack).toBe(error.stack);
  });

  test('an error of the platform that is no Error by birth arrives as one', () => {
    const received = new Stream().pass(AbortSignal.abort().reason as Error);
    expect(received.name).toBe('AbortError');
    expect(Object.prototype.toString.call(received)).toBe('[object Error]');
  });
});

class Address extends Reference {
  readonly slot: number;
  constructor(slot: number) {
    super();
    this.slot = slot;
  }
}

describe('references', () => {
  test('are written as the number that the channel gives and read back by it', () => {
    const address = new Address(0xfffffffe);
    const stream = new Stream({
      writer: { write: (reference) => (reference as Address).slot },
      reader: { read: (slot) => new Address(slot) },
    });
    const received = stream.pass({ to: address, map: new Map([[address, 1]]) });
    expect(received.to).toEqual(address);
    expect(received.to).toBeInstanceOf(Address);
  });

  test('are known by their brand alone', () => {
    expect(Reference.isReference(new Address(1))).toBe(true);
    expect(Reference.isReference(Object.create(Address.prototype))).toBe(false);
    expect(Reference.isReference(null)).toBe(false);
  });
});

test('primitives need no object to be numbered: a message of one is two bytes or few more', () => {
  fc.assert(
    fc.property(primitive, (value) => {
      const bytes = new Stream().encode(value);
      const most = typeof value === 'string' ? 2 * value.length + 7 : typeof value === 'bigint' ? 70 : 10;
      expect(bytes.length).toBeLessThanOrEqual(most);
    }),
  );
});
