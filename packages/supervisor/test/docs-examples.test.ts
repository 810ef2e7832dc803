import { execFile } from 'node:child_process';
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, test } from '@jest/globals';

const fixtures = fileURLToPath(new URL('./fixtures/docs/', import.meta.url));
const docs = fileURLToPath(new URL('../../../docs/', import.meta.url));

/** The folder of the example, what it prints, and on which page it stands. */
test.each([
  ['pool', '2 3\n', 'pool'],
  ['comlink', '2 2\nno_such_operation\n', 'comlink'],
  [
    'testing',
    [
      "[ '00:04 the tea is ready' ]",
      "[ '00:04 the tea is ready', '01:00 an hour is over' ]",
      '[] 70',
      '',
    ].join('\n'),
    'testing',
  ],
  ['simulation', 'In 200 runs every sale that was answered is in the ledger.\n', 'testing'],
  [
    'supervision',
    [
      'app/greeters/#1 Hello, Ada!',
      'Good evening, Grace!',
      'app/greeters running',
      'app/concierge stopped',
      'already_present - Start it by `restartChild`, or forget it by `deleteChild` first.',
      '',
    ].join('\n'),
    'supervision',
  ],
])('%s: the example is the one of the docs, and prints what they say', async (folder, output, page) => {
  const text = readFileSync(join(docs, `${page}.md`), 'utf8');
  // A cache of images may lie there, from a run by hand.
  for (const file of readdirSync(join(fixtures, folder)).filter((name) => !name.startsWith('.'))) {
    expect(text).toContain(readFileSync(join(fixtures, folder, file), 'utf8'));
  }
  expect(text).toContain(output);
  // A copy, so that the cache of images is not left in the repository; here, so that our packages are found.
  const copy = mkdtempSync(join(fixtures, 'run-'));
  try {
    cpSync(join(fixtures, folder), copy, { recursive: true });
    const { stdout } = await promisify(execFile)(process.execPath, [join(copy, 'main.mjs')]);
    expect(stdout).toBe(output);
  } finally {
    rmSync(copy, { recursive: true, force: true });
  }
});
