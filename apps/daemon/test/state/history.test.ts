import { mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { History, type NewRevision } from '../../src/state/history.js';

let folder = '';

beforeEach(() => {
  folder = join(mkdtempSync(join(tmpdir(), 'espalier-history-')), 'revisions');
});

afterEach(() => {
  rmSync(join(folder, '..'), { recursive: true, force: true });
});

function revision(text: string): NewRevision {
  return {
    order: `order of ${text}`,
    at: '',
    tree: 't',
    source: null,
    base: 'file:///',
    text,
    summary: '',
    rollbackTo: null,
    limits: [],
  };
}

test('what was added is there when it is opened again, the last of it as the last', async () => {
  const history = await History.open(folder);
  expect(history.last).toBeUndefined();
  await history.add(revision('one'));
  await history.add(revision('two'));
  const again = await History.open(folder);
  expect(again.last).toEqual({ revision: 2, ...revision('two') });
  expect((await again.all()).map(({ text }) => text)).toEqual(['two', 'one']);
  expect(await again.read(again.previous)).toMatchObject({ revision: 1, text: 'one' });
});

test('a file that was being written when the machine went off is no revision, and is in nobody’s way', async () => {
  const history = await History.open(folder);
  await history.add(revision('one'));
  writeFileSync(join(folder, '000000002.json.tmp'), '{"revision": 2, "te');
  const again = await History.open(folder);
  expect(again.last).toMatchObject({ revision: 1 });
  await again.add(revision('two'));
  expect(readdirSync(folder)).toEqual(['000000001.json', '000000002.json']);
});

test('a revision never takes the place of another', async () => {
  const [one, other] = [await History.open(folder), await History.open(folder)];
  await one.add(revision('one'));
  await expect(other.add(revision('other'))).rejects.toMatchObject({ code: 'EEXIST' });
  expect((await History.open(folder)).last).toMatchObject({ text: 'one' });
});

test('only the newest are kept, and their numbers go on', async () => {
  const history = await History.open(folder, 2);
  for (const text of ['one', 'two', 'three']) await history.add(revision(text));
  expect(readdirSync(folder)).toEqual(['000000002.json', '000000003.json']);
  await expect(history.read(1)).rejects.toMatchObject({ code: 'revision_missing', value: 1 });
});

test('a file that is none of ours is named, not run', async () => {
  await (await History.open(folder)).add(revision('one'));
  const file = join(folder, '000000002.json');
  const { limits: _limits, ...withoutLimits } = { revision: 2, ...revision('two') };
  for (const text of ['', '{}', '{"revision": 3, "text": ""}', JSON.stringify(withoutLimits)]) {
    writeFileSync(file, text);
    await expect(History.open(folder)).rejects.toMatchObject({ code: 'state_unreadable', value: file });
  }
});

test('one of those before the last that is damaged is left out of the list, and named to who reads it', async () => {
  const history = await History.open(folder);
  for (const text of ['one', 'two', 'three']) await history.add(revision(text));
  const file = join(folder, '000000002.json');
  writeFileSync(file, '{"revision": 2');
  const again = await History.open(folder);
  expect((await again.all()).map(({ text }) => text)).toEqual(['three', 'one']);
  await expect(again.read(2)).rejects.toMatchObject({ code: 'state_unreadable', value: file });
});

test('room for one is on the disk before it is known in full, and is given back if it is not added', async () => {
  const history = await History.open(folder);
  const { summary: _summary, ...known } = revision('x'.repeat(10_000));
  const given = await history.reserve(known);
  expect(statSync(join(folder, '000000001.json.tmp')).size).toBeGreaterThan(12_000);
  await given.release();
  expect(readdirSync(folder)).toEqual([]);
  const used = await history.reserve(known);
  await used.add({ ...known, summary: 'é'.repeat(100) });
  await used.release();
  expect((await History.open(folder)).last).toEqual({ revision: 1, ...known, summary: 'é'.repeat(100) });
  expect(readdirSync(folder)).toEqual(['000000001.json']);
});

test('a folder that cannot be written to is told of with what is to be done', async () => {
  const history = await History.open(folder);
  rmSync(folder, { recursive: true });
  await expect(history.add(revision('one'))).rejects.toMatchObject({
    code: 'state_unwritable',
    value: join(folder, '000000001.json'),
  });
});
