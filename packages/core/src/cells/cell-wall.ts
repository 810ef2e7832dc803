/**
 * The wall `process`: cells, each a process in which a kernel of its own runs. To the kernel above a cell is one
 * guest; what it prints is passed on under the path of who printed, which is never one outside the cell.
 */
import type { Link } from '../channel/link.js';
import type { AfterTurn, Clock } from '../clock.js';
import { HostError } from '../errors.js';
import type { Wall, WallRequest, WallThread } from '../kernel/wall.js';
import type { DirectWay } from './direct/direct-offers.js';
import { isWithin } from '../node-path.js';
import type { LimitChange } from '../threads/limit-changes.js';
import { together, type Use } from '../threads/use.js';
import type { OutputStream } from '../threads/wall-messages.js';
import { CellCgroup } from './cell-cgroup.js';
import { CellGuard } from './cell-guard.js';
import type { EarlyThread } from './cell-setup.js';
import type { EarlyOffer } from './early-cell.js';
import { chooseWalls, type ChosenWalls, type WantedWalls } from './choose-walls.js';
import { machineInside } from './machine-inside.js';
import { probeMachine } from './probe.js';
import { killGroup } from './run-command.js';
import type { StreamAddress } from './stream-offer.js';
import { WalledCell } from './walled-cell.js';
import { WALLS, type Machine, type WallName } from './walls.js';

/** A cell that says nothing for so long will never: even a machine with a hundred starts at once is quicker. */
export const START_TIMEOUT_MS = 30_000;
/** After this long `close` no longer waits for processes to be gone. */
const CLOSE_WITHIN_MS = 1_000;

type CellRequest = Omit<WallRequest, 'boundary'>;

const NONE: WantedWalls = { required: [], preferred: [] };

export interface CellWallOptions {
  /** Absolute path of what every cell runs: compiled-cell.cjs, which runs `code`, a `file:` URL; or code that needs no other. */
  readonly file: string;
  readonly code?: string | undefined;
  /** A thread that each is to open before that. */
  readonly first?: EarlyThread | undefined;
  /** Absolute paths of what it reads besides. */
  readonly reads: readonly string[];
  /** For that code, with what this machine offers inside of the cell at that path. */
  readonly settings: (machine: Machine, path: string) => unknown;
  /** In a cell: what its machine offers inside of it. Else `probe` finds out, before the first start. */
  readonly machine?: Machine | undefined;
  /**
   * A way of its own to the application's thread, for a cell that is about to be started; undefined: there is none.
   * `address`: where an early cell waits for it.
   */
  readonly direct?: ((address?: StreamAddress) => DirectWay | undefined) | undefined;
  readonly clock: Clock;
  readonly afterTurn: AfterTurn;
  output(path: string, stream: OutputStream, text: string, dropped: number): void;
  /** Something is not as it should be. For people. */
  warning(problem: string): void;
}

export class CellWall implements Wall {
  readonly #options: CellWallOptions;
  readonly #cells = new Set<WalledCell>();
  readonly #stuck = new Set<string>();
  readonly #warned = new Set<string>();
  readonly #guard: CellGuard;
  #machine: Machine | undefined;
  #early: EarlyOffer | undefined;
  #probing: Promise<Machine> | undefined;

  constructor(options: CellWallOptions) {
    this.#options = options;
    this.#machine = options.machine;
    this.#guard = new CellGuard(options.clock);
  }

