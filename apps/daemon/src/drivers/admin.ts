/** The driver of administration, in a cell of its own: the API on its socket, and the durable state. */
import { setTimeout as pause } from 'node:timers/promises';
import { join } from 'node:path';
import { Address, server, type Context, type Received, type ServerContext } from '@espalier/core';
import { problemOf, socketPath, type EventEntry, type LogLine } from '@espalier/supervisor/client';
import { Api } from '../api/api.js';
import { apiServer } from '../api/server.js';
import { copyJournal } from '../journal-calls.js';
import { Journal } from '../journal.js';
import { History } from '../state/history.js';
import { privateFolder } from '../state/folder.js';
import { startOfProcess, takeLock } from '../state/lock.js';
import { Applies } from '../state/applies.js';
import { Logs } from './logs-client.js';
import { Root } from './root.js';

interface Arguments {
  readonly folder: string;
  /** A spec to start with, in place of the one that was applied last. */
  readonly file: string | null;
  readonly version: string;
}

interface State {
  readonly arguments: Arguments;
  readonly history: History;
  listening: { close(): Promise<void> } | undefined;
  /** Applies the file of the start again. */
  reload: () => void;
}

const EVENTS_KEPT = 10_000;
const LINES_KEPT = 10_000;
const CHARACTERS_KEPT = 16 * 1024 * 1024;
/** For a driver that was left behind by a daemon that was killed: it ends within milliseconds. */
const LOCK_ATTEMPTS = 60;
const LOCK_PAUSE_MS = 30;

export default server({
  async init(given: Arguments): Promise<State> {
    const { folder } = given;
    await privateFolder(folder);
    await takeLock(folder, {
      pid: process.pid,
      startOf: startOfProcess,
      attempts: LOCK_ATTEMPTS,
      pause: () => pause(LOCK_PAUSE_MS),
    });
    return {
      arguments: given,
      history: await History.open(join(folder, 'revisions')),
      listening: undefined,
      reload: () => undefined,
    };
  },

  info(context: ServerContext<State>, item: Received): void {
    if (item.type !== 'message') return;
    const { administration: address, reload } = item.value as { administration?: unknown; reload?: boolean };
    if (reload === true) context.state.reload();
    if (!(address instanceof Address) || context.state.listening !== undefined) return;
    // What fails in there ends this driver, and it is started again.
    void begin(context, new Root(context, address));
  },

  terminate: ({ state }) => state.listening?.close(),
});

async function begin(context: Context & { readonly state: State }, root: Root): Promise<void> {
  const { history, arguments: given } = context.state;
  const events = new Journal<EventEntry>({ entries: EVENTS_KEPT });
  const lines = new Journal<LogLine>({
    entries: LINES_KEPT,
    weight: CHARACTERS_KEPT,
    weigh: ({ text }) => text.length,
  });
  const logs = new Logs(context);
  const applies = new Applies({ history, root, nowMs: () => Date.now() });
  const api = new Api({
    root,
    applies,
    history,
    logs,
    events,
    lines,
    startedAtMs: Date.now(),
    nowMs: () => Date.now(),
    version: given.version,
  });
  void copyJournal((after) => root.eventsAfter(after), events);
  void logs.copyTo(lines);
  context.state.listening = await apiServer(api, socketPath(given.folder), given.version);
  const { file } = given;
  if (file !== null) {
    context.state.reload = () => {
      void applies.reload(file).then((line) => root.say(line));
    };
  }
  try {
    await applies.begin(given.file);
  } catch (error) {
    if (given.file !== null) {
      await root.failed(problemOf(error));
      return;
    }
  }
  await root.ready();
}
