/** What a reader of events or of logs is to get: out of the files, then out of the journal, in one order. */
import type { EventEntry, LogLine, LogStream } from '@espalier/supervisor/client';
import type { Entry, Journal } from '../journal.js';
import { isAtOrBelow } from '../logs/line-files.js';
import type { Api } from './api.js';

export interface Reading<T extends Entry> {
  /** Read first. */
  readonly before: readonly T[];
  /** Something that was asked for stands before that, and is not told. */
  readonly cut: boolean;
  readonly journal: Journal<T>;
  /** An entry of the journal, as the reader is to have it. */
  readonly told: (entry: T) => T;
  /** What came after that id was asked for. */
  readonly asked: number;
  /** From after which id the journal is read; it may not keep that any more. */
  readonly after: number;
  readonly wanted: (entry: T) => boolean;
  /** Goes on with what comes; else it ends with what is there. */
  readonly follow: boolean;
}

export interface ReadingQuery {
  readonly path?: string;
  readonly after?: number;
  readonly lines?: number;
  readonly stream?: LogStream;
  readonly follow?: boolean;
  readonly progress?: boolean;
}

export function readingOfEvents(api: Api, { after = 0, follow = false }: ReadingQuery): Reading<EventEntry> {
  const { journal, told } = api.events;
  return { before: [], cut: false, journal, told, asked: after, after, wanted: () => true, follow };
}

export async function readingOfLogs(
  api: Api,
  { path, after: asked = 0, lines = 1000, stream, follow = false, progress = false }: ReadingQuery,
): Promise<Reading<LogLine>> {
  // What comes while the files are read is in the journal: it begins behind what they had.
  const { journal, told } = api.lines;
  const begun = journal.lastId;
  const { lines: before, cut } = await api.readLogs({
    path: path ?? null,
    after: asked,
    lines,
    stream: stream ?? null,
  });
  const after = Math.max(asked, begun, before.at(-1)?.id ?? 0);
  const wanted = (line: LogLine): boolean =>
    (progress || line.progress !== true) &&
    (stream === undefined || line.stream === stream) &&
    (path === undefined || isAtOrBelow(line.path, path));
  return { before, cut: cut && asked > 0, journal, told, asked, after, wanted, follow };
}
