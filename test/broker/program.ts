/** Drives program.mjs: a tree with a bridge in a process of its own. */
import { execFileSync, spawn, type ChildProcessWithoutNullStreams } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { BridgeSettings } from '@espalier/mq-bridge';
import type { TreeSpec } from '@espalier/supervisor';

const PROGRAM = fileURLToPath(new URL('program.mjs', import.meta.url));

interface Line {
  readonly id?: number;
  readonly value?: unknown;
  readonly error?: { readonly code: string; readonly message: string };
  readonly ready?: true;
  readonly down?: number;
  readonly reason?: { readonly tag: string; readonly detail?: unknown };
  readonly output?: string;
}

const ENDED: Line = { error: { code: 'program_ended', message: 'the program has ended' } };

export class Program {
  readonly #child: ChildProcessWithoutNullStreams;
  readonly #answers = new Map<number, (line: Line) => void>();
  readonly #downs = new Map<number, (line: Line) => void>();
  readonly #ready: Promise<void>;
  readonly ended: Promise<void>;
  /** What its tree has printed. */
  output = '';
  #watchers: { readonly pattern: RegExp; readonly resolve: () => void }[] = [];
  #last = 0;
  #hasEnded = false;

  readonly name: string;

  constructor(
    name: string,
    children: TreeSpec['children'],
    bridge: BridgeSettings,
    more: Pick<TreeSpec, 'grants'> = {},
  ) {
    this.name = name;
    const spec: TreeSpec = {
      name,
      ...more,
      children: [
        ...(children ?? []),
        { id: 'bridge', module: '@espalier/mq-bridge/driver', wall: 'process', args: bridge, shutdown: 8000 },
      ],
    };
    // A group of its own, so that a kill -9 takes its cells along as the loss of a machine does.
    this.#child = spawn(process.execPath, [PROGRAM, JSON.stringify(spec)], { detached: true, stdio: 'pipe' });
    this.#child.stderr.on('data', (text: Buffer) => (this.output += text.toString()));
    this.#child.stdin.on('error', () => undefined);
    this.ended = new Promise((resolve) => this.#child.once('exit', () => resolve()));
    void this.ended.then(() => {
      this.#hasEnded = true;
      for (const answer of [...this.#answers.values()]) answer(ENDED);
    });
    let ready: () => void;
    this.#ready = new Promise((resolve) => (ready = resolve));
    createInterface({ input: this.#child.stdout }).on('line', (text) => {
      const line = JSON.parse(text) as Line;
      if (line.ready === true) ready();
      else if (line.output !== undefined) this.#printed(line.output);
      else if (line.down !== undefined) this.#downs.get(line.down)?.(line);
      else if (line.id !== undefined) this.#answers.get(line.id)?.(line);
    });
  }

  async ready(): Promise<this> {
    await Promise.race([this.#ready, this.ended.then(() => Promise.reject(new Error(this.output)))]);
    return this;
  }

  /** Waits as long as it takes on a slow machine, unless it is said how long. */
  call(target: string, operation: string, parameters: readonly unknown[] = [], timeoutMs = 60_000) {
    return this.#ask('call', target, operation, parameters, timeoutMs);
  }

  send(target: string, value: unknown) {
    return this.#ask('send', target, value);
  }

  cast(target: string, operation: string, parameters: readonly unknown[] = []) {
    return this.#ask('cast', target, operation, parameters);
  }

  /** Resolves when it is in force, with what resolves when it fires. */
  async monitor(target: string): Promise<{ readonly down: Promise<Line['reason']> }> {
    const id = this.#last + 1;
    const down = new Promise<Line['reason']>((resolve) => {
      this.#downs.set(id, ({ reason }) => resolve(reason));
    });
    await this.#ask('monitor', target);
    return { down };
  }

  get pid(): number {
    return this.#child.pid as number;
  }

  killChild(path: string) {
    return this.#ask('kill', path);
  }

  grant(path: string, name: string, to: string) {
    return this.#ask('grant', path, name, to);
  }

  revoke(path: string, name: string) {
    return this.#ask('revoke', path, name);
  }

  async stop(): Promise<void> {
    void this.#ask('stop').catch(() => undefined);
    await this.ended;
  }

  /** SIGKILL to all of it. */
  async kill(): Promise<void> {
    try {
      process.kill(-(this.#child.pid as number), 'SIGKILL');
    } catch {
      // It has ended.
    }
    await this.ended;
  }

  /** As a machine that stands still, with its connections. */
  freeze(): void {
    for (const pid of this.#family()) process.kill(pid, 'SIGSTOP');
  }

  thaw(): void {
    for (const pid of this.#family()) process.kill(pid, 'SIGCONT');
  }

  /** Its process, and the cells that it has started: each is in a session of its own. */
  #family(): number[] {
    const family = [this.#child.pid as number];
    const table = execFileSync('ps', ['-A', '-o', 'pid=,ppid='], { encoding: 'utf8' });
    const pairs = table
      .trim()
      .split('\n')
      .map((line) => line.trim().split(/\s+/).map(Number));
    for (const parent of family)
      for (const [pid = 0, ppid] of pairs) if (ppid === parent && !family.includes(pid)) family.push(pid);
    return family;
  }

  /** What all of it has had in memory at most, since it was started. */
  peakMb(): number {
    const peak = (pid: number): number => {
      try {
        return Number(
          /VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${String(pid)}/status`, 'utf8'))?.[1] ?? 0,
        );
      } catch {
        return 0;
      }
    };
    return this.#family().reduce((sum, pid) => sum + peak(pid), 0) / 1024;
  }

  /** Asks until somebody answers: a name that is imported is there as soon as its exporter is known. */
  async reach(target: string, operation: string, parameters: readonly unknown[] = []): Promise<unknown> {
    for (;;) {
      try {
        return await this.call(target, operation, parameters);
      } catch (error) {
        const { code } = error as { readonly code?: string };
        if (code !== 'noproc' && code !== 'down') throw error;
      }
    }
  }

  printed(pattern: RegExp): Promise<void> {
    if (pattern.test(this.output)) return Promise.resolve();
    return new Promise((resolve) => this.#watchers.push({ pattern, resolve }));
  }

  #printed(text: string): void {
    this.output += text;
    for (const { pattern, resolve } of this.#watchers) if (pattern.test(this.output)) resolve();
  }

  async #ask(...command: readonly unknown[]): Promise<unknown> {
    const id = ++this.#last;
    // Whoever asks until somebody answers leaves room for what he waits for.
    if (this.#hasEnded) await sleep(10);
    return await new Promise((resolve, reject) => {
      this.#answers.set(id, ({ value, error }) => {
        this.#answers.delete(id);
        if (error === undefined) resolve(value);
        else reject(Object.assign(new Error(error.message), { code: error.code }));
      });
      if (this.#hasEnded) this.#answers.get(id)?.(ENDED);
      else this.#child.stdin.write(`${JSON.stringify([id, ...command])}\n`);
    });
  }
}
