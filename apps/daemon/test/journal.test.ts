import { expect, test } from '@jest/globals';
import { Journal } from '../src/journal.js';

interface Line {
  readonly id: number;
}

function journalOf(limit: number, ids: readonly number[]): Journal<Line> {
  const journal = new Journal<Line>({ entries: limit });
  for (const id of ids) journal.append({ id });
  return journal;
}

function idsAfter(journal: Journal<Line>, id: number): readonly number[] {
  return journal.after(id).entries.map((entry) => entry.id);
}

test('who asks gets what came after the entry named', () => {
  const journal = journalOf(10, [3, 5, 9]);
  expect(idsAfter(journal, 0)).toEqual([3, 5, 9]);
  expect(idsAfter(journal, 3)).toEqual([5, 9]);
  expect(idsAfter(journal, 4)).toEqual([5, 9]);
  expect(idsAfter(journal, 9)).toEqual([]);
  expect(journal.after(0).missed).toBe(false);
});

test('the oldest go when there are too many, and who asks for them is told so', () => {
  const journal = journalOf(4, [1, 2, 3, 4, 5]);
  expect(idsAfter(journal, 0)).toEqual([3, 4, 5]);
  expect(journal.after(0).missed).toBe(true);
  expect(journal.after(1).missed).toBe(true);
  expect(journal.after(2).missed).toBe(false);
});

test('weight counts as well as number', () => {
  const journal = new Journal<Line & { text: string }>({
    entries: 100,
    weight: 10,
    weigh: ({ text }) => text.length,
  });
  for (const id of [1, 2, 3]) journal.append({ id, text: 'xxxx' });
  expect(journal.after(0)).toMatchObject({ entries: [{ id: 2 }, { id: 3 }], missed: true });
});

test('a reader is called back once, at the next change', () => {
  const journal = journalOf(4, [1]);
  let calls = 0;
  journal.onChange(() => calls++);
  const forget = journal.onChange(() => calls++);
  forget();
  journal.append({ id: 2 });
  journal.append({ id: 3 });
  expect(calls).toBe(1);
});

test('a long journal is handed over in parts that leave nothing out', () => {
  const all = Array.from({ length: 1000 }, (_, i) => i + 1);
  const journal = journalOf(2000, all);
  const read: number[] = [];
  for (let part = idsAfter(journal, 0); part.length > 0; part = idsAfter(journal, read.at(-1) as number))
    read.push(...part);
  expect(read).toEqual(all);
});
