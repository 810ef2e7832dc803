import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { CallError } from '../../src/errors.js';
import { valueGraph } from './arbitraries.js';
import { Stream, thrownBy } from './stream.js';

const ALLOWED = new Set<object>(
  [
    Object,
    Array,
    Map,
    Set,
    Date,
    RegExp,
    ArrayBuffer,
    Error,
    AggregateError,
    EvalError,
    RangeError,
    ReferenceError,
  ]
    .map((Maker) => Maker.prototype as object)
    .concat([SyntaxError, TypeError, URIError].map((Maker) => Maker.prototype as object)),
);

/** Either a value of the closed set comes out, or the one error. */
function assertHarmless(bytes: Uint8Array): void {
  let value: unknown;
  try {
    value = new Stream().decode(bytes);
  } catch (thrown) {
    expect(thrown).toBeInstanceOf(CallError);
    expect((thrown as CallError).code).toBe('malformed');
    return;
  }
  assertClosed(value, new Set());
}

function assertClosed(value: unknown, met: Set<object>): void {
  expect(typeof value).not.toMatch(/function|symbol/);
  if (typeof value !== 'object' || value === null || met.has(value)) return;
  met.add(value);
  if (ArrayBuffer.isView(value)) return;
  const prototype = Object.getPrototypeOf(value) as object | null;
  expect(prototype === null || ALLOWED.has(prototype)).toBe(true);
  expect(Object.hasOwn(value, '__proto__')).toBe(false);
  if (value instanceof Map) for (const pair of value) for (const part of pair) assertClosed(part, met);
  else if (value instanceof Set) for (const member of value) assertClosed(member, met);
  else for (const part of Object.values(value)) assertClosed(part, met);
}

const HEADERS = [0x10, 0x11, 0x12, 0x13, 0x14, 0x16, 0x17, 0x18, 0x1a, 0x1f];

