import { eventRecord, type TreeEvent } from '@espalier/supervisor';
import type { EventEntry } from '@espalier/supervisor/client';
import { expect, test } from '@jest/globals';
import { Outcome } from '../src/outcome.js';

type Supervision = (TreeEvent & { readonly kind: 'supervision' })['event'];

const life = { incarnation: 1, durationMs: 1 };
const error = { tag: 'error' } as const;
const shutdown = { tag: 'shutdown' } as const;

function on(path: string, event: Supervision): TreeEvent {
  return { kind: 'supervision', path, event };
}
function started(path: string, id: string): TreeEvent {
  return on(path, { kind: 'started', id, ...life });
}
function ended(path: string, id: string): TreeEvent {
  return on(path, { kind: 'ended', id, ...life, reason: shutdown, willRestart: false });
}
function failed(path: string, id: string): TreeEvent {
  return on(path, { kind: 'failed', id, ...life, phase: 'run', reason: error, willRestart: false });
}
function escalated(path: string, id: string): TreeEvent {
  return on(path, {
    kind: 'escalated',
    id,
    incarnation: 1,
    reason: error,
    count: 2,
    intensity: 1,
    periodMs: 5000,
  });
}
function autoShutdown(path: string, id: string): TreeEvent {
  return on(path, { kind: 'autoShutdown', id, incarnation: 1 });
}
const over: TreeEvent = { kind: 'tree-ended', path: 't', reason: shutdown };

const CASES: readonly (readonly [title: string, intended: boolean, events: readonly TreeEvent[]])[] = [
  ['a significant child has ended', true, [started('t', 'a'), ended('t', 'a'), autoShutdown('t', 'a'), over]],
  [
    'a significant child has failed',
    false,
    [started('t', 'a'), failed('t', 'a'), autoShutdown('t', 'a'), over],
  ],
  ['the root gave up', false, [started('t', 'a'), failed('t', 'a'), escalated('t', 'a'), over]],
  [
    'another child had failed before',
    true,
    [failed('t', 'b'), ended('t', 'a'), autoShutdown('t', 'a'), over],
  ],
  [
    'the child had failed and was restarted',
    true,
    [
      failed('t', 'a'),
      on('t', { kind: 'restarted', id: 'a', ...life, count: 1 }),
      ended('t', 'a'),
      autoShutdown('t', 'a'),
      over,
    ],
  ],
  [
    'a significant supervisor gave up, which its own end does not show',
    false,
    [escalated('t/s', 'x'), ended('t', 's'), autoShutdown('t', 's'), over],
  ],
  [
    'a significant supervisor shut down on a failure',
    false,
    [failed('t/s', 'x'), autoShutdown('t/s', 'x'), ended('t', 's'), autoShutdown('t', 's'), over],
  ],
  [
    'a significant supervisor shut down as intended',
    true,
    [ended('t/s', 'x'), autoShutdown('t/s', 'x'), ended('t', 's'), autoShutdown('t', 's'), over],
  ],
  ['it has not ended at all', false, [ended('t', 'a'), autoShutdown('t', 'a')]],
];

test.each(CASES)('how the tree ended: %s', (_title, intended, events) => {
  const outcome = new Outcome();
  for (const event of events) outcome.see(eventRecord(event) as unknown as EventEntry);
  expect(outcome.asIntended).toBe(intended);
});
