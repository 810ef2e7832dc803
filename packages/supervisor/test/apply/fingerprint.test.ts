import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { fingerprint, isSame } from '../../src/apply/fingerprint.js';

const primitive = fc.oneof(
  fc.constantFrom(undefined, null, true, 0, -0, NaN, 1, 'a', '0', 1n),
  fc.string({ maxLength: 2 }),
);
const flat = fc.dictionary(fc.constantFrom('a', 'b', 'c'), primitive, { noNullPrototype: false });
const nested = fc.oneof(
  flat,
  fc.array(primitive, { maxLength: 2 }),
  fc.dictionary(fc.constantFrom('a', 'b'), flat),
);

test('two values are the same exactly if their fingerprints are', () => {
  fc.assert(
    fc.property(fc.oneof(primitive, nested), fc.oneof(primitive, nested), (one, other) => {
      expect(isSame(one, other)).toBe(fingerprint(one) === fingerprint(other));
      expect(isSame(one, structuredClone(one))).toBe(fingerprint(one) === fingerprint(structuredClone(one)));
    }),
    { numRuns: 500 },
  );
});

test('the order of keys says nothing; what holds itself can be compared', () => {
  const loop = (): Record<string, unknown> => {
    const made: Record<string, unknown> = { a: 1 };
    made['b'] = made;
    return made;
  };
  expect(isSame({ a: 1, b: 'x' }, { b: 'x', a: 1 })).toBe(true);
  expect(isSame(loop(), loop())).toBe(true);
  expect(isSame({ a: 0 }, { a: -0 })).toBe(false);
  expect(isSame({ a: 1, b: undefined }, { a: 1, c: undefined })).toBe(false);
});
