/** Each kind of bad input: one clear line with path, value and remedy, a non-zero code, nothing left running. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, test } from '@jest/globals';
import { fixture, runCli } from './run-cli.js';

const folder = mkdtempSync(join(tmpdir(), 'espalier-cli-'));
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

let files = 0;
function file(text: string): string {
  const path = join(folder, `${String(files++)}.yaml`);
  writeFileSync(path, text);
  return path;
}

function poison(name: string): string {
  return fileURLToPath(new URL(`./poison/${name}`, import.meta.url));
}

/** A sound child stands first: it has been started when the bad one fails. */
function withModule(module: string): string {
  return file(
    `name: t\nchildren:\n  - { id: good, module: ${fixture('lamp.ts')} }\n  - { id: bad, module: ${module} }\n`,
  );
}

const CASES: readonly (readonly [title: string, spec: () => string, shown: readonly (string | RegExp)[]])[] =
  [
    [
      'a missing module',
      () => withModule('./nowhere.ts'),
      ['module_missing', /\.yaml:4:\d+, t\/bad: /, /nowhere\.ts/],
    ],
    [
      'a missing package',
      () => withModule('no-such-package'),
      ['module_missing', ', t/bad: ', '"no-such-package"'],
    ],
    [
      'a module without a behaviour',
      () => withModule(poison('no-behaviour.ts')),
      ['start_failed', "'t/bad'", /no-behaviour\.ts/, /\(start_failed\)\. .*Export `server/],
    ],
    [
      'a syntax error in a module',
      () => withModule(poison('syntax.ts')),
      ['module_unfit', ', t/bad: ', 'syntax.ts:1:19'],
    ],
    [
      'a throw at import',
      () => withModule(poison('throws-at-import.ts')),
      ['start_failed', "'t/bad'", /not today.*throws-at-import\.ts:1:7/],
    ],
    [
      'a throw in init',
      () => withModule(poison('throws-in-init.ts')),
      ['start_failed', "'t/bad'", /no room.*throws-in-init\.ts:5:\d+/],
    ],
    [
      'an unknown key',
      () => file('childrem: []\nchildren: []\n'),
      ['spec_invalid', ':1:1, childrem: ', 'Did you mean `children`?'],
    ],
    [
      'a wrong type',
      () => file('children: [{ id: a, module: ./a.ts, limits: { heapMb: "64" } }]\n'),
      ['spec_invalid', ', children[0].limits.heapMb: ', '"64"', 'without quotes'],
    ],
    [
      'duplicate ids',
      () => file('children: [{ id: a, module: ./a.ts }, { id: a, module: ./a.ts }]\n'),
      ['spec_invalid', ', children[1].id: ', '"a"', 'an id of its own'],
    ],
    [
      'a file that is no YAML',
      () => file('children: [\n  }'),
      ['spec_unreadable', /\.yaml:2:\d+: /, 'Mend the syntax'],
    ],
    ['a file that is no spec', () => file('just words\n'), ['spec_invalid', ':1:1: ', 'must be an object']],
    [
      'no file at all',
      () => join(folder, 'nothing.yaml'),
      ['spec_unreadable', 'there is no such file', 'Check the path'],
    ],
    [
      'a word that is not built yet',
      () => file('children:\n  - { id: a, module: ./a.js, trust: confined }\n'),
      ['spec_not_built', ', children[0].trust: `trust: confined`', 'Possible: `trusted`'],
    ],
  ];

describe('bad input', () => {
  test.each(CASES)('%s: one error, code 1, nothing left running', async (_title, spec, shown) => {
    const { code, signal, stderr } = await runCli(['up', spec()]);
    // The command ends when its last thread has: nothing in it forces the end.
    expect([code, signal]).toEqual([1, null]);
    // The guests' own output may stand before it.
    const [error = '', ...more] = stderr.trimEnd().split('\n').reverse();
    expect(error).toMatch(/^espalier: .+ \([a-z_]+\)\. \S/);
    expect(more.filter((line) => line.startsWith('espalier: '))).toEqual([]);
    for (const part of shown) {
      if (typeof part === 'string') expect(error).toContain(part);
      else expect(error).toMatch(part);
    }
  });

  test('what had been started before the failure is stopped again', async () => {
    const { stdout } = await runCli(['up', withModule(poison('throws-in-init.ts'))]);
    expect(stdout).toMatch(/started {4}t\/good/);
    expect(stdout).toMatch(/stopped {4}t\/good/);
    expect(stdout).toMatch(/ended {6}t {2}shutdown: bad did not start, error: RangeError: no room/);
  });

  test('every problem of a spec is told at once', async () => {
    const { stderr } = await runCli(['validate', file('foo: 1\nbar: 2\nchildren: []\n')]);
    const lines = stderr.trimEnd().split('\n');
    expect(lines).toEqual([
      'espalier: the spec has 2 problems (spec_invalid)',
      expect.stringMatching(/^ {2}\/.*\.yaml:1:1, foo: .*no field here\. Known here: /),
      expect.stringMatching(/^ {2}\/.*\.yaml:2:1, bar: .*no field here\. Known here: /),
    ]);
  });

  test('--set: a node that is not there', async () => {
    const { code, stderr } = await runCli([
      'validate',
      fixture('lamp.espalier.yaml'),
      '--set',
      'attic/bath.args=1',
    ]);
    expect(code).toBe(1);
    expect(stderr).toContain('Known here: hall, upstairs.');
  });
});
