/** The example of the README is run as it stands there. */
import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, expect, test } from '@jest/globals';

const here = new URL('.', import.meta.url).pathname;
// Inside this package, so that `@espalier/…` is found as in a project that depends on it.
const folder = mkdtempSync(join(here, '.readme-'));

afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

test('readme: its example does what its comments say', async () => {
  const readme = readFileSync(join(here, '..', 'README.md'), 'utf8');
  const blocks = [...readme.matchAll(/```(?:ts|js)\n\/\/ (\S+)\n([^]*?)```/g)];
  for (const [, name, code] of blocks) writeFileSync(join(folder, name as string), code as string);
  expect(blocks.map(([, name]) => name)).toEqual(['adder.ts', 'main.mjs']);
  const { stdout } = await promisify(execFile)(process.execPath, [join(folder, 'main.mjs')]);
  expect(stdout.trim().split('\n')).toEqual(['42', 'down', '42']);
});
