/** Server-sent events out of a journal: each reader at its own pace, with nothing kept for the slow ones. */
import type { ServerResponse } from 'node:http';
import type { Entry } from '../journal.js';
import type { Reading } from './reading.js';

/** A comment, so that both sides notice when the other is gone. Milliseconds. */
const HEARTBEAT_MS = 15_000;
const PIECE = 64;

/**
 * Resolves when the stream has ended or the reader has gone. `onRevoked`: calls back when he may read no more, and
 * returns what takes that back.
 */
export async function stream<T extends Entry>(
  response: ServerResponse,
  { before, cut, journal, told, asked, after, wanted, follow }: Reading<T>,
  onRevoked: (revoked: () => void) => () => void,
): Promise<void> {
  const heartbeat = setInterval(() => {
    // Who does not read notices nothing, and it would pile up.
    if (!response.writableNeedDrain) response.write(': still here\n\n');
  }, HEARTBEAT_MS);
  const gone = new AbortController();
  const forget = onRevoked(() => response.destroy());
  response.on('error', () => response.destroy());
  response.on('close', () => gone.abort());
  if (response.destroyed) gone.abort();
  response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' });
  response.flushHeaders();
  try {
    if (cut) await write(response, text('missed', { after: asked }));
    // Piece by piece: a reader who is slow holds a piece, not all of it as text.
    for (let begin = 0; begin < before.length; begin += PIECE) {
      await write(response, textOf(before.slice(begin, begin + PIECE)));
    }
    let last = after;
    for await (const { entries, missed } of journal.batchesAfter(after, { follow, signal: gone.signal })) {
      if (missed) await write(response, text('missed', { after: last }));
      last = entries.at(-1)?.id ?? last;
      await write(response, textOf(entries.filter(wanted).map(told)));
    }
  } finally {
    clearInterval(heartbeat);
    forget();
    response.end();
  }
}

function textOf(entries: readonly Entry[]): string {
  return entries.map(entryText).join('');
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
