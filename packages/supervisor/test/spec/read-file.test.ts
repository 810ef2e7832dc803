import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, describe, expect, test } from '@jest/globals';
import { SpecError } from '@espalier/core';
import { loadSpec, readSpecFile, type LocatedProblem } from '../../src/spec/index.js';

const folder = mkdtempSync(join(tmpdir(), 'espalier-spec-'));
afterAll(() => {
  rmSync(folder, { recursive: true });
});

let files = 0;
function file(text: string | Uint8Array, ending = 'yaml'): string {
  files += 1;
  const path = join(folder, `${files}.${ending}`);
  writeFileSync(path, text);
  return path;
}

async function refused(path: string): Promise<SpecError> {
  try {
    await loadSpec(path);
  } catch (error) {
    if (error instanceof SpecError) return error;
    throw error;
  }
  throw new Error('the file was accepted');
}

describe('a spec file', () => {
  test('in YAML or JSON gives the same tree, its modules taken from its folder', async () => {
    const yaml = await loadSpec(
      file('name: shop\nchildren:\n  - { id: a, module: ./a.ts, shutdown: infinity }\n'),
    );
    const json = JSON.stringify({
      name: 'shop',
      children: [{ id: 'a', module: './a.ts', shutdown: 'infinity' }],
    });
    expect(await loadSpec(file(json, 'json'))).toEqual(yaml);
    expect(yaml.root.children[0]).toMatchObject({
      shutdown: 'infinity',
      module: { specifier: pathToFileURL(join(folder, 'a.ts')).href },
    });
  });

  test('is read without being checked, for those who want to see it first', async () => {
    const { input, base } = await readSpecFile(file('anything: [1, 2]\n'));
    expect(input).toEqual({ anything: [1, 2] });
    expect(base).toBe(`${pathToFileURL(folder).href}/`);
  });

  test('with problems tells the line and column of each', async () => {
    const path = file(
      'children:\n  - id: a\n    module: ./a.ts\n    limits:\n      heapMb: "64"\n  - { id: b }\n',
    );
    const error = await refused(path);
    expect(error.code).toBe('spec_invalid');
    const places = (error.problems as readonly LocatedProblem[]).map((problem) => [
      problem.path,
      problem.line,
      problem.column,
    ]);
    expect(places).toEqual([
      ['children[0].limits.heapMb', 5, 7],
      ['children[1]', 6, 5],
    ]);
    expect(error.message).toContain(`${path} has 2 problems`);
    expect(error.message).toContain('line 5, children[0].limits.heapMb');
  });

  test('with an alias tells the place of what it stands for', async () => {
    const error = await refused(
      file(
        'children:\n  - { id: a, module: ./a.ts, limits: &l\n      { heapMb: 1 } }\n  - { id: b, module: ./b.ts, limits: *l }\n',
      ),
    );
    expect((error.problems as readonly LocatedProblem[]).map(({ line }) => line)).toEqual([3, 3]);
  });
});

describe('a file that cannot be read as a spec', () => {
  test('is told with line and column if its syntax is wrong', async () => {
    const error = await refused(file('children:\n  - { id: a\n'));
    expect(error.code).toBe('spec_unreadable');
    expect(error.problems[0]).toMatchObject({ line: 3 });
    expect(error.message).toMatch(/line 3, column \d+/);
  });

  test('has no key twice', async () => {
    expect(await refused(file('name: a\nname: b\nchildren: []\n'))).toMatchObject({
      code: 'spec_unreadable',
      problems: [{ line: 2, column: 1 }],
    });
  });

  test('is there at all', async () => {
    const error = await refused(join(folder, 'none.yaml'));
    expect([error.code, error.value]).toEqual(['spec_unreadable', join(folder, 'none.yaml')]);
    expect(error.message).toContain('no such file');
    expect((await refused(folder)).code).toBe('spec_unreadable');
  });

  test('is text', async () => {
    expect((await refused(file(Uint8Array.of(0xff, 0xfe, 0x00)))).message).toContain('UTF-8');
  });

  test('does not blow up by aliases', async () => {
    const lines = ['a0: &a0 [x]'];
    for (let i = 1; i < 30; i += 1) lines.push(`a${i}: &a${i} [*a${i - 1}, *a${i - 1}, *a${i - 1}]`);
    expect((await refused(file(`${lines.join('\n')}\n`))).code).toBe('spec_unreadable');
  });

  test.each([
    ['brackets', '['.repeat(201), 'nested more than 200 levels deep'],
    ['dashes', `${'- '.repeat(201)}x`, 'nested more than 200 levels deep'],
    ['keys in question', `${'? '.repeat(201)}x`, 'nested more than 200 levels deep'],
    ['parts', `[${'1,'.repeat(250_001)}1]`, 'more than 500000 parts'],
    ['empty lines of comment', '#\n'.repeat(250_001), 'more than 500000 parts'],
  ])('is refused before it takes long if it has too many %s', async (_title, text, problem) => {
    const { code, problems } = await refused(file(text));
    expect([code, problems[0]?.problem]).toEqual(['spec_unreadable', expect.stringContaining(problem)]);
    expect((problems[0] as LocatedProblem).line).toBeGreaterThan(0);
  });

  test('is one document', async () => {
    const { code, problems } = await refused(file('name: a\n---\nname: b\n'));
    expect([code, problems[0]]).toEqual([
      'spec_unreadable',
      expect.objectContaining({ problem: expect.stringContaining('second document'), line: 2 }),
    ]);
  });

  test('is not empty, nor some other text', async () => {
    expect((await refused(file(''))).code).toBe('spec_invalid');
    expect((await refused(file('just words\n'))).code).toBe('spec_invalid');
  });
});
