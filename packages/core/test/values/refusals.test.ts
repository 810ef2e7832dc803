import vm from 'node:vm';
import { describe, expect, test } from '@jest/globals';
import { CallError } from '../../src/errors.js';
import { ByteWriter, encodeOnce, Reference, ValueEncoder } from '../../src/values/index.js';
import { nodeTextCodec } from '../../src/threads/node-text-codec.js';
import { Stream, thrownBy } from './stream.js';

/** Not among the types of this project; the sandbox of the tests has it. */
declare const WebAssembly: {
  Module: new (bytes: Uint8Array) => object;
  Memory: new (descriptor: { initial: number }) => object;
};

class Point {
  x = 1;
}
class List extends Array<number> {}
class Table extends Map<string, number> {}

const boom = new Error('boom');
const detached = new ArrayBuffer(8);
const detachedView = new Uint8Array(detached);
structuredClone(detached, { transfer: [detached] });

/** Title, value, path, and what the refusal says about the value. */
const REFUSED: [string, unknown, string, string | RegExp][] = [
  ['a function', { items: [0, 1, 2, { name: () => 1 }] }, 'message.items[3].name', 'function name'],
  ['a symbol', [Symbol('s')], 'message[0]', 'Symbol(s)'],
  ['a class', { Point }, 'message.Point', 'function Point'],
  ['a class instance', { at: new Point() }, 'message.at', 'instance of Point'],
  [
    'an object with a prototype that is an object',
    Object.create({}),
    'message',
    'object with a prototype of its own',
  ],
  [
    'an instance of an old-style class',
    Object.create({ constructor: Object }),
    'message',
    'instance of Object',
  ],
  ['a subclass of Array', new List(1, 2, 3), 'message', 'instance of List'],
  ['a subclass of Map', new Map([['k', new Table()]]), 'message.get("k")', 'instance of Table'],
  ['an array with a hole', { a: [1, , 3] }, 'message.a[1]', 'instance of Array'], // eslint-disable-line no-sparse-arrays
  ['an array of nothing but holes', new Array(2 ** 32 - 1), 'message[0]', 'instance of Array'],
  ['a boxed number', [Object(1)], 'message[0]', 'instance of Number'],
  ['a boxed string', [Object('s')], 'message[0]', 'instance of String'],
  ['a boxed bigint', [Object(1n)], 'message[0]', 'instance of BigInt'],
  ['a boxed symbol', [Object(Symbol('s'))], 'message[0]', 'instance of Symbol'],
  ['shared memory', { m: new SharedArrayBuffer(8) }, 'message.m', 'instance of SharedArrayBuffer'],
  [
    'a view of shared memory',
    { v: new Uint8Array(new SharedArrayBuffer(8)) },
    'message.v.buffer',
    'instance of SharedArrayBuffer',
  ],
  [
    'a DataView of shared memory',
    [new DataView(new SharedArrayBuffer(8))],
    'message[0].buffer',
    'instance of SharedArrayBuffer',
  ],
  ['a detached ArrayBuffer', { b: detached }, 'message.b', 'detached ArrayBuffer'],
  ['a view of a detached ArrayBuffer', [detachedView], 'message[0]', 'detached ArrayBuffer'],
  ['a promise', [Promise.resolve()], 'message[0]', 'instance of Promise'],
  ['a WeakMap', [new WeakMap()], 'message[0]', 'instance of WeakMap'],
  ['a WeakRef', [new WeakRef({})], 'message[0]', 'instance of WeakRef'],
  ['a Blob', [new Blob(['x'])], 'message[0]', 'instance of Blob'],
  ['a raw port', [new MessageChannel().port1], 'message[0]', 'instance of MessagePort'],
  ['a generator', [(function* () {})()], 'message[0]', /object/],
  ['a URL', [new URL('http://localhost/')], 'message[0]', 'instance of URL'],
  ['a proxy of a class instance', [new Proxy(new Point(), {})], 'message[0]', 'instance of Point'],
  [
    'a key of a map',
    new Map([
      [1, 1],
      [() => 1, 2],
    ] as [unknown, number][]),
    'message.keys()[1]',
    /function/,
  ],
  ['a member of a set', new Set([1, Symbol.iterator]), 'message.values()[1]', 'Symbol(Symbol.iterator)'],
  ['under a map’s number', new Map([[7, new Point()]]), 'message.get(7)', 'instance of Point'],
  ['under a map’s object', new Map([[{}, new Point()]]), 'message.get(…)', 'instance of Point'],
  ['the cause of an error', new Error('e', { cause: new Point() }), 'message.cause', 'instance of Point'],
  [
    'one of several errors',
    new AggregateError([1, new Point()], 'e'),
    'message.errors[1]',
    'instance of Point',
  ],
  ['under a key that is no identifier', { 'a b': new Point() }, 'message["a b"]', 'instance of Point'],
  [
    'in an object without prototype',
    Object.assign(Object.create(null) as object, { f: boom.toString }),
    'message.f',
    /function/,
  ],
  [
    'in a dictionary',
    { ...Object.fromEntries(Array.from({ length: 90 }, (_, i) => [`k${String(i)}`, i])), last: new Point() },
    'message.last',
    'instance of Point',
  ],
  [
    'an own key named __proto__',
    { a: JSON.parse('{"b":1,"__proto__":{"x":1}}') as unknown },
    'message.a.__proto__',
    '"__proto__"',
  ],
  [
    'an instance from another realm',
    [vm.runInNewContext('class Foo {}; new Foo()')],
    'message[0]',
    'instance of Foo',
  ],
  ['a doctored Map', [Object.create(Map.prototype)], 'message[0]', /^/],
];