  /** What this machine offers, tried out once. Also removes what hosts that were killed have left behind. */
  probe(): Promise<Machine> {
    const { file, reads } = this.#options;
    this.#probing ??= probeMachine({ files: [file, ...reads] }).then((machine) => {
      this.know(machine);
      CellCgroup.sweep(machine, isAlive);
      return machine;
    });
    return this.#probing;
  }

  /** That is what this machine offers. */
  know(machine: Machine): void {
    this.#machine = machine;
    for (const cell of this.#cells) cell.tell(machine);
  }

  /** A process that was started to become the first cell, should that be as it was started. */
  adopt(early: EarlyOffer): void {
    this.#early = early;
    this.#machine ??= early.machine;
  }

  start(request: CellRequest): WallThread {
    try {
      return this.#start(request);
    } catch (error) {
      return neverStarted(error);
    }
  }

  /** Cells that were killed and did not end. */
  get stuck(): readonly string[] {
    return [...this.#stuck];
  }

  /** Of all at that path and below: of each cell what is seen from here, and what it says of what is in it. */
  async use(path: string): Promise<Use> {
    const concerned = [...this.#cells].filter(({ title }) => isWithin(title, path) || isWithin(path, title));
    return together(await Promise.all(concerned.map((cell) => cell.use(path))));
  }

  /** Of a cell, or of what is in one. */
  setLimits(change: LimitChange): void {
    for (const cell of this.#cells) cell.setLimits(change);
  }

  async close(): Promise<void> {
    if (this.#early !== undefined) dismiss(this.#early);
    this.#early = undefined;
    for (const cell of this.#cells) cell.process.kill();
    const cleared = Promise.all([...this.#cells].map((cell) => cell.process.cleared));
    await new Promise<void>((resolve) => {
      const cancel = this.#options.clock.after(CLOSE_WITHIN_MS, resolve);
      void cleared.then(() => {
        cancel();
        resolve();
      });
    });
  }

  #start({ title, walls, limits }: CellRequest): WallThread {
    const { file, code, first, settings, clock, afterTurn, output, warning } = this.#options;
    const machine = this.#machine;
    if (machine === undefined) {
      throw new HostError('host_unfit', 'what this machine offers was not tried out', { field: 'wall' });
    }
    const { use, missing } = chooseWalls((walls ?? NONE) as WantedWalls, machine);
    // Of cells in cells the host has said it already.
    if (this.#options.machine === undefined) this.#warnOfMissing(missing);
    const early = this.#takeEarly(title, use);
    const way = this.#options.direct?.(early?.addresses.direct);
    const cell = new WalledCell({
      file,
      code,
      early: first,
      process: early,
      execArgv: [],
      title,
      machine,
      walls: use,
      limits,
      settings: settings(machineInside(machine, use), title),
      ...(way?.far === undefined ? {} : { direct: way.far }),
      startTimeoutMs: START_TIMEOUT_MS,
      clock,
      afterTurn,
      guard: this.#guard,
      ownData: (nodeDataMb) => {
        // It runs: what the next start needs no longer delays this one.
        way?.heard();
        if (nodeDataMb !== undefined) this.#machine = { ...(this.#machine ?? machine), nodeDataMb };
      },
      output,
      warning,
      unheld: () => {
        const problem = 'memoryMb and cpu of processes are not held';
        this.#warnOnce('/proc', `The system does not tell what a process uses: ${problem} ('${title}')`);
      },
    });
    this.#cells.add(cell);
    // What it was told when it was started may be less than is known by now.
    if (early !== undefined && early.machine !== machine) cell.tell(machine);
    const { pipe, cleared } = cell.process;
    if (way !== undefined) {
      way.lost = (problem) => {
        if (problem === undefined) cell.process.detached('its direct pipe');
        else cell.process.violated(problem);
      };
    }
    void cleared.then(() => {
      this.#cells.delete(cell);
      this.#stuck.delete(title);
    });
    return {
      link: way?.passage.control(pipe.control) ?? pipe.control,
      site: way?.passage.site(pipe) ?? pipe,
      onEnd: (observer) => {
        cell.onEnd((end) => {
          way?.over();
          observer(end);
        });
      },
      // Its kernel watches over its threads; its own loop cannot be seen from here.
      isWaiting: () => false,
      terminate: () => {
        cell.process.kill();
      },
      markStuck: () => {
        this.#stuck.add(title);
        this.#cells.delete(cell);
        cell.process.abandon();
        way?.over();
      },
    };
  }

  /** Once. One that does not fit ends. */
  #takeEarly(title: string, walls: ReadonlySet<WallName>): EarlyOffer | undefined {
    const early = this.#early;
    this.#early = undefined;
    if (early === undefined) return undefined;
    const same = early.walls.size === walls.size && [...walls].every((wall) => early.walls.has(wall));
    if (same && early.title === title) return early;
    dismiss(early);
    return undefined;
  }

  /** Once of each wall: it is the machine that lacks it. */
  #warnOfMissing(missing: ChosenWalls['missing']): void {
    for (const { wall, why, remedy } of missing) {
      const problem = `This machine lacks the wall '${wall}' (${WALLS[wall]}): ${why}. ${remedy ?? ''}`;
      this.#warnOnce(wall, problem);
    }
  }

  #warnOnce(about: string, problem: string): void {
    if (this.#warned.has(about)) return;
    this.#warned.add(about);
    this.#options.warning(problem);
  }
}

function dismiss({ pid, port }: EarlyOffer): void {
  killGroup(pid);
  port.close();
}

const DEAD: Link = {
  send: () => undefined,
  receive: () => undefined,
  drain: () => undefined,
  close: () => undefined,
};

/** Told like any other end, and not before the caller can observe it. */
function neverStarted(error: unknown): WallThread {
  const detail = error instanceof Error ? error.message : String(error);
  return {
    link: DEAD,
    onEnd: (observer) => {
      queueMicrotask(() => {
        observer({ kind: 'reason', reason: { tag: 'error', detail } });
      });
    },
    isWaiting: () => false,
    terminate: () => undefined,
    markStuck: () => undefined,
  };
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // There is one, of somebody else.
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
