import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { View } from '../../src/access/view.js';
import { ViewIds } from '../../src/access/view-ids.js';

const at = (ms: number): string => new Date(ms).toISOString();

test('ids grow although the clock stands still or goes back', () => {
  const ids = new ViewIds();
  const all = [1000, 1000, 900, 2000].map((ms) => ids.next('t', ms).id);
  expect(all).toEqual([1_000_000, 1_000_001, 1_000_002, 2_000_000]);
});

test('no id is from before the moment that was given', () => {
  const ids = new ViewIds(5000);
  const { id, own } = ids.next('t/a', 1000);
  expect(id).toBe(5_000_000);
  expect(new View('t/a').idOf({ id, own, at: at(1000), path: 't/a' })).toBe(5_000_000);
});

const entry = fc.record({ mine: fc.boolean(), later: fc.nat(2) });

test('ids of a view are the same whatever happens outside, and grow; those of who sees all grow, too', () => {
  fc.assert(
    fc.property(fc.array(entry, { maxLength: 60 }), (entries) => {
      const [together, alone, view] = [new ViewIds(), new ViewIds(), new View('t/a')];
      let ms = 1000;
      let lastOfAll = 0;
      const [seen, expected]: [number[], number[]] = [[], []];
      for (const { mine, later } of entries) {
        ms += later;
        const path = mine ? 't/a/x' : 't/b/x';
        const ids = together.next(path, ms);
        expect(ids.id).toBeGreaterThan(lastOfAll);
        lastOfAll = ids.id;
        if (!mine) continue;
        seen.push(view.idOf({ ...ids, path, at: at(ms) }));
        expected.push(view.idOf({ ...alone.next(path, ms), path, at: at(ms) }));
      }
      expect(seen).toEqual(expected);
      expect(seen).toEqual([...new Set(seen)].sort((a, b) => a - b));
    }),
  );
});

test('what it remembers of nodes that come and go is bounded, and ids go on growing', () => {
  const ids = new ViewIds();
  let last = 0;
  for (let n = 0; n < 30_000; n++) {
    const { id, own } = ids.next(`t/#${n}`, 1000 + Math.floor(n / 10));
    expect(own).toHaveLength(2);
    if (id <= last) throw new Error(`${id} after ${last}`);
    last = id;
  }
  expect(ids.remembered).toBeLessThan(10_100);
});
