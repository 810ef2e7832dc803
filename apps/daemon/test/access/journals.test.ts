import { expect, test } from '@jest/globals';
import { Journals } from '../../src/access/journals.js';
import { View } from '../../src/access/view.js';
import { ViewIds } from '../../src/access/view-ids.js';

interface Line {
  readonly id: number;
  readonly path: string;
}

const blue = new View('t/blue');

function journals() {
  const ids = new ViewIds();
  const all = new Journals<Line>({
    limits: { entries: 8 },
    partLimits: { entries: 4 },
    told: (entry, view) => view.entry(entry),
  });
  const print = (path: string, ms: number): void => {
    all.append({ ...ids.next(path, ms), path, at: new Date(ms).toISOString() });
  };
  const told = (view: View) => {
    const { journal, told: shown } = all.of(view);
    const { entries, missed } = journal.after(0);
    return { entries: entries.map((entry) => shown(entry)).map(({ id, path }) => [id, path]), missed };
  };
  return { all, print, told };
}

test('who sees a part is told the same, and misses nothing, however much is told outside', () => {
  const [quiet, noisy] = [journals(), journals()];
  for (const { all } of [quiet, noisy]) all.keep([blue]);
  for (let ms = 1; ms <= 3; ms++) {
    quiet.print('t/blue/a', ms);
    for (let n = 0; n < 50; n++) noisy.print('t/green/a', ms);
    noisy.print('t/blue/a', ms);
    for (let n = 0; n < 50; n++) noisy.print('t', ms);
  }
  expect(noisy.told(blue)).toEqual(quiet.told(blue));
  expect(noisy.told(blue)).toEqual({
    entries: [1000, 2000, 3000].map((id) => [id, 'blue/a']),
    missed: false,
  });
  expect(noisy.told(new View(null)).missed).toBe(true);
});

test('a view that is new begins with what is there of it, and one that is over has nothing', () => {
  const { all, print, told } = journals();
  print('t/blue', 1);
  print('t/green', 1);
  expect(told(blue).entries).toEqual([]);
  all.keep([blue]);
  print('t/blue/a', 2);
  expect(told(blue).entries).toEqual([
    [1000, 'blue'],
    [2000, 'blue/a'],
  ]);
  all.keep([blue, new View('t/green')]);
  expect(told(blue).entries).toHaveLength(2);
  all.keep([]);
  expect(told(blue).entries).toEqual([]);
});
