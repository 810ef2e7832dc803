/** That the checks behind random faults see what they are for: on pasts that a broken host would leave. */
import { describe, expect, test } from '@jest/globals';
import { checkHandlings, missingOf, monitorsOf, type Handling } from './invariants.mjs';

/** As `a1 5 c1/0`: that life began that message in that term. */
function past(...lines: readonly string[]): Handling[] {
  return lines.map((line) => {
    const [life = '', fence, value = ''] = line.split(' ');
    return { life, fence: Number(fence), value, id: `id of ${value}`, again: false };
  });
}

describe('what was handled', () => {
  test('holds where one term follows the other, and what was in hand comes again in the next', () => {
    expect(checkHandlings(past('a1 5 c1/0', 'a1 5 c1/1', 'b1 9 c1/1', 'b1 9 c1/2', 'a1 12 c1/3'))).toBe(3);
    expect(checkHandlings([])).toBe(0);
  });

  test.each([
    ['begins after the next holder has begun', ['a1 5 c1/0', 'b1 9 c1/1', 'a1 5 c1/1'], /when 9 was held/],
    ['has the number of another holder', ['a1 5 c1/0', 'b1 5 c1/1'], /both held 5/],
    ['has no number', ['a1 NaN c1/0'], /without a number/],
    ['comes twice in one term', ['a1 5 c1/0', 'a1 5 c1/0'], /twice with 5/],
    ['comes behind what was sent after it', ['a1 5 c1/1', 'a1 5 c1/0'], /came behind 1/],
  ])('does not hold where a message %s', (_what, lines, why) => {
    expect(() => checkHandlings(past(...lines))).toThrow(why);
  });

  test('says which confirmed message nobody began; what was not confirmed may be missing', () => {
    const told = [
      { event: 'confirmed', value: 'c1/0' },
      { event: 'confirmed', value: 'c1/1' },
      { event: 'unconfirmed', value: 'c1/2' },
    ];
    expect(missingOf(told, past('a1 5 c1/0'))).toEqual(['c1/1']);
    expect(missingOf(told, past('a1 5 c1/0', 'b1 9 c1/1'))).toEqual([]);
  });
});

describe('monitors', () => {
  const line = (event: string, number: number, life = 'a1') => ({ event, target: 'b', number, life });

  test('are counted for one life of a host: those that were set, and those that have fired', () => {
    const told = [line('watching', 1, 'a0'), line('watching', 1), line('down', 1), line('watching', 2)];
    expect(monitorsOf(told, 'a1')).toEqual({ set: 2, fired: 1 });
  });

  test('that fire twice, or were never set, do not hold', () => {
    const once = [line('watching', 1), line('down', 1)];
    expect(() => monitorsOf([...once, line('down', 1)], 'a1')).toThrow('fired twice');
    expect(() => monitorsOf([line('down', 1)], 'a1')).toThrow('set no monitor');
  });
});
