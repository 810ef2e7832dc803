/**
 * The builder's end of the build thread: started when there is a job, kept warm for a while, ended when
 * idle or told to. While it works it keeps the process alive, as any pending work does; idle it does not.
 *
 *   none ──job──► busy ──last answer──► idle ──idleMs──► closing ──exit──► none
 *                   ▲──────job───────────┘
 */
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import type { Clock } from '../clock.js';
import { EnvironmentError, HostError } from '../errors.js';
import {
  bundlerBroken,
  type BuildFault,
  type BuildJob,
  type FromBuildThread,
  type ToBuildThread,
} from './build-job.js';
import type { Image } from './image.js';

/** How much of what the thread prints is kept, to show when it ends by itself. */
const KEPT_OUTPUT = 4_000;

interface Waiting {
  readonly resolve: (image: Image) => void;
  readonly reject: (error: Error) => void;
}

/** One started thread. */
class Running {
  readonly worker: Worker;
  readonly exited: Promise<unknown>;
  readonly waiting = new Map<number, Waiting>();
  #ending = false;

  constructor(env: Readonly<Record<string, string>>) {
    this.worker = new Worker(new URL('./build-thread.js', import.meta.url), {
      name: 'espalier-build',
      env: { ...env },
      execArgv: [],
      stdout: true,
      stderr: true,
    });
    this.worker.unref();
    this.worker.on('message', (message: FromBuildThread) => this.#answered(message));
    this.worker.on('error', (error) => this.#died(String(error)));
    this.exited = once(this.worker, 'exit').catch(() => undefined);
    void this.exited.then(() => this.#died('The build thread ended'));
  }

  ask(id: number, job: BuildJob): Promise<Image> {
    return new Promise((resolve, reject) => {
      this.waiting.set(id, { resolve, reject });
      this.worker.ref();
      this.tell({ kind: 'build', id, job });
    });
  }

  tell(message: ToBuildThread): void {
    this.worker.postMessage(message);
  }

  end(): void {
    this.#ending = true;
    this.tell({ kind: 'close' });
  }

  fail(error: Error): void {
    for (const { reject } of this.waiting.values()) reject(error);
    this.waiting.clear();
  }

  #died(cause: string): void {
    if (this.waiting.size > 0) this.fail(broken(bundlerBroken(`${cause}\n${this.#printed()}`)));
  }

  /** Read only now: a stream of a worker that is being read keeps the process alive. */
  #printed(): string {
    const chunks = [this.worker.stdout, this.worker.stderr].map((stream) => stream.read() as Buffer | null);
    return chunks.map((chunk) => chunk?.toString().slice(-KEPT_OUTPUT) ?? '').join('');
  }

  #answered(message: FromBuildThread): void {
    const waiting = this.waiting.get(message.id);
    this.waiting.delete(message.id);
    if (this.waiting.size === 0 && !this.#ending) this.worker.unref();
    if (message.kind === 'built') return waiting?.resolve(message.image);
    if (message.kind === 'broken') return waiting?.reject(broken(message.fault));
    const { code, message: text, ...facts } = message.failure;
    waiting?.reject(new EnvironmentError(code, text, { field: 'module', ...facts }));
  }
}

function broken({ message, cause, ...facts }: BuildFault): HostError {
  return new HostError('host_unfit', message, { ...facts, cause });
}

export interface BuildThreadOptions {
  readonly clock: Clock;
  readonly idleMs: number;
  /** A thread that does not end within this time after it was told to is terminated. */
  readonly closeMs: number;
  readonly env: Readonly<Record<string, string>>;
}

export class BuildThread {
  readonly #options: BuildThreadOptions;
  #running: Running | null = null;
  #cancelIdle: (() => void) | null = null;
  readonly #closing = new Map<Running, Promise<void>>();
  #ids = 0;
  /** Threads started so far. */
  started = 0;

  constructor(options: BuildThreadOptions) {
    this.#options = options;
  }

  /** @throws EnvironmentError `module_missing`, `module_unfit`; HostError `host_unfit`, `host_stopped` */
  async run(job: BuildJob): Promise<Image> {
    this.#cancelIdle?.();
    this.#cancelIdle = null;
    const running = (this.#running ??= this.#start());
    try {
      return await running.ask(++this.#ids, job);
    } finally {
      if (running === this.#running && running.waiting.size === 0) this.#rest();
    }
  }

  /** Ends the thread and the bundler's process; builds under way are rejected. Resolves when both are gone. */
  async close(): Promise<void> {
    this.#end();
    for (const { worker } of this.#closing.keys()) worker.ref(); // Somebody waits for the end.
    await Promise.all(this.#closing.values());
  }

  #start(): Running {
    this.started++;
    const running = new Running(this.#options.env);
    void running.exited.then(() => {
      if (this.#running === running) this.#running = null;
    });
    return running;
  }

  #rest(): void {
    this.#cancelIdle?.();
    this.#cancelIdle = this.#options.clock.after(this.#options.idleMs, () => this.#end());
  }

  #end(): void {
    this.#cancelIdle?.();
    this.#cancelIdle = null;
    const running = this.#running;
    if (running === null) return;
    this.#running = null;
    running.fail(new HostError('host_stopped', 'The image builder was closed while it built the module'));
    running.end();
    const cancel = this.#options.clock.after(this.#options.closeMs, () => void running.worker.terminate());
    const ended = running.exited.then(() => {
      cancel();
      this.#closing.delete(running);
    });
    this.#closing.set(running, ended);
  }
}
