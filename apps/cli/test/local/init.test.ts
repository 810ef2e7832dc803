/** A new project, made and run in an empty folder, with an empty home. */
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { runCli } from '../run-cli.js';

let parent: string;

beforeEach(() => {
  parent = mkdtempSync(join(tmpdir(), 'esp-init-'));
});

afterEach(() => {
  rmSync(parent, { recursive: true, force: true });
});

describe('espalier init', () => {
  test('makes a project that runs as it is', async () => {
    const folder = join(parent, 'My Shop');
    const made = await runCli(['init', folder]);
    expect([made.code, made.stderr]).toEqual([0, '']);
    expect(made.stdout).toMatch(/Try it: cd '[^']*My Shop' && espalier up my-shop\.espalier\.yaml\n$/);
    const home = join(parent, 'home');
    mkdirSync(home);
    const { code, stdout } = await runCli(['up', '--raw', join(folder, 'my-shop.espalier.yaml')], {
      env: { HOME: home, XDG_STATE_HOME: '' },
      onLine: (line, child) => {
        if (line === 'Hello, world! You are number 1.') child.kill('SIGINT');
      },
    });
    expect(code).toBe(0);
    expect(stdout).toMatch(/^Hello, world! You are number 1\.\n/);
    // Its cache lies in the project, which keeps it out of its history.
    expect(readFileSync(join(folder, '.gitignore'), 'utf8')).toContain('.espalier/');
    expect(readdirSync(home)).toEqual([]);
  });

  test('leaves a package.json alone, and overwrites no work', async () => {
    const own = join(parent, 'package.json');
    writeFileSync(own, '{}');
    const json = await runCli(['init', parent, '--name', 'shop', '--json']);
    expect(JSON.parse(json.stdout)).toMatchObject({ folder: parent, name: 'shop' });
    expect(readFileSync(own, 'utf8')).toBe('{}');
    writeFileSync(join(parent, 'src/greeter.ts'), 'mine');
    const again = await runCli(['init', parent, '--name', 'other']);
    expect([again.code, again.stdout]).toEqual([1, '']);
    expect(again.stderr).toMatch(/^espalier: .*greeter\.ts is there already \(file_exists\)\. [^\n]+\n$/);
    expect(existsSync(join(parent, 'other.espalier.yaml'))).toBe(false);
  });

  test('says in one line that it may not write there', async () => {
    const file = join(parent, 'file');
    writeFileSync(file, '');
    const { code, stderr } = await runCli(['init', join(file, 'project')]);
    expect(code).toBe(1);
    expect(stderr).toMatch(/^espalier: [^\n]+ \(\w+\)\. [^\n]+\n$/);
  });
});