describe('refused with its path', () => {
  test.each(REFUSED)('%s', (_title, value, path, description) => {
    const error = thrownBy(() => new Stream().encode(value)) as CallError;
    expect(error).toBeInstanceOf(CallError);
    expect(error.code).toBe('value_refused');
    expect(error.path).toBe(path);
    expect(error.message.startsWith(path)).toBe(true);
    if (typeof description === 'string') expect(error.value).toBe(description);
    else expect(String(error.value)).toMatch(description);
  });

  test('WebAssembly objects', () => {
    const module = new WebAssembly.Module(new Uint8Array([0, 97, 115, 109, 1, 0, 0, 0]));
    for (const value of [module, new WebAssembly.Memory({ initial: 1 })]) {
      expect(thrownBy(() => new Stream().encode({ value }))).toMatchObject({
        code: 'value_refused',
        path: 'message.value',
      });
    }
  });

  test('the path starts with the root that the encoder was given', () => {
    const run = (): unknown => encodeOnce({ f: () => 1 }, { text: nodeTextCodec, root: 'state' });
    expect(thrownBy(run)).toMatchObject({ path: 'state.f' });
  });

  test('a reference that the channel refuses: the channel’s own error reaches the sender', () => {
    class Address extends Reference {}
    const refusal = new CallError('noproc', 'gone');
    const stream = new Stream({
      writer: {
        write: () => {
          throw refusal;
        },
      },
    });
    expect(thrownBy(() => stream.encode([new Address()]))).toBe(refusal);
    expect(thrownBy(() => encodeOnce(new Address(), { text: nodeTextCodec }))).toMatchObject({
      code: 'value_refused',
    });
  });
});

describe('limits', () => {
  test('a million levels are refused, with a path that can be read', () => {
    for (const wrap of [
      (inner: unknown) => [inner],
      (inner: unknown) => ({ inner }),
      (inner: unknown) => new Map([[1, inner]]),
    ]) {
      let value: unknown = 1;
      for (let i = 0; i < 1_000_000; i++) value = wrap(value);
      const error = thrownBy(() => new Stream().encode(value)) as CallError;
      expect(error.code).toBe('too_large');
      expect(error.path?.length).toBeLessThan(500);
    }
  });

  test('maxDepth counts levels', () => {
    const stream = new Stream({ maxDepth: 2 });
    expect(stream.pass({ a: { b: 1 } })).toEqual({ a: { b: 1 } });
    expect(thrownBy(() => stream.encode({ a: { b: { c: 1 } } }))).toMatchObject({
      code: 'too_large',
      path: 'message.a.b',
    });
  });

  test('maxBytes counts bytes, wherever they come from', () => {
    const stream = new Stream({ maxBytes: 1000 });
    const wide = Object.fromEntries(
      Array.from({ length: 50 }, (_, i) => [`a_key_of_twenty_chars${String(i)}`, 1]),
    );
    const large = [
      'x'.repeat(1000),
      '狐'.repeat(500),
      new Uint8Array(1000),
      new ArrayBuffer(1000),
      new Array(1000).fill(1),
      7n ** 4000n,
      wide,
    ];
    for (const value of large) {
      expect(thrownBy(() => stream.encode({ value }))).toMatchObject({ code: 'too_large' });
    }
    expect(stream.pass('x'.repeat(980))).toBe('x'.repeat(980));
  });
});

