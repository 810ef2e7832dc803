import { expect, test } from '@jest/globals';
import { jsonValue } from '../../src/log-events/json-value.js';

test('every value of the closed set has a form in JSON', () => {
  const circle: unknown[] = [];
  circle.push(circle);
  const value = {
    a: 1n,
    b: NaN,
    c: new Map([[1, new Set([2])]]),
    d: new Date(0),
    e: /x/g,
    f: new Uint8Array(3),
    circle,
  };
  expect(JSON.parse(JSON.stringify(jsonValue(value)))).toMatchObject({
    a: '1',
    b: 'NaN',
    c: [[1, [2]]],
    e: '/x/g',
    f: '3 bytes',
  });
});

test('an error is told by its facts', () => {
  expect(jsonValue(new TypeError('no', { cause: 5 }))).toMatchObject({
    name: 'TypeError',
    message: 'no',
    cause: 5,
  });
});
