/** Starts a tree in a host of its own: `const host = await start(spec, { embedded: true })`. */
import { dirname, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { SpecError } from '@espalier/core';
import { applicationTestTime, realTime, type ApplicationTime } from '@espalier/core/internal/host.js';
import type { TestClock } from '@espalier/core/testing';
import { DEFAULTS, loadSpec, normaliseSpec, type NormalisedTree, type TreeSpec } from '../spec/index.js';
import type { TreeEvent } from './events.js';
import { versioned } from './apply.js';
import { CellWalls } from './cell-walls.js';
import { folderUrl } from './folder-url.js';
import { grantsOf } from '../spec/grants.js';
import { Grants } from './grants.js';
import { Host } from './host.js';
import { ImageSource } from './image-source.js';
import { KernelThread } from './kernel-thread-handle.js';
import { wallLimits } from './wall-limits.js';
import { prepareSupervisor } from './prepare-tree.js';

export interface StartOptions {
  /**
   * Guests without `wall: process` above them run as threads in the application's own process. The only way
   * for now, and what is lost by it: some ways of exhausting memory abort the whole process (see
   * docs/architecture.md).
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
  /** For tests: all time in the tree is this clock's, and passes when the test says so (docs/testing.md). */
  readonly clock?: TestClock;
}

/**
 * Starts a tree from a spec object or the path of a spec file. Resolves when every node runs.
 *
 * @throws SpecError `spec_unreadable`, `spec_invalid`, `spec_not_built`: nothing was started.
 * @throws EnvironmentError `module_missing`, `module_unfit`, `start_failed`: nothing runs any more.
 * @throws HostError `kernel_fault`; `host_unfit`: this machine lacks a wall that the spec requires.
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
  const time = options.clock === undefined ? realTime() : applicationTestTime(options.clock);
  try {
    if (typeof spec === 'string') {
      const tree = await time.during(loadSpec(spec));
      return await startTree(tree, options, folderUrl(dirname(resolve(spec))), time);
    }
    const base = folderUrl(options.base);
    return await startTree(normaliseSpec(spec, { base }), options, base, time);
  } catch (error) {
    time.over();
    throw error;
  }
}

async function startTree(
  tree: NormalisedTree,
  options: StartOptions,
  base: URL,
  time: ApplicationTime,
): Promise<Host> {
  const images = new ImageSource(time);
  try {
    const kernel = new KernelThread({
      spares: { perClass: options.spares?.perClass ?? 1, total: options.spares?.total ?? 4 },
      spawnBase: fileURLToPath(base),
      spawnLimits: wallLimits(DEFAULTS.limits),
      output: options.onOutput ?? print,
      warning: options.onWarning ?? warn,
      time,
    });
    if (options.onEvent !== undefined) kernel.onEvent(options.onEvent);
    const walls = new CellWalls(() => kernel.machine(), options.clock !== undefined);
    try {
      // At the same time: the kernel's thread starts and tries the machine out.
      const [spec] = await Promise.all([
        images.use((builder) => prepareSupervisor(tree.root, builder)),
        walls.check(tree.root),
      ]);
      const grants = new Grants(kernel, tree);
      await grants.replace(grantsOf(tree));
      await kernel.start(tree.name, spec);
      return new Host({ kernel, images, walls, grants, base: base.href, applied: versioned(tree, spec) });
    } catch (error) {
      await kernel.stop();
      throw error;
    }
  } finally {
    await images.settled();
  }
}

function print(_path: string, stream: 'stdout' | 'stderr', text: string): void {
  process[stream].write(text);
}

function warn(problem: string): void {
  process.stderr.write(`espalier: ${problem}\n`);
}
