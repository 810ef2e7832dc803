import { describe, expect, test } from '@jest/globals';
import { emptyFifo, push, shift } from '../../src/strategies/fifo.js';

describe('fifo', () => {
  test('gives what was put in, in order, however the two alternate', () => {
    const fifo = emptyFifo<number>();
    const taken: (number | undefined)[] = [];
    for (let n = 0; n < 1000; n++) {
      push(fifo, n);
      if (n % 3 > 0) taken.push(shift(fifo));
    }
    for (let item = shift(fifo); item !== undefined; item = shift(fifo)) taken.push(item);
    expect(taken).toEqual(Array.from({ length: 1000 }, (_, n) => n));
    expect(shift(fifo)).toBeUndefined();
  });

  test('does not keep what was taken, nor grow', () => {
    const fifo = emptyFifo<object>();
    let longest = 0;
    for (let n = 0; n < 1000; n++) {
      push(fifo, { arguments: n });
      shift(fifo);
      expect(fifo.items.filter((item) => item !== undefined)).toEqual([]);
      longest = Math.max(longest, fifo.items.length);
    }
    expect(longest).toBeLessThan(100);
  });
});
