/** What a reader of events or of logs is to get: out of the files, then out of the journal, in one order. */
import type { EventEntry, LogLine } from '@espalier/supervisor/client';
import type { Entry, Journal } from '../journal.js';
import { isAtOrBelow } from '../logs/log-files.js';
import type { Api } from './api.js';

export interface Reading<T extends Entry> {
  /** Read first. */
  readonly before: readonly T[];
  readonly journal: Journal<T>;
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
  readonly follow?: boolean;
  readonly progress?: boolean;
}

export function readingOfEvents(api: Api, { after = 0, follow = false }: ReadingQuery): Reading<EventEntry> {
  return { before: [], journal: api.events, after, wanted: () => true, follow };
}

export async function readingOfLogs(
  api: Api,
  { path, after = 0, lines = 1000, follow = false, progress = false }: ReadingQuery,
): Promise<Reading<LogLine>> {
  // What comes while the files are read is in the journal: it begins behind what they had.
  const begun = api.lines.lastId;
  const before = await api.readLogs(path ?? null, after, lines);
  const last = Math.max(after, begun, before.at(-1)?.id ?? 0);
  const wanted = (line: LogLine): boolean =>
    (progress || line.progress !== true) && (path === undefined || isAtOrBelow(line.path, path));
  return { before, journal: api.lines, after: last, wanted, follow };
}
