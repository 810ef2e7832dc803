import { expect, test } from '@jest/globals';
import { catalogue } from './catalogue.mjs';
import { resultOf } from './judge.mjs';
import { figureOf } from './run-side.mjs';
import { openSide } from './subject.mjs';

const floors = catalogue.filter(({ bare }) => bare !== undefined);

test.each(floors)('the floor of $key does what the key asks for, more than once', async (benchmark) => {
  const work = { ...benchmark.works[0]!, count: 3 };
  const expected = benchmark.expected?.(work) ?? null;
  const side = await openSide(benchmark, 'bare');
  try {
    expect(figureOf(benchmark, work, await side.run(work), expected)).toBeGreaterThan(0);
    expect(figureOf(benchmark, work, await side.run(work), expected)).toBeGreaterThan(0);
  } finally {
    await side.close();
  }
});

test.each(floors)('the floor of $key is held against the reference of the key', (benchmark) => {
  const result = resultOf(benchmark, { reference: [[2, 2]], bare: [[3, 3]] }, 0);
  expect(result).toMatchObject({ value: 1.5, ofRatios: true });
});

test.each(floors)('$key is a key with a reference', ({ reference }) => {
  expect(reference).not.toBe('none');
});
