import { take } from '../../src/values/write-message.js';
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { ShapeTrie, type ShapeNode } from '../../src/values/shape-trie.js';
import { valueTree } from './arbitraries.js';
import { difference } from './same-value.js';
import { Stream, thrownBy } from './stream.js';

const withKeys = (prefix: string, count: number): Record<string, number> =>
  Object.fromEntries(Array.from({ length: count }, (_, i) => [`${prefix}_${String(i)}`, i]));

describe('shape table', () => {
  test('keys travel once: the second object of a shape is shorter', () => {
    const stream = new Stream();
    const first = stream.encode({ identifier: 1, operation: 2 });
    const second = stream.encode({ identifier: 3, operation: 4 });
    expect(second.length).toBe(5);
    expect(first.length).toBeGreaterThan(20);
    expect([stream.decode(first), stream.decode(second)]).toEqual([
      { identifier: 1, operation: 2 },
      { identifier: 3, operation: 4 },
    ]);
  });

  test('two hundred shapes in turn arrive', () => {
    const stream = new Stream();
    for (let i = 0; i < 1000; i++) {
      const value = withKeys(`shape${String(i % 200)}`, 1 + (i % 7));
      expect(stream.pass(value)).toEqual(value);
    }
  });

  test('ten thousand shapes arrive, and a shape that was known before is soon known again', () => {
    const stream = new Stream();
    for (let i = 0; i < 10_000; i++) {
      const value = { [`key${String(i)}`]: i, and: { hot: 1, path: 2 } };
      expect(difference(value, stream.pass(value))).toBeUndefined();
    }
    stream.pass({ hot: 1, path: 2 });
    expect(stream.encode({ hot: 1, path: 2 }).length).toBe(5);
  });

  test('more shapes in one message than the table holds arrive', () => {
    const stream = new Stream();
    const value = Array.from({ length: 5000 }, (_, i) => ({ [`key${String(i)}`]: i }));
    expect(stream.pass(value)).toEqual(value);
    expect(stream.pass(value.slice(0, 10))).toEqual(value.slice(0, 10));
  });

  test('dictionaries and long keys stay out of the table', () => {
    const stream = new Stream();
    const dictionary = withKeys('word', 500);
    expect(stream.pass(dictionary)).toEqual(dictionary);
    const long = { ['k'.repeat(10_000)]: 1 };
    expect(stream.pass(long)).toEqual(long);
    expect(stream.encode(long).length).toBeGreaterThan(10_000);
  });

  test('the encoder keeps a bounded number of nodes, however many shapes it meets', () => {
    const trie = new ShapeTrie(false);
    for (let message = 0; message < 5000; message++) {
      trie.begin();
      let node: ShapeNode | undefined = trie.root;
      for (let i = 0; i < 8 && node !== undefined; i++)
        node = trie.follow(node, `key${String(message)}_${String(i)}`);
      if (node !== undefined) trie.define(node);
      trie.commit();
      if (message % 100 === 0) expect(countNodes(trie.root)).toBeLessThanOrEqual(4096);
    }
  });
});

function countNodes(node: ShapeNode): number {
  let count = 1;
  for (const child of node.children?.values() ?? []) count += countNodes(child);
  return count;
}

describe('a refused value', () => {
  test('leaves the stream in step, whatever it had defined', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(valueTree, fc.boolean()), { maxLength: 20 }), (steps) => {
        const stream = new Stream();
        for (const [value, refused] of steps) {
          if (refused) {
            const offset = stream.writer.offset;
            expect(thrownBy(() => stream.encode({ value, last: () => 1 }))).toMatchObject({
              path: 'message.last',
            });
            expect(stream.writer.offset).toBe(offset);
          } else {
            expect(difference({ value }, stream.pass({ value }))).toBeUndefined();
          }
        }
      }),
    );
  });

  test('that would have emptied the table does not make the peer miss it', () => {
    const stream = new Stream();
    for (let i = 0; i < 1024; i++) stream.pass({ [`key${String(i)}`]: 1 });
    stream.pass({ overflow: 1 });
    for (let i = 0; i < 3; i++)
      expect(thrownBy(() => stream.encode([{ fresh: 1 }, () => 1]))).toMatchObject({ code: 'value_refused' });
    for (const value of [{ key1: 1 }, { fresh: 2 }, { overflow: 3 }])
      expect(stream.pass(value)).toEqual(value);
  });

  test('leaves what lay before it in the writer', () => {
    const stream = new Stream();
    stream.encoder.encode(stream.writer, { a: 1 });
    const end = stream.writer.offset;
    expect(thrownBy(() => { stream.encoder.encode(stream.writer, [{ b: 1 }, 'x'.repeat(5000), Symbol('s')]); })).toMatchObject({ path: 'message[2]' }); // prettier-ignore
    expect(stream.writer.offset).toBe(end);
    expect(stream.decode(take(stream.writer))).toEqual({ a: 1 });
  });
});
