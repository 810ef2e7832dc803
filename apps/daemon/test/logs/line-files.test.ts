import {
  appendFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  symlinkSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { LineFiles, type Line, type LogQuota } from '../../src/logs/line-files.js';

interface Printed extends Line {
  readonly text: string;
}

let folder = '';
let id = 0;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'espalier-logs-'));
  id = 0;
});

afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

function open(quota?: LogQuota): Promise<LineFiles<Printed>> {
  return LineFiles.open<Printed>(
    folder,
    (path) => Promise.resolve(void mkdirSync(path, { recursive: true })),
    quota && { quota },
  );
}

function line(path: string, text: string) {
  return { id: ++id, at: '', path, stream: 'stdout' as const, text };
}

function texts(files: LineFiles<Printed>, path: string | null, after = 0, lines = 100): readonly string[] {
  return files.read({ path, after, lines }).lines.map(({ text }) => text);
}

test('lines are read as they were written: of a node, of those below it, of all, of the last of them', async () => {
  const files = await open();
  files.add([line('t/a', '1'), line('t/a/b', '2'), line('t/ab', '3'), line('t/a', '4')]);
  expect(texts(files, 't/a')).toEqual(['1', '2', '4']);
  expect(texts(files, 't/ab')).toEqual(['3']);
  expect(texts(files, null)).toEqual(['1', '2', '3', '4']);
  expect(texts(files, null, 2)).toEqual(['3', '4']);
  expect(texts(files, null, 0, 1)).toEqual(['4']);
  expect(texts(files, null, 0, 0)).toEqual([]);
  expect(texts(await open(), null)).toEqual(['1', '2', '3', '4']);
});

test('a file that is full becomes a generation, and the oldest goes', async () => {
  const files = await open({ fileBytes: 200, generations: 3, totalBytes: 1e6 });
  for (let n = 1; n <= 20; n++) files.add([line('t/a', String(n))]);
  const left = texts(files, 't/a').map(Number);
  expect(readdirSync(folder).sort()).toEqual(['t%2Fa.jsonl', 't%2Fa.jsonl.1', 't%2Fa.jsonl.2']);
  expect(left.at(-1)).toBe(20);
  expect(left).toEqual(Array.from({ length: left.length }, (_, n) => 21 - left.length + n));
  expect(left.length).toBeLessThan(13);
});

test('if all together are too large, who was not written to for longest goes', async () => {
  const quota = { fileBytes: 1000, generations: 2, totalBytes: 400 };
  const files = await open(quota);
  for (const path of ['t/a', 't/b', 't/c', 't/a', 't/d', 't/e', 't/f', 't/g', 't/h'])
    files.add([line(path, path)]);
  const paths = new Set(files.read({ path: null, after: 0, lines: 100 }).lines.map(({ path }) => path));
  expect(paths.has('t/b')).toBe(false);
  expect(paths.has('t/h')).toBe(true);
});

test.each([
  ['dots', '..'],
  ['what a file name may not hold', 't/a\0b\\c:*?'],
  ['half a character', 't/\ud800'],
  ['more than a file name may be', `t/${'long/'.repeat(80)}`],
])('a path of %s has its file in the folder', async (_title, path) => {
  const files = await open();
  files.add([line(path, 'x')]);
  expect(texts(files, path)).toEqual(['x']);
  expect(readdirSync(folder)).toHaveLength(1);
});

test('a torn last line is left out', async () => {
  const files = await open();
  files.add([line('t/a', 'whole')]);
  appendFileSync(join(folder, 't%2Fa.jsonl'), '{"id": 7, "te');
  expect(texts(await open(), null)).toEqual(['whole']);
});

test('what is too long to be answered at once is cut at its front, and that is told', async () => {
  const files = await open();
  const long = 'x'.repeat(60_000);
  for (let n = 0; n < 30; n++) files.add([line(`t/${n % 3}`, `${n} ${long}`)]);
  const { lines, cut } = files.read({ path: null, after: 0, lines: 100 });
  expect(cut).toBe(true);
  expect(lines.map(({ text }) => Number(text.split(' ')[0]))).toEqual(
    Array.from({ length: lines.length }, (_, n) => 30 - lines.length + n),
  );
  expect(lines.length).toBeGreaterThan(10);
  expect(files.read({ path: null, after: 0, lines: 3 })).toMatchObject({ cut: false });
});

test('behind a torn line the next one is not lost', async () => {
  const files = await open();
  files.add([line('t/a', '1')]);
  appendFileSync(join(folder, 't%2Fa.jsonl'), '{"id": 2, "te');
  const again = await open();
  again.add([line('t/a', '3')]);
  expect(texts(again, 't/a')).toEqual(['1', '3']);
  expect(texts(await open(), 't/a')).toEqual(['1', '3']);
});

const withFullDisk = existsSync('/dev/full') ? test : test.skip;

withFullDisk('what a full disk does not take is counted, and the rest is written', async () => {
  const files = await open();
  symlinkSync('/dev/full', join(folder, 't%2Fa.jsonl'));
  const lines = [line('t/a', '1'), line('t/b', '2'), line('t/a', '3')];
  expect(() => files.add(lines)).toThrow(expect.objectContaining({ code: 'state_unwritable', value: 2 }));
  expect(texts(files, null)).toEqual(['2']);
  // The link is gone with what was half there: so there is room now.
  files.add([line('t/a', '4')]);
  expect(texts(await open(), null)).toEqual(['2', '4']);
});