describe('bytes that nobody encoded', () => {
  test('random ones decode to a value or to the one error', () => {
    fc.assert(
      fc.property(fc.constantFrom(...HEADERS), fc.uint8Array({ maxLength: 60 }), (header, bytes) => {
        assertHarmless(new Uint8Array([header, ...bytes]));
      }),
      { numRuns: 1000 },
    );
  });

  test('random tags decode to a value or to the one error', () => {
    const tag = fc.oneof(
      fc.integer({ min: 0xc0, max: 0xff }),
      fc.integer({ min: 0, max: 4 }),
      fc.integer({ min: 0x40, max: 0x43 }),
    );
    fc.assert(
      fc.property(fc.constantFrom(0x10, 0x11), fc.array(tag, { maxLength: 40 }), (header, tags) => {
        assertHarmless(new Uint8Array([header, ...tags]));
      }),
      { numRuns: 1000 },
    );
  });

  test('cut short, they are the one error', () => {
    fc.assert(
      fc.property(valueGraph, fc.nat(), (value, cut) => {
        const bytes = new Stream().encode(value);
        const error = thrownBy(() => new Stream().decode(bytes.subarray(0, cut % bytes.length)));
        expect(error).toMatchObject({ code: 'malformed' });
      }),
      { numRuns: 200 },
    );
  });

  test('with a few bits flipped, they decode to a value or to the one error', () => {
    fc.assert(
      fc.property(
        valueGraph,
        fc.array(fc.tuple(fc.nat(), fc.nat(7)), { minLength: 1, maxLength: 3 }),
        (value, flips) => {
          const bytes = new Stream().encode(value);
          for (const [at, bit] of flips)
            bytes[at % bytes.length] = (bytes[at % bytes.length] ?? 0) ^ (1 << bit);
          assertHarmless(bytes);
        },
      ),
      { numRuns: 700 },
    );
  });

  const huge = [0xff, 0xff, 0xff, 0xff, 0x0f];
  test.each([
    ['nothing at all', []],
    ['another version', [0x20, 0x01]],
    ['an array of four thousand million', [0x10, 0xcd, ...huge]],
    ['a latin1 string of that length', [0x10, 0xcb, ...huge]],
    ['a wide string of that length', [0x10, 0xcc, ...huge]],
    ['a map of that size', [0x10, 0xd1, ...huge]],
    ['a set of that size', [0x10, 0xd2, ...huge]],
    ['an object of that many keys', [0x10, 0xce, ...huge]],
    ['a bigint of that many digits', [0x10, 0xc9, ...huge]],
    ['a length that never ends', [0x10, 0xcd, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]],
    ['a key named __proto__', [0x10, 0xce, 1, 0x49, ...Buffer.from('__proto__'), 1]],
    ['a later key named __proto__', [0x10, 0xd8, 0, 1, 0xd9, 0x49, ...Buffer.from('__proto__')]],
    ['values without their keys', [0x10, 0xd8, 0, 1, 2, 0xd9, 0x41, 97]],
    ['values without an end', [0x10, 0xd8, 0, 1, 2]],
    [
      'a shape with a key named __proto__',
      [0x12, 0x80, 0, 1, 1, 1, 0x49, ...Buffer.from('__proto__'), 0, 0, 14, 0, 0, 0],
    ],
    ['a shape with a key twice', [0x12, 0x80, 0, 1, 1, 1, 2, 0x41, 97, 0x41, 97, 0, 0, 8, 0, 0, 0]],
    ['a shape that was not defined', [0x10, 0x80, 5]],
    ['a reference to an object that is not there', [0x11, 0xd7, 0]],
    ['a back reference without the flag', [0x10, 0xcd, 1, 0xd7, 0]],
    ['an invalid regular expression', [0x10, 0xd4, 0, 0x41, 0x28]],
    ['flags that exclude each other', [0x10, 0xd4, 0xff, 0x41, 0x61]],
    ['a view that was not described', [0x10, 0xe1]],
    ['a view outside its buffer', [0x12, 0xe1, 0, 1, 0, 1, 7, 1, 0, 1, 1, 8, 0, 0, 0]],
    ['a view that does not lie on whole elements', [0x12, 0xe8, 0, 1, 0, 1, 7, 1, 0, 0, 1, 8, 0, 0, 0]],
    ['a buffer that was not handed over', [0x12, 0xec, 0, 1, 1, 0, 1, 0, 0, 0, 7, 0, 0, 0]],
    ['a buffer of four thousand million', [0x12, 0xec, 0, 1, 0, ...huge, 0, 0, 0, 9, 0, 0, 0]],
    ['a trailer longer than the message', [0x12, 1, 0xff, 0xff, 0xff, 0xff]],
    ['a second value', [0x10, 1, 1]],
    ['a slot where no reference can be', [0x10, 0xd6, 0, 0, 0, 0]],
    ['an error with a list as its code', [0x10, 0xd5, 1, 0x40, 0x40, 0xcd, 0]],
    ['an error with unknown parts', [0x10, 0xd5, 0x90, 0x40, 0x40]],
  ])('%s is the one error', (_title, bytes) => {
    expect(thrownBy(() => new Stream().decode(new Uint8Array(bytes)))).toMatchObject({ code: 'malformed' });
  });

  test('a hundred thousand levels are the one error', () => {
    const bytes = new Uint8Array(200_002).fill(0xcd);
    for (let i = 2; i < bytes.length; i += 2) bytes[i] = 1;
    bytes[0] = 0x10;
    expect(thrownBy(() => new Stream().decode(bytes))).toMatchObject({ code: 'malformed' });
  });

  test('more shapes than the bound are the one error', () => {
    const shapes = Array.from({ length: 1025 }, (_, i) => [
      1,
      0x43,
      ...Buffer.from(String(i).padStart(3, '_').slice(0, 3)),
    ]).flat();
    const trailer = [0x81, 0x08, ...shapes, 0, 0];
    const length = [trailer.length & 0xff, trailer.length >> 8, 0, 0];
    expect(
      thrownBy(() => new Stream().decode(new Uint8Array([0x12, 1, ...trailer, ...length]))),
    ).toMatchObject({ code: 'malformed' });
  });

  test('a range outside the bytes is the one error', () => {
    const stream = new Stream();
    const bytes = stream.encode(1);
    for (const [start, end] of [
      [-1, 2],
      [0, 9],
      [2, 1],
      [NaN, 1],
    ] as const) {
      // prettier-ignore
      expect(thrownBy(() => stream.decoder.decode(bytes, start, end))).toMatchObject({ code: 'malformed' });
    }
  });
});
