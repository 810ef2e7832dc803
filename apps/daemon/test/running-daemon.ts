/** The real `espalierd` as a child process, in a folder of its own, and a client of it. */
import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { AdminClient } from '@espalier/supervisor/client';

const BIN = fileURLToPath(new URL('../bin/espalierd.js', import.meta.url));
export const FIXTURES = new URL('./fixtures/', import.meta.url);

export interface Ended {
  readonly code: number | null;
  readonly signal: string | null;
  readonly said: string;
}

/** Short, as the name of a socket must be. */
export function freshFolder(): string {
  return join(mkdtempSync(join(tmpdir(), 'esp-')), 'd');
}

export function removeFolder(folder: string): void {
  rmSync(join(folder, '..'), { recursive: true, force: true });
}

export class RunningDaemon {
  readonly folder: string;
  readonly client: AdminClient;
  readonly ended: Promise<Ended>;
  readonly #child: ChildProcess;
  #said = '';
  #heard: () => void = () => undefined;

  /** Resolves when it listens; rejects with what it said if it ends before. */
  static async start(
    folder: string,
    args: readonly string[] = [],
    env: NodeJS.ProcessEnv = {},
  ): Promise<RunningDaemon> {
    const daemon = new RunningDaemon(folder, args, env);
    const listening = daemon.says('listens at');
    const early = daemon.ended.then(({ said }) => Promise.reject(new Error(said)));
    await Promise.race([listening, early]);
    early.catch(() => undefined);
    return daemon;
  }

  /** `as`: a user of the machine, by default the one who runs the tests; and a working folder. */
  constructor(
    folder: string,
    args: readonly string[] = [],
    env: NodeJS.ProcessEnv = {},
    as: { readonly uid?: number; readonly gid?: number; readonly cwd?: string } = {},
  ) {
    this.folder = folder;
    this.client = new AdminClient({ folder });
    this.#child = spawn(process.execPath, [BIN, '--folder', folder, ...args], {
      stdio: ['ignore', 'ignore', 'pipe'],
      env: { ...process.env, ...env },
      ...as,
    });
    this.#child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.#said += text;
      this.#heard();
    });
    this.ended = new Promise((resolve) => {
      this.#child.on('close', (code, signal) => resolve({ code, signal, said: this.#said }));
    });
  }

  /** Resolves when it has said that so many times. */
  says(text: string, times = 1): Promise<void> {
    return new Promise((resolve) => {
      this.#heard = () => {
        if (this.#said.split(text).length > times) resolve();
      };
      this.#heard();
    });
  }

  /** Where it listens with TLS. */
  get port(): number {
    return Number(/at port (\d+) with TLS/.exec(this.#said)?.[1]);
  }

  /** The process of the driver of administration: it stands in the lock. */
  get driverPid(): number {
    const name = readdirSync(this.folder).find((file) => file.startsWith('lock.')) ?? '';
    return Number(readFileSync(join(this.folder, name), 'utf8').split(' ')[0]);
  }

  /** The process of a driver, once it is there; on Linux. */
  async driver(name: 'admin' | 'images' | 'logs'): Promise<number> {
    for (;;) {
      const found = readdirSync('/proc').find((pid) => {
        return parentOf(pid) === this.#child.pid && titleOf(pid) === `espalierd/${name}`;
      });
      if (found !== undefined) return Number(found);
      await new Promise((resolve) => setImmediate(resolve));
    }
  }

  /** How often its driver of administration has come to listen. */
  get lives(): number {
    return this.#said.split('listens at').length - 1;
  }

  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  kill(signal: NodeJS.Signals): Promise<Ended> {
    this.#child.kill(signal);
    return this.ended;
  }
}

/** Undefined of what is no process, or has just ended. */
function parentOf(pid: string): number | undefined {
  try {
    const status = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return Number(status.slice(status.lastIndexOf(')') + 2).split(' ')[1]);
  } catch {
    return undefined;
  }
}

function titleOf(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0')[0] ?? '';
  } catch {
    return '';
  }
}

/** A tree of one counter, and what else is said of it. */
export function specWith(args: unknown, more: readonly object[] = []): string {
  return JSON.stringify({
    name: 'shop',
    intensity: 100,
    children: [{ id: 'counter', module: './counter.ts', args }, ...more],
  });
}
