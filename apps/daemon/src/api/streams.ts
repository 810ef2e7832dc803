/** Server-sent events out of a journal: each reader at its own pace, with nothing kept for the slow ones. */
import type { ServerResponse } from 'node:http';
import type { Entry } from '../journal.js';
import type { Reading } from './reading.js';

/** A comment, so that both sides notice when the other is gone. Milliseconds. */
const HEARTBEAT_MS = 15_000;

/** Resolves when the stream has ended or the reader has gone. */
export async function stream<T extends Entry>(
  response: ServerResponse,
  { before, journal, after, wanted, follow }: Reading<T>,
): Promise<void> {
  const heartbeat = setInterval(() => response.write(': still here\n\n'), HEARTBEAT_MS);
  const gone = new AbortController();
  response.on('error', () => response.destroy());
  response.on('close', () => gone.abort());
  if (response.destroyed) gone.abort();
  response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' });
  response.flushHeaders();
  try {
    await write(response, before.map(entryText).join(''));
    let last = after;
    for await (const { entries, missed } of journal.batchesAfter(after, { follow, signal: gone.signal })) {
      if (missed) await write(response, text('missed', { after: last }));
      last = entries.at(-1)?.id ?? last;
      await write(response, entries.filter(wanted).map(entryText).join(''));
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
