/** What all commands that talk to a daemon have in common: where it is, how they print, and how they fail. */
import { readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { CallError, EspalierError } from '@espalier/core';
import { AdminClient, daemonFolder, SocketConnection, type Connection } from '@espalier/supervisor/client';
import type { Command } from 'commander';
import { errorReport, errorText } from '../error-text.js';
import { problemText } from '../problem-text.js';
import { Terminal } from './terminal.js';

export interface RemoteOptions {
  readonly json: boolean;
  readonly folder?: string;
  readonly url?: string;
  readonly ca?: string;
}

export interface Remote {
  readonly client: AdminClient;
  readonly terminal: Terminal;
  /** Its folder, or its address. */
  readonly place: string;
}

export function remoteOptions(command: Command): Command {
  return command
    .option('--json', 'JSON in place of text for people', false)
    .option('--folder <folder>', 'the folder of the daemon (ESPALIER_FOLDER, ~/.local/state/espalier)')
    .option('--url <url>', 'the daemon of another machine (ESPALIER_URL), with the token in ESPALIER_TOKEN')
    .option('--ca <file>', 'certificates in PEM that are trusted for it (ESPALIER_CA)');
}

/**
 * Runs it and gives the exit code: 1 for an error, of which the spec, if it is about one, stands in `file`.
 * `what`: what is waited for, if that takes its time.
 */
export async function withDaemon(
  what: string,
  options: RemoteOptions,
  run: (remote: Remote) => Promise<number | undefined>,
  file = what,
): Promise<number> {
  const { json } = options;
  const terminal = new Terminal(json);
  try {
    const { place, daemon } = daemonOf(options);
    const connection = waitedFor(new SocketConnection(daemon), terminal, what);
    return (await run({ client: new AdminClient({ connection }), terminal, place })) ?? 0;
  } catch (error) {
    if (!isOurs(error)) throw error;
    process.stderr.write(`${json ? problemText(error) : errorText(errorReport(error, file))}\n`);
    return 1;
  }
}

type Daemon = ConstructorParameters<typeof SocketConnection>[0];

/** A folder that is given counts before a URL of the environment. The token is in no list of processes. */
function daemonOf({ folder: given, url: asked, ca }: RemoteOptions): { place: string; daemon: Daemon } {
  const { env } = process;
  const url = asked ?? (given === undefined ? env['ESPALIER_URL'] : undefined);
  if (!url) {
    const folder = daemonFolder({ folder: given, env, home: homedir() });
    return { place: folder, daemon: { folder } };
  }
  const token = env['ESPALIER_TOKEN'];
  if (!URL.canParse(url) || !url.startsWith('https://')) {
    const facts = { field: 'url', value: url, remedy: 'Write it as https://host:port.' };
    throw new CallError('request_malformed', `'${url}' is no URL of a daemon`, facts);
  }
  if (!token) {
    const remedy = 'Set ESPALIER_TOKEN to the token that `espalier token` has made there.';
    throw new CallError('request_malformed', `${url} takes a token, and there is none`, { remedy });
  }
  const file = ca ?? env['ESPALIER_CA'];
  return { place: url, daemon: { url, token, ...(file ? { ca: certificates(file) } : {}) } };
}

function certificates(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (cause) {
    const facts = { field: 'ca', value: file, cause, remedy: 'Give a file with certificates in PEM.' };
    throw new CallError('request_malformed', `${file} cannot be read`, facts);
  }
}

function waitedFor(connection: Connection, terminal: Terminal, what: string): Connection {
  return {
    ask: (request) => terminal.during(what, connection.ask(request)),
    read: (request) => connection.read(request),
  };
}

function isOurs(error: unknown): error is EspalierError {
  return error instanceof EspalierError;
}
