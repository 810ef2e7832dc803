/** Runs the real command as a child process; `onLine` sees what it prints while it runs. */
import { spawn, type ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';

export interface Ended {
  readonly code: number | null;
  readonly signal: string | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  readonly onLine?: (line: string, child: ChildProcess) => void;
  readonly env?: NodeJS.ProcessEnv;
}

export const BIN = fileURLToPath(new URL('../bin/espalier.js', import.meta.url));
/** Far more than any run takes; whoever hangs gets no exit code. */
export const DEADLINE_MS = 60_000;

export function fixture(name: string): string {
  return fileURLToPath(new URL(`./fixtures/${name}`, import.meta.url));
}

export function runCli(args: readonly string[], { onLine, env }: RunOptions = {}): Promise<Ended> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [BIN, ...args], {
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: DEADLINE_MS,
      killSignal: 'SIGKILL',
      env: { ...process.env, ...env },
    });
    const text = { stdout: '', stderr: '' };
    for (const name of ['stdout', 'stderr'] as const) {
      let seen = 0;
      child[name].setEncoding('utf8').on('data', (chunk: string) => {
        text[name] += chunk;
        for (let end = text[name].indexOf('\n', seen); end !== -1; end = text[name].indexOf('\n', seen)) {
          onLine?.(text[name].slice(seen, end), child);
          seen = end + 1;
        }
      });
    }
    child.on('error', reject);
    child.on('close', (code, signal) => resolve({ code, signal, ...text }));
  });
}
