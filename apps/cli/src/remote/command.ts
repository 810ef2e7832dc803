/** What all commands that talk to a daemon have in common: where it is, how they print, and how they fail. */
import { homedir } from 'node:os';
import { EspalierError, SpecError } from '@espalier/core';
import { AdminClient, daemonFolder, SocketConnection, type Connection } from '@espalier/supervisor/client';
import type { Command } from 'commander';
import { errorReport, errorText } from '../error-text.js';
import { problemText } from '../problem-text.js';
import { reasonText } from '../reason-text.js';
import { Terminal } from './terminal.js';

export interface RemoteOptions {
  readonly json: boolean;
  readonly folder?: string;
}

export interface Remote {
  readonly client: AdminClient;
  readonly terminal: Terminal;
  readonly folder: string;
}

export function remoteOptions(command: Command): Command {
  return command
    .option('--json', 'JSON in place of text for people', false)
    .option('--folder <folder>', 'the folder of the daemon (ESPALIER_FOLDER, ~/.local/state/espalier)');
}

/**
 * Runs it and gives the exit code: 1 for an error, told in one line; the problems of a spec, from `file`, one by one.
 * `what`: what is waited for, if that takes its time.
 */
export async function withDaemon(
  what: string,
  { json, folder: given }: RemoteOptions,
  run: (remote: Remote) => Promise<number | undefined>,
  file = what,
): Promise<number> {
  const folder = daemonFolder({ folder: given, env: process.env, home: homedir() });
  const terminal = new Terminal(json);
  const connection = waitedFor(new SocketConnection({ folder }), terminal, what);
  try {
    return (await run({ client: new AdminClient({ connection }), terminal, folder })) ?? 0;
  } catch (error) {
    if (!isOurs(error)) throw error;
    process.stderr.write(`${json ? problemText(error) : oneLine(error, file)}\n`);
    return 1;
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

function oneLine(error: EspalierError, file: string): string {
  if (error instanceof SpecError && error.problems.length > 0) return errorText(errorReport(error, file));
  const reason = error.reason === undefined ? '' : `: ${reasonText(error.reason)}`;
  return `espalier: ${error.message}${reason} (${error.code}). ${error.remedy}`;
}
