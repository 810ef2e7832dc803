/**
 * Tells systemd, if it has started us, when we are ready and when we stop. Its socket takes datagrams, which Node has
 * not, so `systemd-notify` sends them; the unit therefore says `NotifyAccess=all`.
 */
import { execFile } from 'node:child_process';

export interface ServiceManager {
  /** Resolves when it was told, or cannot be. */
  tell(state: '--ready' | '--stopping'): Promise<void>;
}

/** So long it may take. Milliseconds. */
const PATIENCE_MS = 5000;

/** `say` gets a line if it cannot be told: then systemd will think that we never started. */
export function serviceManager(env: NodeJS.ProcessEnv, say: (line: string) => void): ServiceManager {
  if (!env['NOTIFY_SOCKET']) return { tell: () => Promise.resolve() };
  return {
    tell(state) {
      return new Promise((resolve) => {
        execFile('systemd-notify', [state], { env, timeout: PATIENCE_MS }, (error) => {
          if (error !== null && state === '--ready')
            say(`systemd cannot be told that we are ready: ${error.message.trim()}`);
          resolve();
        });
      });
    },
  };
}
