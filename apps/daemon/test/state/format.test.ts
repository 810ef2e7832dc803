import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { knownFormat } from '../../src/state/format.js';

let folder = '';

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'espalier-format-'));
});

afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

test('a folder is given its number, and is known by it', async () => {
  await knownFormat(folder);
  expect(readFileSync(join(folder, 'format'), 'utf8')).toBe('1\n');
  await knownFormat(folder);
});

test('one of a newer version is refused, and left as it is', async () => {
  writeFileSync(join(folder, 'format'), '2\n');
  await expect(knownFormat(folder)).rejects.toMatchObject({ code: 'state_newer', value: folder });
  expect(readFileSync(join(folder, 'format'), 'utf8')).toBe('2\n');
});

test.each(['', 'one', '-1', '1.5', '99999999999999999999'])('%j is no number of a format', async (text) => {
  writeFileSync(join(folder, 'format'), text);
  await expect(knownFormat(folder)).rejects.toMatchObject({ code: 'state_unreadable' });
});
