/** Server-sent events out of a journal: each reader at its own pace, with nothing kept for the slow ones. */
import type { ServerResponse } from 'node:http';
import type { Reading } from '../access/journals.js';
import type { Entry, Journal } from '../journal.js';

export interface StreamOptions<T extends Entry> {
  /** Written first. */
  readonly before: readonly T[];
  /** Something that was asked for stands before that, and is not told. */
  readonly cut: boolean;
  readonly reading: Reading<T>;
  /** What was asked for. */
  readonly asked: number;
  /** From after which id the journal is read; it may not keep that any more. */
  readonly after: number;
  readonly wanted: (entry: T) => boolean;
  /** Goes on with what comes; else it ends with what is there. */
  readonly follow: boolean;
  /** Calls back when the reader may read no more. Returns what takes that back. */
  readonly onRevoked: (revoked: () => void) => () => void;
}

/** A comment, so that both sides notice when the other is gone. Milliseconds. */
const HEARTBEAT_MS = 15_000;
const PIECE = 64;

/** Resolves when the stream has ended or the reader has gone. */
export async function stream<T extends Entry>(
  response: ServerResponse,
  { before, cut, reading, asked, after, wanted, follow, onRevoked }: StreamOptions<T>,
): Promise<void> {
  const heartbeat = setInterval(() => {
    // Who does not read notices nothing, and it would pile up.
    if (!response.writableNeedDrain) response.write(': still here\n\n');
  }, HEARTBEAT_MS);
  const { journal, told } = reading;
  const forget = onRevoked(() => response.destroy());
  response.on('error', () => response.destroy());
  response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' });
  response.flushHeaders();
  try {
    if (cut) await write(response, text('missed', { after: asked }));
    // Piece by piece: a reader who is slow holds a piece, not all of it as text.
    for (let begin = 0; begin < before.length; begin += PIECE) {
      await write(
        response,
        before
          .slice(begin, begin + PIECE)
          .map(entryText)
          .join(''),
      );
    }
    for (let last = after; !response.destroyed;) {
      const { entries, missed } = journal.after(last);
      if (missed) await write(response, text('missed', { after: last }));
      // What was missed is told once: the next reading begins behind the gap.
      const read = entries.at(-1)?.id ?? journal.lastId;
      last = Math.max(last, read);
      await write(
        response,
        entries
          .filter(wanted)
          .map((entry) => entryText(told(entry)))
          .join(''),
      );
      if (entries.length > 0) continue;
      if (!follow) break;
      await changed(response, journal);
    }
  } finally {
    clearInterval(heartbeat);
    forget();
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
