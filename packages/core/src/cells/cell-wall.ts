/**
 * The wall `process`: cells, each a process in which a kernel of its own runs. To the kernel above a cell is one
 * guest; what it prints is passed on under the path of who printed, which is never one outside the cell.
 */
import type { Link } from '../channel/link.js';
import type { AfterTurn, Clock } from '../clock.js';
import { HostError } from '../errors.js';
import type { Wall, WallEnd, WallRequest, WallThread } from '../kernel/wall.js';
import { overShare, type LimitExceeded } from '../threads/guard.js';
import { OutputQuota } from '../threads/output-quota.js';
import { STDIO_BYTES_PER_SECOND } from '../threads/limits.js';
import type { OutputStream } from '../threads/wall-messages.js';
import { CellCgroup } from './cell-cgroup.js';
import { CellGuard, type CellEntry, type GuardedCell } from './cell-guard.js';
import { systemLimits } from './cell-limits.js';
import { decodeFromCell, encodeToCell } from './cell-messages.js';
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
  readonly #warned = new Set<string>();
  readonly #guard: CellGuard;
  #machine: Machine | undefined;
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

  #start(request: WallRequest): WallThread {
    const { title, walls, limits } = request;
    const { stdioBytesPerSecond = STDIO_BYTES_PER_SECOND } = limits;
    const { file, settings, clock, afterTurn, output, warning } = this.#options;
    const machine = this.#machine;
    if (machine === undefined) {
      throw new HostError('host_unfit', 'what this machine offers was not tried out', { field: 'wall' });
    }
    const { use, missing } = chooseWalls((walls ?? NONE) as WantedWalls, machine);
    // Of cells in cells the host has said it already.
    if (this.#options.machine === undefined) this.#warnOfMissing(missing);
    let guarded: CellEntry | undefined;
    let exceeded: LimitExceeded | undefined;
    const cell: CellProcess = new CellProcess({
      file,
      execArgv: [],
      title,
      machine,
      walls: use,
      limits: systemLimits(limits),
      settings: settings(machineInside(machine, use)),
      startTimeoutMs: START_TIMEOUT_MS,
      outputBytesPerSecond: stdioBytesPerSecond,
      clock,
      afterTurn,
      output: (stream, text, dropped) => {
        output(title, stream, text, dropped);
      },
      warning,
      running: () => {
        guarded = this.#watch(cell, request, use, (evidence) => {
          exceeded = evidence;
          cell.kill();
        });
      },
    });
    this.#cells.add(cell);
    void cell.cleared.then(() => {
      if (guarded !== undefined) this.#guard.forget(guarded);
      this.#cells.delete(cell);
      this.#stuck.delete(title);
    });
    this.#hear(cell, title, stdioBytesPerSecond, () => guarded?.collected(clock.now()));
    const { pipe } = cell;
    return {
      link: pipe.control,
      site: pipe,
      onEnd: (observer) => {
        cell.onEnd((end) => {
          observer(exceeded === undefined ? evidenceOf(end) : ended('limit', exceeded));
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

  /** Its limits are held from now on: nothing of the tree has run in it yet. */
  #watch(
    cell: CellProcess,
    { title, limits }: WallRequest,
    walls: ReadonlySet<WallName>,
    exceeded: (evidence: LimitExceeded) => void,
  ): CellEntry | undefined {
    const { nodePid, ownDataMb } = cell;
    if (this.#machine !== undefined) this.#machine = { ...this.#machine, nodeDataMb: ownDataMb };
    // Where a cgroup holds the share there is nothing to judge: it uses that, and no more.
    const { memoryMb, cpu } = walls.has('cpu') ? { ...limits, cpu: undefined } : limits;
    const guarded: GuardedCell = {
      limits: { memoryMb, cpu },
      collect: () => {
        cell.pipe.wall.send(encodeToCell({ tag: 'collect' }));
      },
      onLimit: exceeded,
      onOverShare: (used) => {
        this.#options.warning(overShare(title, used));
      },
    };
    const entry = nodePid === undefined ? undefined : this.#guard.watch(guarded, nodePid);
    if (entry === undefined && (memoryMb ?? cpu) !== undefined) {
      this.#warnOnce(
        '/proc',
        `The system does not tell what a process uses: memoryMb and cpu of '${title}' and other processes are not held`,
      );
    }
    return entry;
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

  #hear(cell: CellProcess, title: string, bytesPerSecond: number, collected: () => void): void {
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
        else if (said.tag === 'collected') collected();
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
  if (cause === 'not-started' || cause === 'start-timeout') return ended('error', problem);
  if (cause === 'protocol') return ended('protocol', problem);
  if (cause === 'itself' && oomKills > 0) return ended('limit', { limit: 'memoryMb', oomKills });
  return ended('cell', { exitCode, signal, ...(problem === undefined ? {} : { problem }) });
}

function ended(tag: 'error' | 'protocol' | 'limit' | 'cell', detail: unknown): WallEnd {
  return { kind: 'reason', reason: { tag, detail } };
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
