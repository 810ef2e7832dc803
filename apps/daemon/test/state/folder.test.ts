import { chmodSync, mkdirSync, mkdtempSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { privateFolder } from '../../src/state/folder.js';

let parent = '';

beforeEach(() => {
  parent = mkdtempSync(join(tmpdir(), 'espalier-folder-'));
});

afterEach(() => {
  rmSync(parent, { recursive: true, force: true });
});

test('a folder that is not there is made, with those above it, and is nobody else’s', async () => {
  const folder = join(parent, 'a', 'b');
  await privateFolder(folder);
  expect(statSync(folder).mode & 0o777).toBe(0o700);
  await privateFolder(folder);
});

test.each([0o750, 0o701, 0o770, 0o777])('one of mode %o is refused, and left as it is', async (mode) => {
  const folder = join(parent, 'open');
  mkdirSync(folder);
  chmodSync(folder, mode);
  await expect(privateFolder(folder)).rejects.toMatchObject({ code: 'folder_unsafe', value: folder });
  expect(statSync(folder).mode & 0o777).toBe(mode);
});

test('a link to a folder, which its owner can turn elsewhere, is refused', async () => {
  const folder = join(parent, 'real');
  await privateFolder(folder);
  symlinkSync(folder, join(parent, 'link'));
  await expect(privateFolder(join(parent, 'link'))).rejects.toMatchObject({ code: 'folder_unsafe' });
});

test('what is no folder is refused', async () => {
  const file = join(parent, 'file');
  writeFileSync(file, '');
  await expect(privateFolder(file)).rejects.toMatchObject({ code: 'folder_unsafe' });
});
