/**
 * The kernel's hold on the loader: a thread that makes images for `spawn`. The kernel itself reads no
 * file and parses no module. Started at the first spawn; it ends when it is closed.
 */
import { Worker } from 'node:worker_threads';
import type { LoadResult } from '../kernel/parts.js';
import type { WallLimits } from '../kernel/wall.js';

export interface LoaderSettings {
  readonly base: string;
  readonly limits: WallLimits;
}

export interface LoadRequest {
  readonly id: number;
  readonly request: Uint8Array;
}

export interface LoadAnswer {
  readonly id: number;
  readonly result: LoadResult;
}

export class LoaderThread {
  readonly #file: string;
  readonly #settings: LoaderSettings;
  readonly #waiting = new Map<number, (result: LoadResult) => void>();
  #worker: Worker | undefined;
  #last = 0;
  #closed = false;

  /** `file`: URL of the compiled loader-thread.js. */
  constructor(file: string, settings: LoaderSettings) {
    this.#file = file;
    this.#settings = settings;
  }

  load(request: Uint8Array): Promise<LoadResult> {
    return new Promise((resolve) => {
      const id = ++this.#last;
      this.#waiting.set(id, resolve);
      this.#thread().postMessage({ id, request } satisfies LoadRequest);
    });
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.#worker?.terminate();
  }

  #thread(): Worker {
    if (this.#worker !== undefined) return this.#worker;
    const worker = new Worker(new URL(this.#file), {
      workerData: this.#settings,
      env: {},
      execArgv: [],
      stdout: true,
      stderr: true,
    });
    worker.unref();
    worker.on('message', ({ id, result }: LoadAnswer) => {
      this.#waiting.get(id)?.(result);
      this.#waiting.delete(id);
    });
    worker.on('error', () => undefined);
    worker.on('exit', () => {
      this.#worker = undefined;
      if (this.#closed) return;
      const waiting = [...this.#waiting.values()];
      this.#waiting.clear();
      for (const resolve of waiting)
        resolve({ ok: false, code: 'start_failed', text: 'the loader has ended; try again' });
    });
    this.#worker = worker;
    return worker;
  }
}
