import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { readEvents } from '../../src/client/event-stream.js';

const TEXT =
  ': still here\n\nid: 1\nevent: entry\ndata: {"a":"ä\\n"}\n\nevent: missed\ndata: {}\n\nid: 2\nevent: entry\ndata: {"b":2}\n\n';
const EVENTS = [
  { event: 'entry', data: '{"a":"ä\\n"}' },
  { event: 'missed', data: '{}' },
  { event: 'entry', data: '{"b":2}' },
];

async function read(chunks: readonly string[]): Promise<unknown[]> {
  async function* stream(): AsyncGenerator<string> {
    yield* chunks;
  }
  const events: unknown[] = [];
  for await (const event of readEvents(stream())) events.push(event);
  return events;
}

test('events are the same wherever the stream is cut', async () => {
  const cuts = fc.uniqueArray(fc.integer({ min: 1, max: TEXT.length - 1 }), { maxLength: 20 });
  await fc.assert(
    fc.asyncProperty(cuts, async (places) => {
      const bounds = [0, ...places.sort((a, b) => a - b), TEXT.length];
      const chunks = bounds.slice(1).map((end, i) => TEXT.slice(bounds[i], end));
      expect(await read(chunks)).toEqual(EVENTS);
    }),
  );
});

test('an event that was not ended is none', async () => {
  expect(await read(['event: entry\ndata: {"a"'])).toEqual([]);
});