describe('hostile objects', () => {
  const endless = (): object => ({
    get more() {
      return endless();
    },
  });
  const growingMap = new Map<unknown, unknown>();
  growingMap.set('a', {
    get x() {
      growingMap.set(growingMap.size, 'more');
      return 1;
    },
  });
  const growingSet = new Set<unknown>();
  growingSet.add({
    get x() {
      return growingSet.add({}).size;
    },
  });
  const shrinking: unknown[] = [
    {
      get x() {
        shrinking.length = 1;
        return 1;
      },
    },
    2,
  ];
  const thrower = (): never => {
    throw boom;
  };
  const traps = ['get', 'ownKeys', 'getOwnPropertyDescriptor', 'getPrototypeOf'] as const;

  test.each([
    ['a getter that throws', { a: { get b() { return thrower(); } } }, 'value_refused', 'message.a.b'], // prettier-ignore
    ['a getter that never ends giving objects', endless(), 'too_large', undefined],
    ['a map that grows while it is read', { growingMap }, 'value_refused', 'message.growingMap'],
    ['a set that grows while it is read', { growingSet }, 'value_refused', 'message.growingSet'],
    ['an array that shrinks while it is read', { shrinking }, 'value_refused', 'message.shrinking[1]'],
    ...traps.map(
      (trap) =>
        [
          `a proxy whose ${trap} throws`,
          { p: new Proxy({ k: 1 }, { [trap]: thrower }) },
          'value_refused',
          undefined,
        ] as const,
    ),
    [
      'a proxy that claims to be a map',
      { p: new Proxy({}, { getPrototypeOf: () => Map.prototype }) },
      'value_refused',
      'message.p',
    ],
    [
      'a proxy that claims to be an array',
      { p: new Proxy({}, { getPrototypeOf: () => Array.prototype }) },
      'value_refused',
      'message.p',
    ],
    [
      'a proxy of an array with a length of its own',
      { p: new Proxy([1], { get: (_, key) => (key === 'length' ? 2.5 : 1) }) },
      'value_refused',
      'message.p',
    ],
    ['a proxy with ever longer prototypes', { p: endlessPrototype() }, 'value_refused', 'message.p'],
    ['a revoked proxy', { p: revoked() }, 'value_refused', 'message.p'],
  ])('%s is refused', (_title, value, code, path) => {
    const stream = new Stream({ maxBytes: 100_000 });
    const error = thrownBy(() => stream.encode(value)) as CallError;
    expect(error).toBeInstanceOf(CallError);
    expect(error.code).toBe(code);
    if (path !== undefined) expect(error.path).toBe(path);
    expect(stream.pass({ still: 'in step' })).toEqual({ still: 'in step' });
  });

  function endlessPrototype(): object {
    const proxy: object = new Proxy({}, { getPrototypeOf: () => proxy });
    return proxy;
  }

  function revoked(): object {
    const { proxy, revoke } = Proxy.revocable({}, {});
    revoke();
    return proxy;
  }

  test('an object that loses a key while it is read arrives as what was left of it', () => {
    const changing: Record<string, unknown> = {
      get a() {
        delete changing['b'];
        return 1;
      },
      b: 2,
      c: 3,
    };
    const stream = new Stream();
    expect(stream.pass([changing, { a: 4, b: 5, c: 6 }])).toEqual([
      { a: 1, c: 3 },
      { a: 4, b: 5, c: 6 },
    ]);
  });

  test('what a getter threw is kept as the cause', () => {
    const value = { get bad() { return thrower(); } }; // prettier-ignore
    expect((thrownBy(() => new Stream().encode(value)) as CallError).cause).toBe(boom);
  });

  test('proxies of plain objects, arrays are read like what they stand for', () => {
    const value = [new Proxy({ a: 1 }, {}), new Proxy([1, 2], {})];
    expect(new Stream().pass(value)).toEqual([{ a: 1 }, [1, 2]]);
  });

  test('a getter that sends gets an error, and both messages stay whole', () => {
    const stream = new Stream();
    const other = new ValueEncoder({ maxBytes: 1000, includeStack: false, text: nodeTextCodec });
    const caught: unknown[] = [];
    const value = {
      get a() {
        caught.push(thrownBy(() => { stream.encoder.encode(new ByteWriter(64), 1); })); // prettier-ignore
        caught.push(thrownBy(() => { other.encode(stream.writer, 1); })); // prettier-ignore
        return 1;
      },
    };
    expect(stream.pass(value)).toEqual({ a: 1 });
    expect(caught).toMatchObject([{ code: 'operation_refused' }, { code: 'operation_refused' }]);
  });

  test('own properties that shadow a map’s, view’s or date’s methods are not asked', () => {
    const map = Object.assign(new Map([[1, 2]]), { entries: thrower, get: thrower, forEach: thrower });
    const bytes = Object.defineProperty(new Uint8Array([1, 2]), 'byteLength', { value: 1000 });
    const date = Object.assign(new Date(5), { getTime: thrower, valueOf: thrower });
    const received = new Stream().pass([map, bytes, date]) as [Map<number, number>, Uint8Array, Date];
    expect([...received[0], ...received[1], received[2].getTime()]).toEqual([[1, 2], 1, 2, 5]);
  });
});

describe('transfer', () => {
  const buffer = new ArrayBuffer(4);
  test.each([
    ['a buffer that is not in the message', { a: 1 }, [buffer]],
    ['a buffer that is listed twice', { buffer }, [buffer, buffer]],
    ['a view instead of a buffer', { buffer }, [new Uint8Array(buffer) as unknown as ArrayBuffer]],
    ['shared memory', {}, [new SharedArrayBuffer(4) as unknown as ArrayBuffer]],
  ])('%s is refused and nothing is handed over', (_title, value, buffers) => {
    const stream = new Stream();
    const moved: ArrayBuffer[] = [];
    const run = (): void => {
      stream.encoder.encode(stream.writer, value, undefined, { buffers, moved });
    };
    expect(thrownBy(run)).toMatchObject({
      code: 'value_refused',
      path: expect.stringContaining('transfer[') as unknown,
    });
    expect(moved).toEqual([]);
    expect(stream.writer.offset).toBe(0);
  });
});
