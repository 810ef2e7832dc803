/**
 * A kernel over the adapters of Node: the same in the host's kernel thread and in every cell. What differs is
 * handed in: who is above, where events, output and warnings go, and whose time it is.
 */
import { fileURLToPath } from 'node:url';
import type { EarlyThread } from '../cells/cell-setup.js';
import { CellWall, type CellWallOptions } from '../cells/cell-wall.js';
import type { Machine } from '../cells/walls.js';
import { Kernel, type KernelEvent, type SupervisorLogic } from '../kernel/index.js';
import type { LoadResult, UplinkOptions } from '../kernel/parts.js';
import type { Wall, WallLimits } from '../kernel/wall.js';
import { LimitChanges, type LimitChange } from './limit-changes.js';
import { LoaderThread } from './loader-thread-handle.js';
import { nodeAfterTurn } from './node-after-turn.js';
import { nodeNextTurn } from './node-clock.js';
import { nodeTextCodec } from './node-text-codec.js';
import type { KernelTime } from './thread-time.js';
import type { SpareOptions } from './spares.js';
import type { OpenThread } from './open-thread.js';
import { ThreadWall } from './thread-wall.js';
import { together, type Use } from './use.js';
import type { OutputStream } from './wall-messages.js';

/** Where the code of what a kernel starts lies: `file:` URLs. */
export interface ThreadFiles {
  /** Entry of every thread of an environment; it runs `guest`. */
  readonly compiled: string;
  readonly guest: string;
  readonly loader: string;
  /** Entry of every cell. */
  readonly compiledCell: string;
}

export interface KernelFiles extends ThreadFiles {
  /** What that runs. */
  readonly cell: string;
}

/** What every kernel of a host has in common: plain data. */
export interface KernelSettings {
  readonly files: KernelFiles;
  /** Folder that `spawn` takes relative modules from, and the limits of what is spawned. */
  readonly spawnBase: string;
  readonly spawnLimits: WallLimits;
}

/** What a kernel is told when it starts, besides: plain data. */
export interface KernelState {
  /** Limits that were changed before it started. */
  readonly changes: readonly LimitChange[];
}
export type SpareCounts = Required<Pick<SpareOptions, 'perClass' | 'total'>>;

/** What a cell's code gets. */
export interface CellSettings extends KernelSettings, KernelState {
  readonly machine: Machine;
  readonly spares: SpareCounts;
}

/** In cells of cells, and where a node of the tree has its own: there may be many, each with threads of few classes. */
export const NO_SPARES: SpareCounts = { perClass: 0, total: 0 };

const NO_GUESTS_HERE: LoadResult = {
  ok: false,
  code: 'operation_refused',
  text: 'no guest runs in the process of the application, so it spawns none: add a child to the tree (startChild)',
};

export interface NodeKernelOptions {
  readonly logic: SupervisorLogic;
  readonly settings: KernelSettings;
  readonly spares: SpareCounts;
  /** In the cells that it starts. */
  readonly sparesInCells: SpareCounts;
  /** What the first thread in each of these will be limited to, if that is known. */
  readonly firstInCells?: WallLimits | undefined;
  /** In a cell: its first thread, where that starts already. */
  readonly early?: OpenThread | undefined;
  /** False where every guest is in a cell: then nothing is spawned beside the kernel. */
  readonly holdsGuests: boolean;
  readonly time: KernelTime;
  /** See `CellWallOptions`. */
  readonly direct?: CellWallOptions['direct'];
  /** In a cell. */
  readonly up?: UplinkOptions;
  /** In a cell. */
  readonly machine?: Machine;
  /** In a cell: limits that were changed before it started. */
  readonly changes?: readonly LimitChange[];
  /** In a cell: the thread of that path does not end, and so the cell has to. */
  readonly stuckForGood?: (path: string) => void;
  observe(event: KernelEvent): void;
  output(path: string, stream: OutputStream, text: string, dropped: number): void;
  warning(problem: string): void;
}

export interface NodeKernel {
  readonly kernel: Kernel;
  readonly threads: ThreadWall;
  readonly cells: CellWall;
  /** At once, as far as that can be, and for every later life. */
  setLimits(change: LimitChange): void;
  /** Of all at that path and below. */
  use(path: string): Promise<Use>;
  /** Once the tree has ended: resolves when nothing is left of threads, cells and loader but what is stuck. */
  close(): Promise<void>;
}

/** What a cell opens before its kernel is there: it would be a spare. `limits`: of the first environment in it. */
export function firstThread(
  { compiled, guest }: ThreadFiles,
  { perClass, total }: SpareCounts,
  limits: WallLimits | undefined,
): EarlyThread | undefined {
  const none = limits === undefined || perClass * total === 0;
  return none ? undefined : { bootstrap: compiled, guest, limits };
}

export function nodeKernel(options: NodeKernelOptions): NodeKernel {
  const {
    logic,
    settings,
    spares,
    sparesInCells,
    firstInCells,
    holdsGuests,
    time,
    up,
    machine,
    observe,
    output,
    warning,
  } = options;
  const { files, spawnBase, spawnLimits } = settings;
  const changes = new LimitChanges(options.changes);
  const threads = new ThreadWall({
    bootstrap: new URL(files.compiled),
    code: new URL(files.guest),
    spares: { ...spares, beside: up === undefined },
    early: options.early,
    output,
    warning,
    ...(options.stuckForGood === undefined ? {} : { stuckForGood: options.stuckForGood }),
  });
  const cells = new CellWall({
    file: fileURLToPath(files.compiledCell),
    code: files.cell,
    first: firstThread(files, sparesInCells, firstInCells),
    reads: [files.cell, files.compiled, files.guest, files.loader].map((file) => fileURLToPath(file)),
    settings: (inside, path): CellSettings => ({
      ...settings,
      machine: inside,
      spares: sparesInCells,
      changes: changes.within(path),
    }),
    machine,
    direct: options.direct,
    clock: time.realClock,
    afterTurn: nodeAfterTurn,
    output,
    warning,
  });
  const guests = time.wall(threads);
  const wall: Wall = {
    start: ({ boundary, ...request }) => {
      const limits = changes.of(boundary, request.title, request.limits);
      return (boundary === 'thread' ? guests : cells).start({ ...request, limits });
    },
    close: async () => {
      await Promise.all([guests.close(), cells.close()]);
    },
  };
  const loader = new LoaderThread(files.loader, { base: spawnBase, limits: spawnLimits });
  const kernel = new Kernel({
    clock: time.clock,
    realClock: time.realClock,
    random: time.random,
    afterTurn: nodeAfterTurn,
    nextTurn: nodeNextTurn,
    text: nodeTextCodec,
    wall,
    links: time.links,
    logic,
    loader: (request) => (holdsGuests ? time.during(loader.load(request)) : Promise.resolve(NO_GUESTS_HERE)),
    observe,
    unresponsiveMs: (path, specified) => changes.unresponsiveMs(path, specified),
    up,
  });
  return {
    kernel,
    threads,
    cells,
    setLimits: (change) => {
      changes.set(change);
      if (change.thread !== undefined) threads.setLimits(change.path, change.thread.to);
      kernel.unresponsiveChanged(change.path);
      cells.setLimits(change);
    },
    use: async (path) => together([{ threads: threads.use(path), cells: [] }, await cells.use(path)]),
    close: async () => {
      await Promise.all([wall.close(), loader.close()]);
    },
  };
}
