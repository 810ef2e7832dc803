/** Starts a tree in a host of its own: `const host = await start(spec)`. */
import { dirname, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { SpecError, type LogRecord } from '@espalier/core';
import {
  applicationTestTime,
  hostFlagsThatOverrideLimits,
  readLogRecord,
  realTime,
  THREAD_FILES,
  type ApplicationTime,
  type EarlyCell,
  type ImageMaker,
} from '@espalier/core/internal/host.js';
import type { TestClock } from '@espalier/core/testing';
import {
  checkWithoutDaemon,
  DEFAULTS,
  loadSpec,
  normaliseSpec,
  type NormalisedTree,
  type TreeSpec,
} from '../spec/index.js';
import type { TreeEvent } from './events.js';
import { versioned } from './apply.js';
import { CellWalls } from './cell-walls.js';
import { limitsOfFirst, startEarlyCell } from './early-cell.js';
import { folderUrl } from './folder-url.js';
import { grantsOf } from '../spec/grants.js';
import { Grants } from './grants.js';
import { Host } from './host.js';
import { ImageSource } from './image-source.js';
import { KernelThread } from './kernel-thread-handle.js';
import { wallLimits } from './wall-limits.js';
import { prepareSupervisor } from './prepare-tree.js';
import { cellPlace, embeddedPlace } from './tree-place.js';

export interface StartOptions {
  /**
   * False by default: the tree runs in one cell, a process of its own, which is started again when it dies.
   * True: its guests are threads of the application's process (those without `wall: process` above them). They
   * start and speak quicker, and the application is no longer safe from them: some ways of exhausting memory, a
   * native crash or a thread that cannot be ended take the whole process along (docs/architecture.md).
   */
  readonly embedded?: boolean;
  /** Folder that relative modules of a spec object are taken from; the working directory by default. */
  readonly base?: string | URL;
  /** Warm spares: threads that wait ready. 1 for each limit class in use, 4 in all; 0 turns them off. */
  readonly spares?: { readonly perClass?: number; readonly total?: number };
  /**
   * Who makes modules into images. By default the application's process does, by a thread and the bundler below
   * it, whenever there is something to build.
   */
  readonly images?: ImageMaker;
  /** Gets every event from the first on, in order. */
  readonly onEvent?: (event: TreeEvent) => void;
  /** What environments print; by default it goes to the application's own streams. */
  readonly onOutput?: (path: string, stream: 'stdout' | 'stderr', text: string, dropped: number) => void;
  /**
   * What environments log (`context.log`); by default a line for each goes to the application's stderr. What was left
   * out is told by a record of level `warn`, with the number of its characters in the field `dropped`.
   */
  readonly onLog?: (path: string, record: LogRecord) => void;
  /** Something is not as it should be, but the tree runs; printed to stderr by default. */
  readonly onWarning?: (problem: string) => void;
  /**
   * For tests: all time in the tree is this clock's, and passes when the test says so (docs/testing.md). It
   * reaches embedded guests only.
   */
  readonly clock?: TestClock;
  /** Gets the host when the first node is about to start: to look at what starts, or to stop it in the midst of that. */
  readonly onStarting?: (host: Host) => void;
}

/**
 * Starts a tree from a spec object or the path of a spec file. Resolves when every node runs.
 *
 * @throws SpecError `spec_unreadable`, `spec_invalid`, `spec_not_built`: nothing was started.
 * @throws EnvironmentError `module_missing`, `module_unfit`, `start_failed`: nothing runs any more.
 * @throws HostError `kernel_fault`; `host_unfit`: this machine lacks a wall that the spec requires; `host_stopped`.
 */
export async function start(spec: TreeSpec | string, options: StartOptions = {}): Promise<Host> {
  const { embedded = false } = options;
  if (!embedded && options.clock !== undefined) {
    throw new SpecError('spec_not_built', 'a test clock does not reach into a cell', [
      {
        path: 'options.clock',
        value: 'a test clock',
        problem: 'is given for guests in a process of their own',
        remedy: 'Write start(spec, { embedded: true, clock }).',
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
  checkWithoutDaemon(tree);
  const images = new ImageSource(time, options.images);
  const warning = options.onWarning ?? warn;
  // Of threads in this process: a cell is started without them.
  for (const { flag, from } of hostFlagsThatOverrideLimits())
    warning(
      `${flag} (${from}) overrides the limits of threads: V8 does not hold those of the spec. Start without it`,
    );
  let early: EarlyCell | undefined;
  try {
    const { name, root } = tree;
    const place = options.embedded === true ? embeddedPlace(name) : cellPlace(name);
    const parts = {
      files: { ...THREAD_FILES, cell: new URL('../cell.cjs', import.meta.url).href },
      spares: { perClass: options.spares?.perClass ?? 1, total: options.spares?.total ?? 4 },
      spawnBase: fileURLToPath(base),
      spawnLimits: wallLimits(DEFAULTS.limits),
    };
    if (!place.embedded) early = startEarlyCell(tree, { ...parts, clock: time.clock });
    const logged = (path: string, written: string, dropped: number): void => {
      const log = options.onLog ?? printRecord;
      if (written !== '') log(path, readLogRecord(written));
      if (dropped === 0) return;
      const text = `${dropped} characters were logged or printed faster than allowed`;
      log(path, { level: 'warn', text, fields: { dropped } });
    };
    const kernel = new KernelThread({
      ...parts,
      place,
      first: limitsOfFirst(root),
      output: (path, stream, text, dropped) => {
        if (stream !== 'log') (options.onOutput ?? print)(path, stream, text, dropped);
        else logged(path, text, dropped);
      },
      log: (record) => {
        logged(name, record, 0);
      },
      warning,
      time,
    });
    if (options.onEvent !== undefined) kernel.onEvent(options.onEvent);
    const walls = new CellWalls(() => kernel.machine(), options.clock !== undefined);
    try {
      // At the same time: the kernel's thread starts, and tries the machine out where that is needed.
      const inItsCell = { ...root, wall: 'process' } as const;
      const [spec, offer] = await Promise.all([
        images.use((builder) => prepareSupervisor(root, builder)),
        early?.offer,
        walls.check(place.embedded || early !== undefined ? root : inItsCell),
      ]);
      if (early !== undefined && offer === undefined) await walls.check(inItsCell);
      const grants = new Grants(kernel, tree);
      await grants.replace(grantsOf(tree));
      const applied = versioned(tree, spec);
      const host = new Host({ kernel, images, walls, grants, place, base: base.href, applied });
      options.onStarting?.(host);
      await kernel.start(name, place.spec(tree, spec), offer);
      return host;
    } catch (error) {
      await kernel.stop();
      throw error;
    }
  } catch (error) {
    early?.end();
    throw error;
  } finally {
    await images.settled();
  }
}

function print(_path: string, stream: 'stdout' | 'stderr', text: string): void {
  process[stream].write(text);
}

function printRecord(path: string, { level, text, fields }: LogRecord): void {
  const more = fields === undefined ? '' : ` ${JSON.stringify(fields)}`;
  process.stderr.write(`${level} ${path}: ${text}${more}\n`);
}

function warn(problem: string): void {
  process.stderr.write(`espalier: ${problem}\n`);
}
