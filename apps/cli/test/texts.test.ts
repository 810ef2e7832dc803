import { expect, test } from '@jest/globals';
import { paintFor } from '../src/colour.js';
import { reasonText } from '../src/reason-text.js';

test.each([
  [
    'a limit names what was used and what was allowed',
    { tag: 'limit', detail: { limit: 'heapMb', usedMb: 70.2, limitMb: 64 } },
    'limit: heapMb, 70.2 MB used of 64',
  ],
  [
    'an error names its kind unless it is a plain one',
    { tag: 'error', detail: new Error('boom') },
    /^error: boom/,
  ],
  ['a detail of several lines becomes one', { tag: 'error', detail: 'a\n  b' }, 'error: a b'],
  [
    'an error that has come as JSON is told as one',
    { tag: 'error', detail: { name: 'RangeError', message: 'boom', stack: 'RangeError: boom' } },
    'error: RangeError: boom',
  ],
  ['without a detail the tag is all', { tag: 'killed' }, 'killed'],
  [
    'a reason inside a reason is told, too',
    { tag: 'shutdown', detail: { failedToStart: 'x', reason: { tag: 'killed' } } },
    'shutdown: x did not start, killed',
  ],
] as const)('reason: %s', (_title, reason, text) => {
  if (typeof text === 'string') expect(reasonText(reason)).toBe(text);
  else expect(reasonText(reason)).toMatch(text);
});

test.each([
  ['a terminal', { isTTY: true }, {}, true],
  ['a terminal and NO_COLOR', { isTTY: true }, { NO_COLOR: '1' }, false],
  ['a terminal that is dumb', { isTTY: true }, { TERM: 'dumb' }, false],
  ['a pipe', {}, {}, false],
])('colours: %s', (_title, stream, env, coloured) => {
  expect(paintFor(stream, env)('red', 'x') !== 'x').toBe(coloured);
});
