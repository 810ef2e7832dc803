import { readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { ERROR_CODES } from '../src/error-codes.js';
import { CallError, EspalierError, SpecError } from '../src/errors.js';

const codes = Object.entries(ERROR_CODES);
const page = readFileSync(new URL('../../../docs/errors.md', import.meta.url), 'utf8');

describe('error codes', () => {
  test.each(codes)('%s: has a meaning and a remedy, each a sentence', (_code, entry) => {
    expect(entry.meaning).toMatch(/^\S.*[.!]$/);
    expect(entry.remedy).toMatch(/^\S.*[.!]$/);
  });

  test('the page docs/errors.md lists exactly the codes of the table', () => {
    const listed = [...page.matchAll(/^### `([a-z_]+)`/gm)].map((match) => match[1]);
    expect(listed.toSorted()).toEqual(codes.map(([code]) => code).toSorted());
  });
});

describe('errors', () => {
  test('an error carries its code, its remedy from the table and the facts it was given', () => {
    const cause = new RangeError('too far');
    const error = new CallError('too_large', 'message is too large', {
      field: 'messageBytes',
      value: 7,
      cause,
    });
    expect(error).toBeInstanceOf(EspalierError);
    expect(error).toMatchObject({ name: 'CallError', code: 'too_large', field: 'messageBytes', value: 7 });
    expect(error.remedy).toBe(ERROR_CODES.too_large.remedy);
    expect(error.cause).toBe(cause);
  });

  test('a spec error shows its first problem and keeps them all', () => {
    const problems = [
      { path: 'children[0].id', value: 3, problem: 'is not a string', remedy: 'Write a name.' },
      { path: 'children[1].id', value: 4, problem: 'is not a string', remedy: 'Write another name.' },
    ];
    const error = new SpecError('spec_invalid', 'the spec has 2 problems', problems);
    expect(error).toMatchObject({ path: 'children[0].id', value: 3, remedy: 'Write a name.' });
    expect(error.problems).toEqual(problems);
  });
});
