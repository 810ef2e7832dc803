/** What is put into one message by a rough size is never larger than that says. */
import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { roughSize } from '../../src/engine/rough-size.js';
import { encodeValue } from '../../src/wire/cbor-encode.js';

const MOST = 100_000;

const values = fc.letrec((tie) => ({
  value: fc.oneof(
    { maxDepth: 4 },
    fc.string({ unit: 'binary' }),
    fc.double(),
    fc.boolean(),
    fc.constantFrom(null, undefined),
    fc.uint8Array(),
    fc.date({ noInvalidDate: true }),
    fc.bigInt(),
    fc.array(tie('value')),
    fc.dictionary(
      fc.string().filter((key) => key !== '__proto__'),
      tie('value'),
      { noNullPrototype: true },
    ),
  ),
})).value;

test('a value is never encoded larger than its rough size', () => {
  fc.assert(
    fc.property(values, (value) => {
      const size = roughSize(value, MOST);
      if (size !== Infinity) expect(encodeValue(value, Infinity).length).toBeLessThanOrEqual(size);
    }),
    { numRuns: 2000 },
  );
});

test('what is large, not plain, or goes in a circle has no size', () => {
  const circle: { self?: unknown } = {};
  circle.self = circle;
  const long = 'x'.repeat(MOST);
  for (const value of [long, new Uint8Array(MOST), new Map(), 5n, circle, { [long]: 1 }, new Date(0)])
    expect(roughSize(value, MOST)).toBe(Infinity);
});

test('a small value has one', () => {
  expect(roughSize({ id: 1, op: 'get', data: [1, 2, 3] }, MOST)).toBeLessThan(300);
});
