import { expect, test } from '@jest/globals';
import type { Monitor } from '@espalier/core';
import { WatchedEnds } from '../../src/engine/watched-ends.js';

const one = 1 as unknown as Monitor;
const other = 2 as unknown as Monitor;

test.each(['before', 'after'])(
  'an end that is heard of %s its monitor is known is told once, to whom it is for',
  (when) => {
    const ends = new WatchedEnds();
    const told: string[] = [];
    ends.add(other, ({ tag }) => told.push(`other: ${tag}`));
    const end = (): void => ends.ended(one, { tag: 'killed' });
    if (when === 'before') end();
    ends.add(one, ({ tag }) => told.push(`one: ${tag}`));
    if (when === 'after') end();
    expect(told).toEqual(['one: killed']);
  },
);
