/**
 * Files that break parsers: each costs its parser's life twice and is given up, and no other file is lost.
 * Hang and crash come from a parser module that this test's own spec names; the census has no special case.
 */
import { execFile } from 'node:child_process';
import { closeSync, ftruncateSync, mkdtempSync, openSync, rmSync, writeFileSync, writeSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from '@jest/globals';

interface Report {
  readonly quarantine: readonly {
    readonly path: string;
    readonly reason: string;
    readonly attempts: number;
  }[];
}

const cli = dirname(createRequire(import.meta.url).resolve('@espalier/cli/package.json'));
const SPEC = fileURLToPath(new URL('./poison.espalier.yaml', import.meta.url));
const HUGE_BYTES = 200_000_000;
const DEPTH = 100_000;
const SOUND = 40;

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'espalier-poison-'));
  const write = (name: string, content: string | Uint8Array): void =>
    writeFileSync(join(folder, name), content);
  for (let i = 0; i < SOUND; i++) write(`sound-${i}.ts`, `export const value: number = ${i};\n`);
  for (const name of ['hangs.js', 'exits.js', 'throws.js']) write(name, 'export {};\n');
  write('deep.js', '['.repeat(DEPTH) + ']'.repeat(DEPTH));
  write('deep.json', '['.repeat(DEPTH) + ']'.repeat(DEPTH));
  write('invalid.js', Uint8Array.of(0x2f, 0x2f, 0xff, 0xfe, 0x80, 0xc0));
  write('syntax.ts', 'const = 1;\n');
  const huge = openSync(join(folder, 'huge.js'), 'w');
  const part = Buffer.from('var a = 1;\n'.repeat(100_000));
  for (let size = 0; size < HUGE_BYTES; size += part.length) writeSync(huge, part);
  ftruncateSync(huge, HUGE_BYTES);
  closeSync(huge);
});
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

function run(): Promise<{ code: number | string | null | undefined; stdout: string; stderr: string }> {
  const args = [join(cli, 'bin', 'espalier.js'), 'up', '--raw', '--json', SPEC];
  args.push('--set', `walker.args.dir=${JSON.stringify(folder)}`);
  return new Promise((resolve) => {
    execFile(process.execPath, args, { timeout: 110_000 }, (error, stdout, stderr) => {
      resolve({ code: error === null ? 0 : error.code, stdout, stderr });
    });
  });
}

test('poison files are quarantined with their reasons, the rest is parsed, nothing is lost', async () => {
  const { code, stdout, stderr } = await run();
  expect(code).toBe(0);
  const report = JSON.parse(stdout.trimEnd().split('\n').at(-1) ?? '') as Report;
  const quarantine = Object.fromEntries(
    report.quarantine.map(({ path, reason, attempts }) => [basename(path), [attempts, reason]]),
  );
  const containing = (text: string): unknown => expect.stringContaining(text);
  expect(quarantine).toEqual({
    'hangs.js': [2, 'no answer within 6000 ms'],
    'exits.js': [2, containing('exit code 7')],
    'throws.js': [2, containing('the parser has a bug')],
    'deep.js': [2, containing('call stack')],
    'huge.js': [2, containing('needs more than')],
    'invalid.js': [1, containing('invalid UTF-8')],
    'syntax.ts': [1, containing('syntax error')],
  });
  const restarts = 5 * 2;
  expect(report).toMatchObject({
    files: SOUND + 8,
    parsed: SOUND + 1,
    quarantined: 7,
    missing: 0,
    surplus: 0,
    restarts,
  });
  // The parsers that were lost are those that supervision saw fail, each to be restarted; nobody else failed.
  const events = stderr
    .trimEnd()
    .split('\n')
    .map(
      (line) =>
        JSON.parse(line) as { readonly event: string; readonly path: string; readonly willRestart?: boolean },
    );
  const failed = events.filter(({ event }) => event === 'failed');
  expect(failed).toHaveLength(restarts);
  expect(
    failed.every(({ path, willRestart }) => path.startsWith('poison/parsers/') && willRestart === true),
  ).toBe(true);
}, 120_000);
