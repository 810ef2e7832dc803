import { appendFileSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { LogFiles, type LogQuota } from '../../src/logs/log-files.js';

let folder = '';
let id = 0;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'espalier-logs-'));
  id = 0;
});

afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

function open(quota?: LogQuota): Promise<LogFiles> {
  return LogFiles.open(folder, (path) => Promise.resolve(void mkdirSync(path, { recursive: true })), quota);
}

function line(path: string, text: string) {
  return { id: ++id, at: '', path, stream: 'stdout' as const, text };
}

function texts(files: LogFiles, path: string | null, after = 0, lines = 100): readonly string[] {
  return files.read({ path, after, lines }).map(({ text }) => text);
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
  const paths = new Set(files.read({ path: null, after: 0, lines: 100 }).map(({ path }) => path));
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
