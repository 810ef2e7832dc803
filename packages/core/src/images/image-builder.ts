/**
 * Turns what a spec calls a module into an image: from the cache when nothing has changed, else through
 * the build thread. The thread that asks only reads and hashes files, in small slices; it never bundles.
 *
 * Invariants: the same question asked again while it is being answered is not answered twice; after
 * `close` no thread and no process of the builder is left; an image handed out was checked by hash.
 */
import { realpathSync } from 'node:fs';
import { createRequire } from 'node:module';
import { homedir } from 'node:os';
import { isAbsolute, join } from 'node:path';
import type { Clock } from '../clock.js';
import { EnvironmentError, HostError } from '../errors.js';
import { nodeClock } from '../threads/node-clock.js';
import type { BuildJob } from './build-job.js';
import { BuildThread } from './build-thread-handle.js';
import { cacheKey, privateTemporaryFolder, readCached } from './cache.js';
import type { Image } from './image.js';
import { locateModule } from './module-location.js';

export interface ImageRequest {
  /** A path (`./front.ts`), a file: URL or a package specifier. */
  readonly module: string;
  /** Absolute folder that relative paths and package specifiers are taken from. */
  readonly base: string;
  /** Packages that are not to be bundled, since they look for files beside their own. Default: none. */
  readonly external?: readonly string[];
}

/** Who gives images: a builder, or somebody who has one elsewhere. */
export type ImageMaker = Pick<ImageBuilder, 'build'>;

export interface ImageBuilderOptions {
  /**
   * Where images and packages go that find no better place. Default: a folder of this user's own in the
   * system's temporary one.
   */
  readonly fallbackDir?: string;
  /** Default: the process's clock. */
  readonly clock?: Clock;
  /** Default: `.espalier/cache/images` below the base folder; `fallbackDir` where that cannot be written. */
  readonly cacheDir?: string;
  /**
   * Where packages go that cannot be bundled. No folder above it may have a node_modules. Default: below
   * the cache, else `.cache/espalier/packages` in the home folder, else `fallbackDir`.
   */
  readonly packagesDir?: string;
  /** After how long without work the build thread ends. Default: 10 s. */
  readonly idleMs?: number;
  /** Environment variables of the build thread and the bundler. Default: none. */
  readonly env?: Readonly<Record<string, string>>;
}

export interface ImageBuilderStatistics {
  readonly requests: number;
  /** Answered together with the same request that was already under way. */
  readonly shared: number;
  readonly fromCache: number;
  /** Given to the bundler, whatever came of it. */
  readonly bundled: number;
  readonly threadsStarted: number;
}

const IDLE_MS = 10_000;
const CLOSE_MS = 2_000;

export class ImageBuilder {
  readonly #options: ImageBuilderOptions;
  readonly #thread: BuildThread;
  /** By what was asked, in its words and by the key of what they mean. */
  readonly #pending = new Map<string, Promise<Image>>();
  readonly #counts = { requests: 0, shared: 0, fromCache: 0, bundled: 0 };
  #bundlerVersion: string | null = null;
  #closed = false;

  constructor(options: ImageBuilderOptions = {}) {
    this.#options = options;
    this.#thread = new BuildThread({
      clock: options.clock ?? nodeClock(),
      idleMs: options.idleMs ?? IDLE_MS,
      closeMs: CLOSE_MS,
      env: options.env ?? {},
    });
  }

  get statistics(): ImageBuilderStatistics {
    return { ...this.#counts, threadsStarted: this.#thread.started };
  }

  /**
   * The image of a module. Asking again is cheap as long as no file that went into it has changed: no
   * thread is started and nothing is compiled.
   *
   * @throws EnvironmentError `module_missing` when the module, or something it imports, cannot be found;
   *   `module_unfit` when it cannot be built (`path` has file, line and column); HostError `host_unfit`
   *   when the bundler does not run; `host_stopped` after `close`.
   */
  async build(request: ImageRequest): Promise<Image> {
    this.#refuseClosed();
    this.#counts.requests++;
    // A spec with hundreds of environments of one module: what is asked in the same words does not even look for it.
    const { module, base, external = [] } = request;
    return this.#once(JSON.stringify([module, base, external]), () => {
      const job = this.#job(request);
      return this.#once(job.key, () => this.#answer(job));
    });
  }

  /** Ends what the builder has started. Builds under way reject with `host_stopped`. */
  async close(): Promise<void> {
    this.#closed = true;
    await this.#thread.close();
  }

  async #answer(job: BuildJob): Promise<Image> {
    const cached = await readCached(job.caches, job.key);
    this.#refuseClosed();
    if (cached !== null) {
      this.#counts.fromCache++;
      return cached;
    }
    this.#counts.bundled++;
    return this.#thread.run(job);
  }

  #once(question: string, answer: () => Promise<Image>): Promise<Image> {
    const pending = this.#pending.get(question);
    if (pending !== undefined) {
      this.#counts.shared++;
      return pending;
    }
    const answered = answer().finally(() => this.#pending.delete(question));
    this.#pending.set(question, answered);
    return answered;
  }

  #job(request: ImageRequest): BuildJob {
    const base = realBase(request);
    const asked = {
      location: locateModule(request.module, base),
      base,
      external: [...new Set(request.external ?? [])].sort(),
    };
    const temporary = this.#options.fallbackDir ?? privateTemporaryFolder();
    const own = this.#options.cacheDir ?? join(base, '.espalier', 'cache', 'images');
    const caches = temporary === null ? [own] : [own, join(temporary, 'images')];
    const folders =
      this.#options.packagesDir === undefined
        ? [join(own, 'packages'), ...packagesOfUser()]
        : [this.#options.packagesDir];
    if (temporary !== null) folders.push(join(temporary, 'packages'));
    return { ...asked, key: cacheKey(asked, this.#version()), caches, folders };
  }

  #version(): string {
    try {
      const read = createRequire(import.meta.url);
      this.#bundlerVersion ??= (read('esbuild/package.json') as { version: string }).version;
      return this.#bundlerVersion;
    } catch (cause) {
      throw new HostError('host_unfit', 'Images cannot be built here: esbuild is not installed', { cause });
    }
  }

  #refuseClosed(): void {
    if (this.#closed) throw new HostError('host_stopped', 'The image builder has been closed');
  }
}

/** None of a user whom the system does not know, as in many containers. */
function packagesOfUser(): readonly string[] {
  try {
    // In a cell, the home of the process is not the one that was given.
    return [join(process.env['HOME'] || homedir(), '.cache', 'espalier', 'packages')];
  } catch {
    return [];
  }
}

/** Links in the way to the base folder are resolved once, so that paths below it compare. */
function realBase({ base, module }: ImageRequest): string {
  try {
    if (isAbsolute(base)) return realpathSync(base);
  } catch {
    // Said below.
  }
  throw new EnvironmentError('module_missing', `There is no folder ${base} to find ${module} from`, {
    field: 'base',
    value: base,
    path: base,
    remedy: 'Give the absolute path of an existing folder.',
  });
}
