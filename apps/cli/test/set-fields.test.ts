import { SpecError } from '@espalier/core';
import { describe, expect, test } from '@jest/globals';
import { setFields } from '../src/set-fields.js';

function spec() {
  return {
    name: 't',
    children: [
      { id: 'a', module: './a.ts' },
      { id: 'a.b', module: './ab.ts', args: { old: 1 } },
      { id: 'inner', children: [{ id: 'leaf', module: './leaf.ts' }] },
    ],
  };
}

function after(...settings: string[]): unknown {
  const input = spec();
  setFields(input, settings);
  return input;
}

describe('--set', () => {
  test('a field of the root', () => {
    expect(after('intensity=5')).toMatchObject({ intensity: 5 });
  });

  test('a field of a child, made with all that is above it', () => {
    expect(after('a.limits.heapMb=64')).toMatchObject({
      children: [{ id: 'a', limits: { heapMb: 64 } }, {}, {}],
    });
  });

  test('the longest id counts, and what stood beside the field stays', () => {
    expect(after('a.b.args.dir=/tmp')).toMatchObject({
      children: [{}, { args: { old: 1, dir: '/tmp' } }, {}],
    });
  });

  test('a node further down is named by slashes', () => {
    expect(after('inner/leaf.args=[1,"x"]')).toMatchObject({
      children: [{}, {}, { children: [{ args: [1, 'x'] }] }],
    });
  });

  test.each([
    ['text that is no JSON is text', 'a.args=yes: no', 'yes: no'],
    ['quotes make text of a number', 'a.args="5"', '5'],
    ['null', 'a.args=null', null],
    ['an equals sign belongs to the value', 'a.args=x=y', 'x=y'],
  ])('%s', (_title, setting, value) => {
    expect(after(setting)).toMatchObject({ children: [{ args: value }, {}, {}] });
  });

  test.each(['no-equals', '=5', 'a.=5', 'a..b=5', '__proto__.x=1', 'a.__proto__.x=1', 'inner/none.args=1'])(
    '%s is refused with a remedy',
    (setting) => {
      const refused = (): unknown => after(setting);
      expect(refused).toThrow(SpecError);
      expect(refused).toThrow(
        expect.objectContaining({ code: 'spec_invalid', remedy: expect.stringMatching(/\S/) }),
      );
      expect(({} as { x?: unknown }).x).toBeUndefined();
    },
  );
});
