import { describe, expect, test } from '@jest/globals';
import { expectedSum, payload, PAYLOAD_NAMES } from './payloads.mjs';

/** Names of all fields in order, nested ones included: what an engine calls a shape. */
const shapeOf = (value: unknown): string =>
  typeof value === 'object' && value !== null
    ? `{${Object.entries(value)
        .map(([name, field]) => `${name}${shapeOf(field)}`)
        .join()}}`
    : '';

describe('payloads', () => {
  test.each(PAYLOAD_NAMES)('%s: the same index gives the same message', (name) => {
    const { build } = payload(name);
    expect(build(1234)).toEqual(build(1234));
  });

  test.each(['small', 'nested', 'poly', 'rich'] as const)('%s: each message is a new object', (name) => {
    const { build } = payload(name);
    expect(build(5)).not.toBe(build(5));
  });

  test.each(PAYLOAD_NAMES)('%s: a message that is cloned has the same sum', (name) => {
    const { build, sum } = payload(name);
    for (let i = 0; i < 400; i += 1) expect(sum(structuredClone(build(i)))).toBe(sum(build(i)));
  });

  test.each(PAYLOAD_NAMES)('%s: a message that is lost or doubled changes the total', (name) => {
    const { build, sum } = payload(name);
    const total = expectedSum(name, 100);
    expect(total).toBe(Array.from({ length: 100 }, (_, i) => sum(build(i))).reduce((a, b) => a + b, 0));
    expect(Number.isSafeInteger(total)).toBe(true);
    expect(sum(build(42))).toBeGreaterThan(0);
  });

  test('nested: twenty fields on three levels', () => {
    const fields = (value: unknown): number =>
      typeof value === 'object' && value !== null
        ? Object.values(value).reduce((count: number, field) => count + 1 + fields(field), 0)
        : 0;
    const depth = (value: unknown): number =>
      typeof value === 'object' && value !== null ? 1 + Math.max(...Object.values(value).map(depth)) : 0;
    expect(fields(payload('nested').build(1))).toBe(20);
    expect(depth(payload('nested').build(1))).toBe(3);
  });

  test('poly: 200 messages have 200 shapes, and then the first comes again', () => {
    const { build } = payload('poly');
    const shapes = Array.from({ length: 201 }, (_, i) => shapeOf(build(i)));
    expect(new Set(shapes).size).toBe(200);
    expect(shapes[200]).toBe(shapes[0]);
  });

  test('text: 2 kB, and neighbours differ', () => {
    const { build } = payload('text');
    expect(build(3)).toHaveLength(2048);
    expect(build(3)).not.toBe(build(4));
  });

  test('rich: a Map, a Date and a Uint8Array', () => {
    expect(payload('rich').build(1)).toMatchObject({
      at: expect.any(Date),
      counts: expect.any(Map),
      bytes: expect.any(Uint8Array),
    });
  });
});
