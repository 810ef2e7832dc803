import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { valueGraph, valueTree } from '../../../core/test/values/arbitraries.js';
import { difference } from '../../../core/test/values/same-value.js';
import { decodeValue } from '../../src/wire/cbor-decode.js';
import { encodeValue } from '../../src/wire/cbor-encode.js';

const MB = 1024 * 1024;
const roundTrip = (value: unknown): unknown => decodeValue(encodeValue(value, MB));
const codeOf = (work: () => unknown): string | undefined => {
  try {
    work();
    return undefined;
  } catch (error) {
    return (error as { readonly code: string }).code;
  }
};

/** Of appendix A of RFC 8949, and of the registrations of the tags: bytes that other implementations write. */
const VECTORS: readonly (readonly [string, unknown])[] = [
  ['00', 0],
  ['1864', 100],
  ['1b000000e8d4a51000', 1_000_000_000_000],
  ['1bffffffffffffffff', 18446744073709551615n],
  ['3903e7', -1000],
  ['f90000', 0],
  ['f93c00', 1],
  ['f97bff', 65504],
  ['f90001', 5.960464477539063e-8],
  ['f9c400', -4],
  ['f97c00', Infinity],
  ['fa47c35000', 100_000],
  ['fb3ff199999999999a', 1.1],
  ['c249010000000000000000', 18446744073709551616n],
  ['c349010000000000000000', -18446744073709551617n],
  ['c11a514b67b0', new Date('2013-03-21T20:04:00Z')],
  ['c1fb41d452d9ec200000', new Date('2013-03-21T20:04:00.500Z')],
  ['6449455446', 'IETF'],
  ['62c3bc', 'ü'],
  ['8301820203820405', [1, [2, 3], [4, 5]]],
  ['a26161016162820203', { a: 1, b: [2, 3] }],
  ['d9010283010203', new Set([1, 2, 3])],
  [
    'd90103a2016161026162',
    new Map([
      [1, 'a'],
      [2, 'b'],
    ] as const),
  ],
  ['d84044aabbccdd', new Uint8Array([0xaa, 0xbb, 0xcc, 0xdd])],
  ['d8454401000200', new Uint16Array([1, 2])],
];

describe('values as CBOR', () => {
  test('come back as they were', () => {
    fc.assert(
      fc.property(valueTree, (value) => {
        expect(difference(roundTrip(value), value)).toBeUndefined();
      }),
      { numRuns: 300 },
    );
  });

  test('keep what is shared, and what holds itself', () => {
    fc.assert(
      fc.property(valueGraph, (value) => {
        expect(difference(roundTrip(value), value)).toBeUndefined();
      }),
      { numRuns: 300 },
    );
  });

  test.each(VECTORS)('%s is read as other implementations mean it', (hex, value) => {
    expect(difference(decodeValue(Buffer.from(hex, 'hex')), value)).toBeUndefined();
  });

  test('keep every millisecond that a date can have', () => {
    for (const time of [8.64e15, -8.64e15, 8639999999999999, -1, 1]) {
      expect(roundTrip(new Date(time))).toEqual(new Date(time));
    }
  });

  test('of unknown tags and half floats are read too', () => {
    expect(decodeValue(Buffer.from('d9ffff63616263', 'hex'))).toBe('abc');
  });

  test('are refused where they are of no value of the closed set', () => {
    class Own {
      readonly x = 1;
    }
    for (const value of [() => 1, Symbol('s'), new Own(), new Array(2), { f: () => 1 }]) {
      expect(codeOf(() => encodeValue(value, MB))).toBe('value_refused');
    }
    expect(codeOf(() => encodeValue(JSON.parse('{"__proto__":1}'), MB))).toBe('value_refused');
  });

  test('are refused where they are too large or too deep', () => {
    expect(codeOf(() => encodeValue('x'.repeat(100), 101))).toBe('too_large');
    expect(codeOf(() => encodeValue('x'.repeat(100), 102))).toBeUndefined();
    let deep: unknown = 1;
    for (let n = 0; n < 1001; n++) deep = [deep];
    expect(codeOf(() => encodeValue(deep, MB))).toBe('too_large');
  });
});

describe('bytes of anybody', () => {
  test('are a value or malformed, whatever they are', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => {
        expect([undefined, 'malformed']).toContain(codeOf(() => decodeValue(bytes)));
      }),
      { numRuns: 20_000 },
    );
  });

  test('are a value or malformed where a value was damaged', () => {
    fc.assert(
      fc.property(valueGraph, fc.nat(), fc.nat(255), fc.boolean(), (value, at, byte, cut) => {
        const bytes = encodeValue(value, MB);
        bytes[at % bytes.length] = byte;
        const damaged = cut ? bytes.subarray(0, at % bytes.length) : bytes;
        expect([undefined, 'malformed']).toContain(codeOf(() => decodeValue(damaged)));
      }),
      { numRuns: 1000 },
    );
  });

  test.each([
    ['a length beyond the end', '9bffffffffffffffff'],
    ['a text beyond the end', '7b0000000100000000'],
    ['an indefinite length', '9f01ff'],
    ['text that is not UTF-8', '61ff'],
    ['a reference to nothing', 'd81d00'],
    ['a key twice', 'a2616101616102'],
    ['a prototype', 'a1695f5f70726f746f5f5f01'],
    ['more after the end', '0000'],
    ['nothing', ''],
    ['nesting without end', '81'.repeat(100_000)],
    ['tags without end', 'c1'.repeat(100_000)],
  ])('are malformed with %s', (_what, hex) => {
    expect(codeOf(() => decodeValue(Buffer.from(hex, 'hex')))).toBe('malformed');
  });
});
