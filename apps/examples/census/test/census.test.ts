import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from '@jest/globals';

interface Line {
  readonly files: number;
  readonly parsed: number;
  readonly quarantined: number;
  readonly missing: number;
  readonly surplus: number;
  readonly restarts: number;
  readonly seconds: number;
  readonly extensions: Readonly<
    Record<string, { readonly files: number; readonly lines: number; readonly functions: number }>
  >;
  readonly quarantine: readonly {
    readonly path: string;
    readonly reason: string;
    readonly attempts: number;
  }[];
}

const START = fileURLToPath(new URL('../start.mjs', import.meta.url));

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'espalier-census-'));
  mkdirSync(join(folder, 'inner', 'empty'), { recursive: true });
  const write = (name: string, text: string): void => writeFileSync(join(folder, name), text);
  write('module.mjs', 'import a from "a";\nexport const b = () => a;\n');
  write('script.cjs', '#!/usr/bin/env node\nreturn function () {};');
  write('either.js', 'class A { m() {} }\n');
  write('view.js', 'export default <p>text</p>;\n');
  write('inner/types.d.ts', 'export declare function f(x: number): string;\n');
  write('inner/code.ts', 'enum E { A }\n@d class C {}\nexport const x = <T,>(y: T) => y as unknown;\n');
  write('inner/data.json', '\ufeff{ "a": 1 }\n');
  write('inner/bad.json', '{ a: 1 }\n');
  write('inner/other.txt', 'not counted');
  symlinkSync(join(folder, 'either.js'), join(folder, 'link.js'));
  symlinkSync(folder, join(folder, 'inner', 'round'));
});
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

function census(
  ...args: string[]
): Promise<{ code: number | string | null | undefined; stdout: string; stderr: string }> {
  return new Promise((resolve) => {
    execFile(process.execPath, [START, ...args], { timeout: 80_000 }, (error, stdout, stderr) => {
      resolve({ code: error === null ? 0 : error.code, stdout, stderr });
    });
  });
}

test('every file of the directory is parsed or in quarantine, and symbolic links are not followed', async () => {
  const { code, stdout, stderr } = await census('--dir', folder, '--json');
  expect(stderr).toBe('');
  expect(code).toBe(0);
  const line = JSON.parse(stdout.trimEnd().split('\n').at(-1) ?? '') as Line;
  expect(line).toMatchObject({ files: 8, parsed: 7, quarantined: 1, missing: 0, surplus: 0, restarts: 0 });
  expect(line.seconds).toBeGreaterThan(0);
  expect(line.extensions).toMatchObject({
    '.js': { files: 2, lines: 2, functions: 1 },
    '.mjs': { files: 1, lines: 2, functions: 1, imports: 1, exports: 1 },
    '.cjs': { files: 1, lines: 2, functions: 1 },
    '.ts': { files: 2, functions: 2, classes: 1 },
    '.json': { files: 1, lines: 1 },
  });
  const reason: unknown = expect.stringContaining('syntax error: ');
  expect(line.quarantine).toEqual([{ path: join(folder, 'inner/bad.json'), reason, attempts: 1 }]);
});

test('a person gets a table, what is in quarantine, and the sum', async () => {
  const { code, stdout } = await census('--dir', folder);
  expect(code).toBe(0);
  expect(stdout).toMatch(/^\.mjs +1 +\d+ B +2 +1 +0 +1 +1$/m);
  expect(stdout).toMatch(/bad\.json\n {4}syntax error: /);
  expect(stdout).toContain('8 files: 7 parsed, 1 in quarantine; none is lost\n');
  expect(stdout).toMatch(/files\/s; parsers restarted: 0\n$/);
});

test('a directory that is not there ends the census with code 1 and says so', async () => {
  const { code, stderr } = await census('--dir', join(folder, 'nowhere'));
  expect(code).toBe(1);
  expect(stderr).toContain(`the folder ${join(folder, 'nowhere')} cannot be read`);
});

test('an unknown option is told, with those that there are', async () => {
  const { code, stderr } = await census('--nonsense');
  expect(code).toBe(1);
  expect(stderr).toContain('--dir PATH');
});

test('npm start: a signal for npm reaches the job, and its exit code is that of the job', async () => {
  const manifest = readFileSync(new URL('../../../../package.json', import.meta.url), 'utf8');
  const { start } = (JSON.parse(manifest) as { scripts: { start: string } }).scripts;
  const job = join(folder, 'job.mjs');
  writeFileSync(
    job,
    'process.on("SIGTERM", () => process.exit(0)); setInterval(() => {}, 1000); console.log(1);',
  );
  // As npm does it: by a shell, to which it hands its signals on.
  const shell = spawn('sh', ['-c', start.replace('scripts/start.mjs', `'${job}'`)], { timeout: 80_000 });
  await once(shell.stdout, 'data');
  const ended = once(shell, 'exit');
  shell.kill('SIGTERM');
  expect(await ended).toEqual([0, null]);
});
