import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { HandledNumbers } from '../../src/protocol/handled-numbers.js';

test('numbers that were added are there, others are not, and neighbours are one range', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 1, max: 60 })), (numbers) => {
      const handled = new HandledNumbers();
      for (const number of numbers) handled.add(number);
      const set = new Set(numbers);
      for (let number = 1; number <= 61; number++) expect(handled.has(number)).toBe(set.has(number));
      expect(handled.ranges).toBe([...set].filter((number) => !set.has(number - 1)).length);
    }),
  );
});
