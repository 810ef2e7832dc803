import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, test } from '@jest/globals';
import type { Audit } from '../src/audit.js';

const START = fileURLToPath(new URL('../start.mjs', import.meta.url));

function run(
  ...args: readonly string[]
): Promise<{ code: number | string | null | undefined; stdout: string; stderr: string }> {
  return new Promise((resolve) => {
    execFile(process.execPath, [START, ...args], { timeout: 80_000 }, (error, stdout, stderr) => {
      resolve({ code: error === null ? 0 : error.code, stdout, stderr });
    });
  });
}

test('the story is told, and ends with nothing lost', async () => {
  const { code, stdout, stderr } = await run('--mails', '60', '--json');
  expect(stderr).toBe('');
  expect(code).toBe(0);
  for (const path of ['jobs/workers/#2', 'jobs/store', 'jobs/queue'])
    expect(stdout).toContain(`mails are sent. ${path} is killed.`);
  expect(stdout).toMatch(/waits {6}jobs\/store .*, with queue, workers, gateway$/m);
  expect(stdout).toMatch(/waits {6}jobs\/gateway {2}restart \d+ in at most 100 ms$/m);
  expect(stdout).toContain('~ jobs/workers  is changed in place\n    maxChildren: 2 -> 4\n');
  expect(stdout).toContain('1 restarted, 1 changed in place\n');
  expect(stdout).toContain('none is lost, none is settled twice');
  expect(stdout).not.toContain('\x1b');
  const line = JSON.parse(stdout.trimEnd().split('\n').at(-1) ?? '') as Audit;
  expect(line).toMatchObject({ submitted: 60, sent: 59, givenUp: 1, lost: [], twice: [] });
});

test('a wrong option is told, with those that there are', async () => {
  const { code, stdout, stderr } = await run('--mails', 'many');
  expect([code, stdout]).toEqual([1, '']);
  expect(stderr).toContain('--mails many');
  expect(stderr).toContain('[--mails N] [--two-hosts] [--json]');
});
