import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { ShortTexts } from '../../src/wire/short-texts.js';

const ascii = fc.string({
  unit: fc.integer({ min: 0, max: 0x7f }).map((unit) => String.fromCharCode(unit)),
  maxLength: 30,
});

test('texts are what their bytes say, whatever was read before, and what is not short or not ASCII is left alone', () => {
  fc.assert(
    fc.property(
      fc.array(fc.oneof(ascii, fc.string({ unit: 'grapheme', maxLength: 12 })), { maxLength: 400 }),
      (all) => {
        const texts = new ShortTexts();
        for (const text of [...all, ...all]) {
          const bytes = Buffer.from(`<${text}>`);
          const length = bytes.length - 2;
          const isTaken = length <= 24 && length === text.length;
          expect(texts.read(bytes, 1, length)).toBe(isTaken ? text : undefined);
        }
      },
    ),
  );
});
