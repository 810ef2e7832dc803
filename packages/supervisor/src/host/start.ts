/** Starts a tree in a host of its own: `const host = await start(spec, { embedded: true })`. */
import { dirname, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { SpecError } from '@espalier/core';
import { ImageBuilder } from '@espalier/core/internal/host.js';
import { DEFAULTS, loadSpec, normaliseSpec, type NormalisedTree, type TreeSpec } from '../spec/index.js';
import type { TreeEvent } from './events.js';
import { Host } from './host.js';
import { KernelThread } from './kernel-thread-handle.js';
import { prepareSupervisor } from './prepare-tree.js';

export interface StartOptions {
  /**
   * Guests run as threads in the application's own process. The only way for now, and what is lost by
   * it: some ways of exhausting memory abort the whole process (see docs/architecture.md).
   */
  readonly embedded: true;
  /** Folder that relative modules of a spec object are taken from; the working directory by default. */
  readonly base?: string | URL;
  /** Warm spares: threads that wait ready. 1 for each limit class in use, 4 in all; 0 turns them off. */
  readonly spares?: { readonly perClass?: number; readonly total?: number };
  /** Gets every event from the first on, in order. */
  readonly onEvent?: (event: TreeEvent) => void;
  /** What environments print; by default it goes to the application's own streams. */
  readonly onOutput?: (path: string, stream: 'stdout' | 'stderr', text: string, dropped: number) => void;
  /** Something is not as it should be, but the tree runs; printed to stderr by default. */
  readonly onWarning?: (problem: string) => void;
}

/**
 * Starts a tree from a spec object or the path of a spec file. Resolves when every node runs.
 *
 * @throws SpecError `spec_unreadable`, `spec_invalid`, `spec_not_built`: nothing was started.
 * @throws EnvironmentError `module_missing`, `module_unfit`, `start_failed`: nothing runs any more.
 * @throws HostError `kernel_fault`.
 */
export async function start(spec: TreeSpec | string, options: StartOptions): Promise<Host> {
  if ((options as { embedded?: unknown } | undefined)?.embedded !== true) {
    throw new SpecError('spec_not_built', 'guests in a cell of their own are not built yet', [
      {
        path: 'options.embedded',
        value: undefined,
        problem: 'must be true',
        remedy: 'Write start(spec, { embedded: true }).',
      },
    ]);
  }
  if (typeof spec === 'string') return startTree(await loadSpec(spec), options, dirname(resolve(spec)));
  const base = folderUrl(options.base);
  return startTree(normaliseSpec(spec, { base }), options, fileURLToPath(base));
}

/** A folder given as a path, a `file:` URL or its text; the working directory without one. */
function folderUrl(base: string | URL | undefined): URL {
  if (base instanceof URL) return base;
  if (base?.startsWith('file:') === true) return new URL(base);
  return pathToFileURL(`${resolve(base ?? '.')}/`);
}

async function startTree(tree: NormalisedTree, options: StartOptions, spawnBase: string): Promise<Host> {
  const builder = new ImageBuilder();
  try {
    const spec = await prepareSupervisor(tree.root, '', builder);
    const kernel = new KernelThread({
      spares: { perClass: options.spares?.perClass ?? 1, total: options.spares?.total ?? 4 },
      spawnBase,
      spawnLimits: DEFAULTS.limits,
      output: options.onOutput ?? print,
      warning: options.onWarning ?? warn,
    });
    if (options.onEvent !== undefined) kernel.onEvent(options.onEvent);
    try {
      await kernel.start(tree.name, spec);
    } catch (error) {
      await kernel.stop();
      throw error;
    }
    return new Host(kernel);
  } finally {
    await builder.close();
  }
}

function print(_path: string, stream: 'stdout' | 'stderr', text: string): void {
  process[stream].write(text);
}

function warn(problem: string): void {
  process.stderr.write(`espalier: ${problem}\n`);
}
