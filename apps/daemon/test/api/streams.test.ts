import { EventEmitter } from 'node:events';
import type { ServerResponse } from 'node:http';
import { expect, test } from '@jest/globals';
import type { Reading } from '../../src/api/reading.js';
import { stream } from '../../src/api/streams.js';
import { Journal } from '../../src/journal.js';

interface Line {
  readonly id: number;
  readonly text: string;
}

/** A response whose reader takes what is written only when the test says so. */
class SlowReader extends EventEmitter {
  destroyed = false;
  ended = false;
  written: string[] = [];
  /** What lies before the reader. */
  held = 0;

  get writableNeedDrain(): boolean {
    return this.held > 0;
  }

  writeHead(): void {
    // Of no interest here.
  }

  flushHeaders(): void {
    // Of no interest here.
  }

  write(chunk: string): boolean {
    this.held += chunk.length;
    this.written.push(chunk);
    return false;
  }

  end(): void {
    this.ended = true;
  }

  destroy(): void {
    this.destroyed = true;
    this.emit('close');
  }

  async reads(): Promise<void> {
    this.held = 0;
    this.emit('drain');
    for (let turn = 0; turn < 10; turn++) await Promise.resolve();
  }

  get ids(): readonly number[] {
    return this.written.flatMap((chunk) => [...chunk.matchAll(/^id: (\d+)$/gm)].map(([, id]) => Number(id)));
  }
}

function following(journal: Journal<Line>, more: Partial<Reading<Line>> = {}): Reading<Line> {
  const asked = { before: [], cut: false, journal, told: (line: Line) => line, asked: 0, after: 0 };
  return { ...asked, wanted: () => true, follow: true, ...more };
}

const kept = () => new Journal<Line>({ entries: 100_000, weight: 1e9, weigh: ({ text }) => text.length });
const noToken = () => () => undefined;

test('a reader who does not read holds one batch, however much comes, and then gets all of it', async () => {
  const journal = kept();
  const reader = new SlowReader();
  const done = stream(reader as unknown as ServerResponse, following(journal), noToken);
  const text = 'x'.repeat(1000);
  const all = Array.from({ length: 5000 }, (_, n) => n + 1);
  for (const id of all) {
    journal.append({ id, text });
    await Promise.resolve();
  }
  expect(reader.held).toBeLessThan(300_000);
  while (reader.ids.length < all.length) {
    await reader.reads();
    expect(reader.held).toBeLessThan(300_000);
  }
  expect(reader.ids).toEqual(all);
  reader.destroy();
  await done;
});

test('what was in files is written piece by piece as well, and a gap before it is told', async () => {
  const before = Array.from({ length: 1000 }, (_, n) => ({ id: n + 1, text: 'x'.repeat(1000) }));
  const reader = new SlowReader();
  const reading = following(kept(), { before, cut: true, asked: 7, after: 1000, follow: false });
  const done = stream(reader as unknown as ServerResponse, reading, noToken);
  for (let turn = 0; turn < 100 && !reader.ended; turn++) {
    expect(reader.held).toBeLessThan(100_000);
    await reader.reads();
  }
  await done;
  expect(reader.written[0]).toBe('event: missed\ndata: {"after":7}\n\n');
  expect(reader.ids).toEqual(before.map(({ id }) => id));
});

test('who may read no more is cut off at once', async () => {
  const reader = new SlowReader();
  let revoke = (): void => undefined;
  let forgotten = false;
  const done = stream(reader as unknown as ServerResponse, following(kept()), (revoked) => {
    revoke = revoked;
    return () => {
      forgotten = true;
    };
  });
  revoke();
  await done;
  expect([reader.destroyed, forgotten]).toEqual([true, true]);
});
