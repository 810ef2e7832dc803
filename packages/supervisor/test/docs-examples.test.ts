import { execFile } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, test } from '@jest/globals';

const fixtures = fileURLToPath(new URL('./fixtures/docs/', import.meta.url));
const docs = fileURLToPath(new URL('../../../docs/', import.meta.url));

test.each([
  ['pool', 'resize.ts', '2 3\n'],
  ['comlink', 'counter.ts', '2 2\nno_such_operation\n'],
])('docs/%s.md: its example is this one, and prints what it says', async (page, module, output) => {
  const text = readFileSync(join(docs, `${page}.md`), 'utf8');
  for (const file of [module, 'main.mjs']) {
    expect(text).toContain(readFileSync(join(fixtures, page, file), 'utf8'));
  }
  expect(text).toContain(output);
  // A copy, so that the cache of images is not left in the repository; here, so that our packages are found.
  const copy = mkdtempSync(join(fixtures, 'run-'));
  try {
    cpSync(join(fixtures, page), copy, { recursive: true });
    const { stdout } = await promisify(execFile)(process.execPath, [join(copy, 'main.mjs')]);
    expect(stdout).toBe(output);
  } finally {
    rmSync(copy, { recursive: true, force: true });
  }
});
