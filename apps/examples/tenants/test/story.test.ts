import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, test } from '@jest/globals';
import { HOSTILE, type Outcome } from '../src/story.js';

const START = fileURLToPath(new URL('../start.mjs', import.meta.url));
/** The tag of the reason with which each of them ends, if it ends. */
const ENDS: Readonly<Record<string, string>> = {
  leaky: 'limit',
  looping: 'unresponsive',
  crashing: 'error',
  aborting: 'cell',
};

function run(
  ...args: readonly string[]
): Promise<{ code: number | string | null | undefined; stdout: string; stderr: string }> {
  return new Promise((resolve) => {
    execFile(process.execPath, [START, ...args], { timeout: 60_000 }, (error, stdout, stderr) => {
      resolve({ code: error === null ? 0 : error.code, stdout, stderr });
    });
  });
}

test('no visit of a well-behaved tenant fails while the others leak, loop, crash, abort and flood', async () => {
  const { code, stdout, stderr } = await run('--seconds', '4', '--rate', '25', '--json');
  expect(stderr).toBe('');
  const line = JSON.parse(stdout.trimEnd().split('\n').at(-1) ?? '') as Outcome;
  for (const visits of [...line.calm, ...line.storm])
    expect(visits).toMatchObject({ requests: 100, failed: 0 });
  // Each of them was really at its worst, and ended for what it did.
  for (const [tenant, tag] of Object.entries(ENDS))
    expect(Object.keys(line.ends[tenant] ?? {})).toContain(tag);
  expect(Object.keys(line.ends).every((tenant) => HOSTILE.includes(tenant))).toBe(true);
  expect(stdout).toContain('none of their requests failed');
  expect(code).toBe(0);
}, 90_000);

test('a wrong option is told, with those that there are', async () => {
  const { code, stdout, stderr } = await run('--seconds', 'many');
  expect([code, stdout]).toEqual([1, '']);
  expect(stderr).toContain('--seconds many');
  expect(stderr).toContain('[--seconds N] [--rate N] [--json]');
});
