/** Server-sent events out of a journal: each reader at its own pace, with nothing kept for the slow ones. */
import type { ServerResponse } from 'node:http';
import type { Entry, Journal } from '../journal.js';

export interface StreamOptions<T extends Entry> {
  /** Written first. */
  readonly before: readonly T[];
  readonly journal: Journal<T>;
  /** From after which id the journal is read; it may not keep that any more. */
  readonly after: number;
  readonly wanted: (entry: T) => boolean;
  /** Goes on with what comes; else it ends with what is there. */
  readonly follow: boolean;
}

/** A comment, so that both sides notice when the other is gone. Milliseconds. */
const HEARTBEAT_MS = 15_000;

/** Resolves when the stream has ended or the reader has gone. */
export async function stream<T extends Entry>(
  response: ServerResponse,
  { before, journal, after, wanted, follow }: StreamOptions<T>,
): Promise<void> {
  const heartbeat = setInterval(() => response.write(': still here\n\n'), HEARTBEAT_MS);
  response.on('error', () => response.destroy());
  response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' });
  response.flushHeaders();
  try {
    await write(response, before.map(entryText).join(''));
    for (let last = after; !response.destroyed;) {
      const { entries, missed } = journal.after(last);
      if (missed) await write(response, text('missed', { after: last }));
      // What was missed is told once: the next reading begins behind the gap.
      const read = entries.at(-1)?.id ?? journal.lastId;
      last = Math.max(last, read);
      await write(response, entries.filter(wanted).map(entryText).join(''));
      if (entries.length > 0) continue;
      if (!follow) break;
      await changed(response, journal);
    }
  } finally {
    clearInterval(heartbeat);
    response.end();
  }
}

function entryText(entry: Entry): string {
  return `id: ${entry.id}\n${text('entry', entry)}`;
}

function text(event: string, data: unknown): string {
  return `event: ${event}\ndata: ${JSON.stringify(data)}\n\n`;
}

/** Resolves when there is room for more, or nobody who reads. */
async function write(response: ServerResponse, chunk: string): Promise<void> {
  if (chunk === '' || response.destroyed || response.write(chunk)) return;
  await once(response, ['drain', 'close']);
}

function changed<T extends Entry>(response: ServerResponse, journal: Journal<T>): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      forget();
      response.off('close', done);
      resolve();
    };
    const forget = journal.onChange(done);
    response.once('close', done);
    if (response.destroyed) done();
  });
}

function once(response: ServerResponse, names: readonly string[]): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      for (const name of names) response.off(name, done);
      resolve();
    };
    for (const name of names) response.on(name, done);
    if (response.destroyed) done();
  });
}
