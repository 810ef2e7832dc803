/** Where a daemon keeps what is its own: the folder that its commands find it by. */
import { join, resolve } from 'node:path';

export interface FolderOptions {
  /** As given on a command line. */
  readonly folder?: string | undefined;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly home: string;
}

/** `folder`, else `ESPALIER_FOLDER`, else `espalier` in the user's folder of state (XDG_STATE_HOME, `~/.local/state`). */
export function daemonFolder({ folder, env, home }: FolderOptions): string {
  const given = folder ?? env['ESPALIER_FOLDER'];
  if (given !== undefined && given !== '') return resolve(given);
  return join(env['XDG_STATE_HOME'] || join(home, '.local', 'state'), 'espalier');
}

export function socketPath(folder: string): string {
  return join(folder, 'api.sock');
}
