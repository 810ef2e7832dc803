import {
  CallError,
  EnvironmentError,
  ERROR_CODES,
  type EspalierError,
  HostError,
  SpecError,
  SupervisionError,
  type ErrorCode,
} from '@espalier/core';
import { describe, expect, test } from '@jest/globals';
import { errorOf, problemOf } from '../../src/client/index.js';

const CLASSES = {
  call: CallError,
  environment: EnvironmentError,
  supervision: SupervisionError,
  host: HostError,
};
const FACTS = {
  field: 'field',
  value: [1, 'x'],
  path: 'a/b',
  remedy: 'Do that.',
  reason: { tag: 'killed' },
} as const;

function made(code: ErrorCode): EspalierError {
  const { kind } = ERROR_CODES[code];
  if (kind === 'spec') return new SpecError(code as 'spec_invalid', 'so it is', [], FACTS);
  return new CLASSES[kind](code as never, 'so it is', FACTS);
}

describe('an error as a document, and back', () => {
  test.each(Object.keys(ERROR_CODES) as ErrorCode[])('%s keeps its class, its code and its facts', (code) => {
    const error = made(code);
    const problem = problemOf(error);
    expect(problem).toMatchObject({ type: `urn:espalier:problem:${code}`, code, detail: 'so it is' });
    expect(problem.status).toBeGreaterThanOrEqual(400);
    expect(problem.status).toBeLessThan(600);
    const back = errorOf(JSON.parse(JSON.stringify(problem)) as typeof problem);
    expect(back.constructor).toBe(error.constructor);
    expect({ ...back, stack: '' }).toEqual({ ...error, stack: '' });
  });

  test('the problems of a spec come along, with their lines', () => {
    const problems = [{ path: 'a', value: 1, problem: 'is wrong.', remedy: 'Write 2.', line: 3, column: 1 }];
    const back = errorOf(problemOf(new SpecError('spec_invalid', 'two', problems)));
    expect((back as SpecError).problems).toEqual(problems);
  });

  test('the stacks of a reason stay where they are', () => {
    const cause = new RangeError('no room');
    const reason = {
      tag: 'shutdown',
      detail: { failedToStart: 'x', reason: { tag: 'error', detail: cause } },
    } as const;
    const problem = problemOf(new EnvironmentError('start_failed', 'no', { reason }));
    expect(problem.reason).toEqual({
      tag: 'shutdown',
      detail: {
        failedToStart: 'x',
        reason: { tag: 'error', detail: { name: 'RangeError', message: 'no room' } },
      },
    });
  });

  test('what is no error of ours is told as a defect, and nothing else of it', () => {
    const problem = problemOf(new TypeError('a secret'));
    expect(problem).toMatchObject({ status: 500, code: 'daemon_fault' });
    expect(JSON.stringify(problem)).not.toContain('secret');
  });

  test('a code of a later version is an error all the same', () => {
    const problem = { ...problemOf(new CallError('timeout', 'late')), code: 'not_known_here' };
    expect(errorOf(problem)).toMatchObject({ code: 'daemon_fault', message: 'late' });
  });
});
