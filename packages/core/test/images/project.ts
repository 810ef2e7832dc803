/** A throw-away folder with source files, builders that are closed with it, and a guest to run images in. */
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { Worker } from 'node:worker_threads';
import type { Clock } from '../../src/clock.js';
import { ImageBuilder, type ImageBuilderOptions } from '../../src/images/image-builder.js';
import type { Image } from '../../src/images/image.js';

export type Files = Readonly<Record<string, string>>;

export class Project {
  readonly root = realpathSync(mkdtempSync(join(tmpdir(), 'espalier-images-')));
  readonly base = join(this.root, 'project');
  readonly packages = join(this.root, 'packages');
  readonly #builders: ImageBuilder[] = [];

  constructor(files: Files) {
    mkdirSync(this.base);
    this.write(files);
  }

  write(files: Files): void {
    for (const [name, text] of Object.entries(files)) {
      const path = join(this.base, name);
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(path, text);
    }
  }

  path(name: string): string {
    return join(this.base, name);
  }

  builder(options: ImageBuilderOptions = {}): ImageBuilder {
    const builder = new ImageBuilder({ packagesDir: this.packages, ...options });
    this.#builders.push(builder);
    return builder;
  }

  async build(module: string, external: readonly string[] = []): Promise<Image> {
    return this.builder().build({ module, base: this.base, external });
  }

  async end(): Promise<void> {
    await Promise.all(this.#builders.map((builder) => builder.close()));
    makeWritable(this.root);
    rmSync(this.root, { recursive: true, force: true });
  }
}

/** Folders of external packages are read-only, and nobody but root can empty such a folder. */
function makeWritable(folder: string): void {
  chmodSync(folder, 0o755);
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    if (entry.isDirectory()) makeWritable(join(folder, entry.name));
  }
}

/** A clock that stands still until it is told to go on. */
export class HandClock implements Clock {
  #time = 0;
  readonly #timers = new Set<{ at: number; wake: () => void }>();
  now(): number {
    return this.#time;
  }
  after(delayMs: number, wake: () => void): () => void {
    const timer = { at: this.#time + delayMs, wake };
    this.#timers.add(timer);
    return () => this.#timers.delete(timer);
  }
  advance(ms: number): void {
    this.#time += ms;
    for (const timer of [...this.#timers]) {
      if (timer.at > this.#time) continue;
      this.#timers.delete(timer);
      timer.wake();
    }
  }
  get waiting(): number {
    return this.#timers.size;
  }
}

/** Runs `body` with a project and takes everything away afterwards. */
export async function withProject<T>(files: Files, body: (project: Project) => Promise<T>): Promise<T> {
  const project = new Project(files);
  try {
    return await body(project);
  } finally {
    await project.end();
  }
}

export interface GuestReport {
  readonly codeCache: string;
  /** What the module's default export gave, called without arguments. */
  readonly value: unknown;
  /** The stack of what was thrown, if the module or the function threw. */
  readonly stack: string | null;
  readonly printed: string;
}

const GUEST = `
const { parentPort, workerData } = require('node:worker_threads');
import(workerData.evaluator).then(async ({ evaluateImage }) => {
  let codeCache = 'none';
  try {
    const evaluated = evaluateImage(workerData.image, { require });
    codeCache = evaluated.codeCache;
    const main = evaluated.exports.default ?? evaluated.exports;
    parentPort.postMessage({ codeCache, value: await main(), stack: null });
  } catch (error) {
    parentPort.postMessage({ codeCache, value: undefined, stack: String(error.stack) });
  }
});`;

/** Evaluates the image in a thread of its own, as an environment would, and calls its default export. */
export async function runInGuest(image: Image): Promise<GuestReport> {
  const evaluator = new URL('../../dist/images/evaluate-image.js', import.meta.url).href;
  const worker = new Worker(GUEST, { eval: true, env: {}, stderr: true, workerData: { image, evaluator } });
  let printed = '';
  worker.stderr.on('data', (bytes: Buffer) => (printed += bytes.toString()));
  const answer = await new Promise<Omit<GuestReport, 'printed'>>((resolve, reject) => {
    let received: Omit<GuestReport, 'printed'> | null = null;
    worker.once('message', (report: Omit<GuestReport, 'printed'>) => (received = report));
    worker.once('error', reject);
    worker.once('exit', () =>
      received === null ? reject(new Error(`no report: ${printed}`)) : resolve(received),
    );
  });
  return { ...answer, printed };
}

/** What a promise is rejected with. */
export async function rejection(promise: Promise<unknown>): Promise<Record<string, unknown>> {
  try {
    await promise;
  } catch (error) {
    const { code, path, value, remedy, message, cause } = error as Record<string, unknown>;
    return { code, path, value, remedy, message, cause };
  }
  throw new Error('It was not rejected');
}
