/** Commands whose output nobody takes. */
import { spawn } from 'node:child_process';
import { closeSync, existsSync, openSync } from 'node:fs';
import { expect, test } from '@jest/globals';
import { BIN } from './run-cli.js';

function ended(stdout: 'pipe' | number): Promise<{ code: number | null; stderr: string }> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [BIN, 'doctor'], { stdio: ['ignore', stdout, 'pipe'] });
    let stderr = '';
    child.stdout?.destroy();
    child.stderr?.setEncoding('utf8').on('data', (chunk: string) => {
      stderr += chunk;
    });
    child.on('error', reject);
    child.on('close', (code) => resolve({ code, stderr }));
  });
}

test('output: a reader that has seen enough ends the command, which is no failure', async () => {
  expect(await ended('pipe')).toEqual({ code: 0, stderr: '' });
});

const FULL = '/dev/full';
(existsSync(FULL) ? test : test.skip)('output: a full disk is told in one line', async () => {
  const full = openSync(FULL, 'w');
  const { code, stderr } = await ended(full);
  closeSync(full);
  expect(code).toBe(1);
  expect(stderr).toMatch(/^espalier: output cannot be written: .*ENOSPC.*\n$/);
});
