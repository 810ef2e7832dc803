/**
 * The wall `process`: cells, each a process in which a kernel of its own runs. To the kernel above a cell is one
 * guest; what it prints is passed on under the path of who printed, which is never one outside the cell.
 */
import type { Link } from '../channel/link.js';
import type { AfterTurn, Clock } from '../clock.js';
import { HostError } from '../errors.js';
import type { Wall, WallEnd, WallRequest, WallThread } from '../kernel/wall.js';
import { OutputQuota } from '../threads/output-quota.js';
import { STDIO_BYTES_PER_SECOND } from '../threads/limits.js';
import type { OutputStream } from '../threads/wall-messages.js';
import { CellCgroup } from './cell-cgroup.js';
import { decodeFromCell } from './cell-messages.js';
import { CellProcess, type CellEnd } from './cell-process.js';
import { chooseWalls, type ChosenWalls, type WantedWalls } from './choose-walls.js';
import { machineInside } from './machine-inside.js';
import { probeMachine } from './probe.js';
import { WALLS, type Machine, type WallName } from './walls.js';

/** A cell that says nothing for so long will never: even a machine with a hundred starts at once is quicker. */
const START_TIMEOUT_MS = 30_000;
/** After this long `close` no longer waits for processes to be gone. */
const CLOSE_WITHIN_MS = 1_000;
const NONE: WantedWalls = { required: [], preferred: [] };

export interface CellWallOptions {
  /** Absolute path of the code that every cell runs. */
  readonly file: string;
  /** Absolute paths of what it reads besides. */
  readonly reads: readonly string[];
  /** For that code, with what this machine offers inside of the cell. */
  readonly settings: (machine: Machine) => unknown;
  /** In a cell: what its machine offers inside of it. Else `probe` finds out, before the first start. */
  readonly machine?: Machine | undefined;
  readonly clock: Clock;
  readonly afterTurn: AfterTurn;
  output(path: string, stream: OutputStream, text: string, dropped: number): void;
  /** Something is not as it should be. For people. */
  warning(problem: string): void;
}

export class CellWall implements Wall {
  readonly #options: CellWallOptions;
  readonly #cells = new Set<CellProcess>();
  readonly #stuck = new Set<string>();
  readonly #warned = new Set<WallName>();
  #machine: Machine | undefined;
  #probing: Promise<Machine> | undefined;

  constructor(options: CellWallOptions) {
    this.#options = options;
    this.#machine = options.machine;
  }

  /** What this machine offers, tried out once. Also removes what hosts that were killed have left behind. */
  probe(): Promise<Machine> {
    const { file, reads } = this.#options;
    this.#probing ??= probeMachine({ files: [file, ...reads] }).then((machine) => {
      this.#machine = machine;
      CellCgroup.sweep(machine, isAlive);
      return machine;
    });
    return this.#probing;
  }

  start(request: WallRequest): WallThread {
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

  async close(): Promise<void> {
    for (const cell of this.#cells) cell.kill();
    const cleared = Promise.all([...this.#cells].map((cell) => cell.cleared));
    await new Promise<void>((resolve) => {
      const cancel = this.#options.clock.after(CLOSE_WITHIN_MS, resolve);
      void cleared.then(() => {
        cancel();
        resolve();
      });
    });
  }

  #start({ title, walls, limits }: WallRequest): WallThread {
    const { stdioBytesPerSecond = STDIO_BYTES_PER_SECOND } = limits;
    const { file, settings, clock, afterTurn, output, warning } = this.#options;
    const machine = this.#machine;
    if (machine === undefined) {
      throw new HostError('host_unfit', 'what this machine offers was not tried out', { field: 'wall' });
    }
    const { use, missing } = chooseWalls((walls ?? NONE) as WantedWalls, machine);
    // Of cells in cells the host has said it already.
    if (this.#options.machine === undefined) this.#warn(missing);
    const cell = new CellProcess({
      file,
      execArgv: [],
      title,
      machine,
      walls: use,
      limits: {},
      settings: settings(machineInside(machine, use)),
      startTimeoutMs: START_TIMEOUT_MS,
      outputBytesPerSecond: stdioBytesPerSecond,
      clock,
      afterTurn,
      output: (stream, text, dropped) => {
        output(title, stream, text, dropped);
      },
      warning,
    });
    this.#cells.add(cell);
    void cell.cleared.then(() => {
      this.#cells.delete(cell);
      this.#stuck.delete(title);
    });
    this.#hear(cell, title, stdioBytesPerSecond);
    const { pipe } = cell;
    return {
      link: pipe.control,
      site: pipe,
      onEnd: (observer) => {
        cell.onEnd((end) => {
          observer(evidenceOf(end));
        });
      },
      // Its kernel watches over its threads; its own loop cannot be seen from here.
      isWaiting: () => false,
      terminate: () => {
        cell.kill();
      },
      markStuck: () => {
        this.#stuck.add(title);
        this.#cells.delete(cell);
        cell.abandon();
      },
    };
  }

  /** Once of each wall: it is the machine that lacks it. */
  #warn(missing: ChosenWalls['missing']): void {
    for (const { wall, why, remedy } of missing) {
      if (this.#warned.has(wall)) continue;
      this.#warned.add(wall);
      this.#options.warning(
        `This machine lacks the wall '${wall}' (${WALLS[wall]}): ${why}. ${remedy ?? ''}`,
      );
    }
  }

  #hear(cell: CellProcess, title: string, bytesPerSecond: number): void {
    const { output, warning, clock } = this.#options;
    // Who is limited does not keep the count: what its kernel has counted is counted again.
    const quota = new OutputQuota(bytesPerSecond, () => clock.now());
    let broken = false;
    const violated = (problem: string): void => {
      // What came with it is not believed either, until it is gone.
      broken = true;
      cell.violated(problem);
    };
    cell.pipe.wall.receive({
      batch: (bytes) => {
        if (broken) return;
        const said = decodeFromCell(bytes);
        if (said === undefined) violated('a message that the walls of a cell do not send');
        else if (said.tag === 'warning') warning(`${title}: ${quota.take(said.problem)}`);
        else if (said.path !== title && !said.path.startsWith(`${title}/`)) {
          violated('output of somebody outside of the cell');
        } else {
          const text = quota.take(said.text);
          output(said.path, said.stream, text, quota.takeDropped() + said.dropped);
        }
      },
      end: () => undefined,
    });
  }
}

/** What wall.ts says of the end of a cell. */
function evidenceOf({ cause, exitCode, signal, problem, oomKills }: CellEnd): WallEnd {
  const reason = (tag: 'error' | 'protocol' | 'limit' | 'cell', detail: unknown): WallEnd => ({
    kind: 'reason',
    reason: { tag, detail },
  });
  if (cause === 'not-started' || cause === 'start-timeout') return reason('error', problem);
  if (cause === 'protocol') return reason('protocol', problem);
  if (cause === 'itself' && oomKills > 0) return reason('limit', { limit: 'memory', oomKills });
  return reason('cell', { exitCode, signal, ...(problem === undefined ? {} : { problem }) });
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
