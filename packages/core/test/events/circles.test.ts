import { expect, test } from '@jest/globals';
import type { KernelEvent } from '../../src/kernel/index.js';
import { withCircles } from '../../src/events/circles.js';

const blocked = (path: string, receiver: string): KernelEvent => ({ kind: 'blocked', path, receiver });
const unblocked = (path: string, receiver: string): KernelEvent => ({ kind: 'unblocked', path, receiver });
const stopped = (path: string, id: string): KernelEvent => ({
  kind: 'supervision',
  path,
  event: { kind: 'stopped', id, incarnation: 1, reason: { tag: 'shutdown' }, expected: true, durationMs: 1 },
});

/** The circles that are told of when these events happen, each with how many events came before it. */
function circles(events: readonly KernelEvent[]): readonly (readonly string[])[] {
  const told: KernelEvent[] = [];
  const observe = withCircles((event) => {
    told.push(event);
  });
  for (const event of events) observe(event);
  expect(told.filter(({ kind }) => kind !== 'blocked-circle')).toEqual(events);
  return told.flatMap((event) => (event.kind === 'blocked-circle' ? [event.circle] : []));
}

test('a circle of waiting senders is told once, by who closed it, behind the event that did', () => {
  expect(circles([blocked('t/a', 't/b'), blocked('t/b', 't/c'), blocked('t/c', 't/a')])).toEqual([
    ['t/c', 't/a', 't/b', 't/c'],
  ]);
});

test('one that waits for itself is a circle', () => {
  expect(circles([blocked('t/a', 't/a')])).toEqual([['t/a', 't/a']]);
});

test('waiting in a line, or for the same one, is no circle', () => {
  expect(circles([blocked('t/a', 't/b'), blocked('t/c', 't/b'), blocked('t/b', 't/d')])).toEqual([]);
});

test('who waits no more closes no circle', () => {
  expect(circles([blocked('t/a', 't/b'), unblocked('t/a', 't/b'), blocked('t/b', 't/a')])).toEqual([]);
});

test.each<readonly [string, KernelEvent]>([
  ['a child of a supervisor', stopped('t', 'a')],
  ['a supervisor, with all below it', stopped('', 't')],
  [
    'one that was spawned',
    { kind: 'spawn-ended', path: 't/a', reason: { tag: 'killed', detail: undefined } },
  ],
])('what has ended waits for nobody: %s', (_what, end) => {
  expect(circles([blocked('t/a', 't/b'), end, blocked('t/b', 't/a')])).toEqual([]);
});

test('nobody waits for what has ended', () => {
  expect(circles([blocked('t/a', 't/b'), stopped('t', 'b'), blocked('t/b', 't/a')])).toEqual([]);
});

test('an id that begins like another is another', () => {
  expect(circles([blocked('t/ab', 't/b'), stopped('t', 'a'), blocked('t/b', 't/ab')])).toEqual([
    ['t/b', 't/ab', 't/b'],
  ]);
});
