import { expect, test } from '@jest/globals';
import { CborWriter } from '../../src/wire/cbor-writer.js';

const SHARED = 1000;
const written = (writer: CborWriter, bytes: number): Buffer => {
  writer.raw(new Uint8Array(bytes).fill(bytes));
  return writer.finish();
};

test('small items share a buffer, and hold no large one that was written before or after them, finished or forgotten', () => {
  const writer = new CborWriter(SHARED);
  const [one, other] = [written(writer, 10), written(writer, 20)];
  expect(one.buffer).toBe(other.buffer);
  const items = [one, other];
  for (let n = 0; n < 3; n++) {
    const large = written(writer, 50 * SHARED);
    const small = written(writer, 30);
    writer.raw(new Uint8Array(50 * SHARED));
    writer.reset();
    items.push(large, small, written(writer, 40));
    for (const item of [small, items.at(-1) as Buffer]) expect(item.buffer).not.toBe(large.buffer);
    expect(small.buffer.byteLength).toBeLessThan(20 * SHARED);
  }
  for (const item of items) expect(new Set(item)).toEqual(new Set([item.length % 256]));
});
