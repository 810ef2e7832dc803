/**
 * A daemon inside a process of somebody else, for a tree in the foreground: the same operations on the same tree,
 * without socket, files and drivers. What it knows is gone with it.
 */
import type { Connection, EventEntry, LogLine } from '@espalier/supervisor/client';
import { Api } from '../api/api.js';
import type { KeptLine, LogQuery } from '../drivers/logs-client.js';
import type { Root } from '../drivers/root.js';
import { Journals } from '../access/journals.js';
import { View } from '../access/view.js';
import { ViewIds } from '../access/view-ids.js';
import { isAtOrBelow } from '../logs/line-files.js';
import type { Entry, JournalLimits } from '../journal.js';
import { PrintedLines, weightOf } from '../logs/printed-lines.js';
import { operationsOn } from '../root-process/administration.js';
import { eventEntry } from '../root-process/event-entry.js';
import { TreeKeeper } from '../root-process/tree-keeper.js';
import { Applies } from '../state/applies.js';
import { version } from '../version.js';
import { LocalConnection } from './local-connection.js';
import { RevisionsInMemory } from './revisions-in-memory.js';

export interface LocalDaemonOptions {
  readonly nowMs: () => number;
  /** One line about what is not as it should be; no line break. */
  readonly say: (line: string) => void;
}

export interface LocalDaemon {
  /** For `new AdminClient({ connection })`. */
  readonly connection: Connection;
  /** Stops the tree, then ends every stream. Resolves with the paths of threads that could not be ended. */
  stop(): Promise<readonly string[]>;
}

const EVENTS_KEPT = 10_000;
/** One piece of output may be that many lines. */
const LINES_KEPT = 100_000;
const CHARACTERS_KEPT = 16 * 1024 * 1024;

export function startLocalDaemon({ nowMs, say }: LocalDaemonOptions): LocalDaemon {
  const eventIds = new ViewIds();
  const events = journals<EventEntry>({ entries: EVENTS_KEPT });
  const lines = journals<LogLine>({
    entries: LINES_KEPT,
    weight: CHARACTERS_KEPT,
    weigh: weightOf,
  });
  const printed = new PrintedLines(new ViewIds(), (line) => {
    lines.append(line);
  });
  const keeper = new TreeKeeper({
    onEvent: (event) => {
      events.append(eventEntry(event, eventIds, nowMs()));
    },
    onOutput: (path, stream, text, dropped) => {
      printed.take({ atMs: nowMs(), path, stream, text });
      if (dropped > 0) say(`${path} printed faster than it may: ${dropped} characters are left out`);
    },
    onLog: (path, record) => {
      printed.take({ atMs: nowMs(), path, stream: 'log', text: JSON.stringify(record) });
    },
    onWarning: say,
  });
  const operations = operationsOn(keeper) as unknown as Record<string, (...given: unknown[]) => unknown>;
  const root = {
    ask: async (operation: string, ...given: unknown[]) => operations[operation]?.(...given),
  } as Pick<Root, 'ask'>;
  const history = new RevisionsInMemory();
  const applies = new Applies({ history, root, nowMs });
  void applies.begin(null);
  const logs = {
    read: ({ path, after, lines: most, stream }: LogQuery) => {
      const wanted = (line: LogLine): boolean =>
        line.progress !== true &&
        (stream === null || line.stream === stream) &&
        (path === null || isAtOrBelow(line.path, path));
      const found = lines.all.last(most, (line) => line.id > after && wanted(line));
      return Promise.resolve({ lines: found as readonly KeptLine[], cut: false });
    },
  };
  const startedAtMs = nowMs();
  const parts = { root, applies, history, logs, events, lines };
  const api = new Api({ ...parts, startedAtMs, nowMs, version: version() }, new View(null));
  return {
    connection: new LocalConnection(api),
    async stop() {
      const stuck = await keeper.close();
      printed.end();
      lines.all.end();
      events.all.end();
      return stuck;
    },
  };
}

/** Whoever asks is in this process, and sees all. */
function journals<T extends Entry>(limits: JournalLimits<T>): Journals<T> {
  return new Journals<T>({
    limits,
    partLimits: limits,
    told: ({ own: _own, ...entry }) => entry as unknown as T,
  });
}
