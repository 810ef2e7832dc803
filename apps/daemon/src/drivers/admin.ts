/** The driver of administration, in a cell of its own: the API on its socket, and the durable state. */
import { setTimeout as pause } from 'node:timers/promises';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { geteuid } from 'node:process';
import { Address, HostError, server, type Context, type Received, type ServerContext } from '@espalier/core';
import { problemOf, socketPath, type EventEntry, type LogLine } from '@espalier/supervisor/client';
import { Audit } from '../access/audit.js';
import { Callers } from '../access/caller.js';
import { Journals } from '../access/journals.js';
import { Tokens } from '../access/tokens.js';
import { View } from '../access/view.js';
import type { ApiParts } from '../api/api.js';
import { ClusterOperations } from '../api/cluster-operations.js';
import { apiServer, type ListeningApi, type ServedApi } from '../api/server.js';
import { copyJournal } from '../journal-calls.js';
import { LineFiles } from '../logs/line-files.js';
import type { ListenOptions } from '../root-process/daemon.js';
import { weightOf } from '../logs/printed-lines.js';
import { ClusterFolder } from '../state/cluster-folder.js';
import { History } from '../state/history.js';
import { privateFolder } from '../state/folder.js';
import { knownFormat } from '../state/format.js';
import { startOfProcess, takeLock } from '../state/lock.js';
import { Applies } from '../state/applies.js';
import { Logs } from './logs-client.js';
import { Root } from './root.js';

interface Arguments {
  readonly folder: string;
  /** A spec to start with, in place of the one that was applied last. */
  readonly file: string | null;
  /** Where the API is served beside the socket. */
  readonly listen: ListenOptions | null;
  readonly version: string;
}

interface State {
  readonly arguments: Arguments;
  readonly history: History;
  readonly tokens: Tokens;
  readonly audit: Audit;
  readonly cluster: ClusterFolder;
  listening: ListeningApi[];
  /** Applies the file of the start again. */
  reload: () => void;
}

const EVENTS_KEPT = 10_000;
const LINES_KEPT = 10_000;
const CHARACTERS_KEPT = 16 * 1024 * 1024;
/** For each node that somebody has a token for. */
const PART_KEPT = 1000;
const PART_CHARACTERS_KEPT = 256 * 1024;
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
    await knownFormat(folder);
    return {
      arguments: given,
      history: await History.open(join(folder, 'revisions')),
      tokens: await Tokens.open(join(folder, 'tokens')),
      audit: new Audit(
        await LineFiles.open(join(folder, 'audit'), privateFolder, { keptUnder: ({ family }) => family }),
        () => Date.now(),
        sayInLog,
      ),
      cluster: await ClusterFolder.open(folder),
      listening: [],
      reload: () => undefined,
    };
  },

  info(context: ServerContext<State>, item: Received): void {
    if (item.type !== 'message') return;
    const { administration: address, reload } = item.value as { administration?: unknown; reload?: boolean };
    if (reload === true) context.state.reload();
    if (!(address instanceof Address) || context.state.listening.length > 0) return;
    // What fails in there ends this driver, and it is started again.
    void begin(context, new Root(context, address));
  },

  async terminate({ state }) {
    await Promise.all(state.listening.map((listening) => listening.close()));
  },
});

/** The root passes it on. */
function sayInLog(line: string): void {
  console.error(`espalierd: ${line}`);
}

async function begin(context: Context & { readonly state: State }, root: Root): Promise<void> {
  const { state } = context;
  const { history, tokens, audit, arguments: given } = state;
  const events = new Journals<EventEntry>({
    limits: { entries: EVENTS_KEPT },
    partLimits: { entries: PART_KEPT },
    told: (entry, view) => view.event(entry),
  });
  const lines = new Journals<LogLine>({
    limits: { entries: LINES_KEPT, weight: CHARACTERS_KEPT, weigh: weightOf },
    partLimits: { entries: PART_KEPT, weight: PART_CHARACTERS_KEPT, weigh: weightOf },
    told: (line, view) => view.entry(line),
  });
  const logs = new Logs(context);
  const nowMs = (): number => Date.now();
  const applies = new Applies({ history, root, nowMs });
  const callers = new Callers(tokens, geteuid?.());
  const onChange = (revoked: readonly string[]): void => {
    callers.revoked(revoked);
    const views = tokens.all.map(({ path }) => new View(path));
    events.keep(views);
    lines.keep(views);
  };
  onChange([]);
  const parts: ApiParts = {
    root,
    applies,
    history,
    logs,
    events,
    lines,
    startedAtMs: Date.now(),
    nowMs,
    version: given.version,
  };
  void copyJournal((after) => root.eventsAfter(after), events);
  void logs.copyTo(lines);
  const access = { tokens, audit, onChange, nowMs };
  const cluster = new ClusterOperations(state.cluster, root);
  const served = { parts, access, cluster, callers, version: given.version };
  state.listening.push(await apiServer(served, { socket: socketPath(given.folder) }));
  const port = given.listen === null ? null : await listenBeside(state, served, given.listen, root);
  const { file } = given;
  if (file !== null) {
    state.reload = () => {
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
  await root.ready(port);
}

/** Resolves with the port; null if that is not to be: the root is told, and knows whether it can go on without. */
async function listenBeside(
  state: State,
  served: ServedApi,
  { host, port, certificate, key }: ListenOptions,
  root: Root,
): Promise<number | null> {
  try {
    const pem = { cert: await readFile(certificate, 'utf8'), key: await readFile(key, 'utf8') };
    const listening = await apiServer(served, { host, port, ...pem });
    state.listening.push(listening);
    return listening.port;
  } catch (error) {
    const { message } = error as Error;
    const facts = { field: 'listen', value: `${host}:${port}`, cause: error };
    await root.failed(problemOf(new HostError('listen_failed', `${host}:${port}: ${message}`, facts)));
    return null;
  }
}
