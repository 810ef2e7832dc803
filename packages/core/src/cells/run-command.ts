/** Runs a command of the system to its end, and leaves nothing of it behind. */
import { spawn } from 'node:child_process';

export interface CommandResult {
  readonly ok: boolean;
  /** The first line of its standard error, or what kept it from running. */
  readonly said: string;
}

export type RunCommand = (argv: readonly string[]) => Promise<CommandResult>;

export const WITHIN_MS = 3_000;
export const MOST_SAID = 300;
export const NO_ANSWER = `no answer within ${WITHIN_MS} ms`;

export const runCommand: RunCommand = (argv) =>
  new Promise((resolve) => {
    const [command = '', ...rest] = argv;
    const child = spawn(command, rest, { env: {}, detached: true, stdio: ['ignore', 'ignore', 'pipe'] });
    let said = '';
    let late = false;
    const timer = setTimeout(() => {
      late = true;
      killGroup(child.pid);
    }, WITHIN_MS);
    child.stderr.on('data', (chunk: Buffer) => {
      said = (said + chunk.toString()).slice(0, MOST_SAID);
    });
    const end = (ok: boolean, otherwise: string): void => {
      clearTimeout(timer);
      killGroup(child.pid);
      // What it said last is read in this turn or the next; a child of it may hold the other end for ever.
      setImmediate(() => {
        setImmediate(() => {
          child.stderr.destroy();
          const text = said === '' ? otherwise : said;
          resolve({ ok, said: late ? NO_ANSWER : (text.split('\n')[0] ?? '') });
        });
      });
    };
    child.once('error', (error) => end(false, error.message));
    child.once('exit', (code, signal) =>
      end(code === 0, code === 0 ? '' : `it ended with ${signal ?? `exit code ${code}`}`),
    );
  });

/** Kills every process of the group that this one has founded; nothing if there is none. */
export function killGroup(leader: number | undefined): void {
  if (leader === undefined) return;
  try {
    process.kill(-leader, 'SIGKILL');
  } catch {
    // Nobody is left of it.
  }
}
