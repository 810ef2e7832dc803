/**
 * The process of one cell as its parent sees it, from its start to its end:
 *
 *   starting ──hello──► running ──exit──► draining ──pipe ended──► ended
 *      └──── no process, no hello in time, kill, violation ──┴──────────▲
 *
 * - It gets nothing of the host's environment, flags or descriptors; it leads a group and session of its own.
 * - Its end is told once, after everything that it had sent, with the evidence that was gathered on this side.
 * - Whatever it has started ends with it, as far as the system can tell what that is: a process namespace or a
 *   cgroup know all of it, a process group only who did not leave it.
 *
 * A start takes about as long as that of bare Node: measured against a fork without environment to its first
 * message 1.0 to 1.3 times, behind namespaces and limits 1.1 to 1.5. But `spawn` forks, which blocks this thread
 * for 0.6 ms and for 0.05 to 0.1 ms more with each MB that the host's process has in memory.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { MAX_FRAME_BYTES } from '../channel/channel.js';
import type { AfterTurn, Clock } from '../clock.js';
import { CellCgroup, type CgroupLimits } from './cell-cgroup.js';
import {
  CELL_ENVIRONMENT,
  cellCommand,
  hasOwnProcessNamespace,
  hasWaitingShell,
  limitDataCommand,
  OOM_SCORE,
  titled,
  type ProcessLimits,
} from './cell-command.js';
import { CellOutput, type TakeOutput } from './cell-output.js';
import type { CellSetup, EarlyThread } from './cell-setup.js';
import { EarlyChild } from './early-child.js';
import { ownNumber, shownNumber } from '../threads/proc-numbers.js';
import { signalOfExit } from './exit-signal.js';
import type { EarlyOffer } from './early-cell.js';
import { DEFAULT_FRAME_BYTES, Pipe, type PipeProblem } from './pipe.js';
import { dataMbOf, firstChildOf } from './process-tree.js';
import { killGroup, runCommand } from './run-command.js';
import { connectStreams, offerStreams, type FarStreams, type StreamOffer } from './stream-offer.js';
import { CONTROLLERS, type Machine, type WallName } from './walls.js';

export interface CellOptions {
  /** Absolute path of the code that the cell runs; it calls `bootCell`. Or of compiled-cell.cjs, which runs `code`. */
  readonly file: string;
  /** A `file:` URL. */
  readonly code?: string | undefined;
  /** A thread that compiled-cell.cjs opens before that. */
  readonly early?: EarlyThread | undefined;
  /** A process that was started for it already: as this one would be. */
  readonly process?: EarlyOffer | undefined;
  /** Node's flags, all of them. */
  readonly execArgv: readonly string[];
  /** For people and tools: the process's title, and part of the name of its cgroup. */
  readonly title: string;
  /** Absolute. Default: the host's. */
  readonly cwd?: string;
  readonly machine: Machine;
  /** Those that the machine offers: see `chooseWalls`. */
  readonly walls: ReadonlySet<WallName>;
  readonly limits: ProcessLimits & CgroupLimits;
  /** Milliseconds until it has said hello. */
  readonly startTimeoutMs: number;
  /** The far ends of a second pipe: see `bootCell`. They are the cell's, or destroyed, from here on. */
  readonly direct?: FarStreams;
  /** Handed to its code: plain data, nothing secret. */
  readonly settings?: unknown;
  readonly outputBytesPerSecond: number;
  readonly clock: Clock;
  readonly afterTurn: AfterTurn;
  /** Bytes. The largest frame that the cell may send. Default: 32 MB. */
  readonly maxFrameBytes?: number;
  readonly output?: TakeOutput;
  readonly congested?: (on: boolean) => void;
  /** It has said hello: nothing of the tree has run in it yet. */
  readonly running?: () => void;
  /** Something of it could not be removed. For people. */
  readonly warning?: (problem: string) => void;
}

/** How a cell ended, as its parent saw it. */
export interface CellEnd {
  /** Null where a signal ended it, or it never ran. What the cell chose: no evidence of anything. */
  readonly exitCode: number | null;
  readonly signal: NodeJS.Signals | null;
  /** It had said hello before. */
  readonly ran: boolean;
  /**
   * What came first on this side: nothing (`itself`), a kill, no process to be had (`not-started`), no hello in
   * time (`start-timeout`), a violation of the pipe (`protocol`), a pipe that it closed to go on without
   * (`detached`), or a thread in it that did not end (`stuck`).
   */
  readonly cause: 'itself' | 'killed' | 'not-started' | 'start-timeout' | 'protocol' | 'detached' | 'stuck';
  /** For people, where there is more to say. */
  readonly problem: string | undefined;
  /** How often the system killed in it for want of memory; 0 without a cgroup. */
  readonly oomKills: number;
}

/** A cell that has closed its pipe is about to end: after this long it is made to. */
const CLOSED_MS = 250;

export class CellProcess {
  /** Control link and others; carry what is sent from the first moment. */
  readonly pipe: Pipe;
  readonly #options: CellOptions;
  readonly #output: CellOutput;
  readonly #cancels: (() => void)[] = [];
  readonly #offer: StreamOffer | undefined;
  #child: ChildProcess | EarlyChild | undefined;
  #cgroup: CellCgroup | undefined;
  #ran = false;
  #ownDataMb: number | undefined;
  #cause: CellEnd['cause'] = 'itself';
  #problem: string | undefined;
  #exit: { readonly exitCode: number | null; readonly signal: NodeJS.Signals | null } | undefined;
  #pipeEnded = false;
  #reported = false;
  #observer: ((end: CellEnd) => void) | undefined;
  #end: CellEnd | undefined;
  #cleared: () => void = () => undefined;

  /** Resolves once nothing of it is left, its cgroup included: some time after its end. */
  readonly cleared = new Promise<void>((resolve) => {
    this.#cleared = resolve;
  });

  /** Starts at once. Never throws: a failure is reported as an end. */
  constructor(options: CellOptions) {
    this.#options = options;
    const { clock, afterTurn, maxFrameBytes = DEFAULT_FRAME_BYTES, congested, process: early } = options;
    this.#output = new CellOutput(clock, options.outputBytesPerSecond, (...printed) =>
      options.output?.(...printed),
    );
    this.#offer = early === undefined ? offerStreams() : undefined;
    const near = connectStreams(early?.addresses.parent ?? (this.#offer as StreamOffer).address);
    this.pipe = new Pipe({
      streams: near,
      side: 'parent',
      afterTurn,
      maxFrameBytes,
      // The cell takes what its parent sends: the images of a subtree may be one batch.
      maxSentFrameBytes: MAX_FRAME_BYTES,
      ...(congested === undefined ? {} : { congested }),
      heard: () => {
        this.#ran = true;
        cancelTimeout();
        // The streams of one that was there before are where they belong.
        if (early !== undefined) near.output.uncork();
        this.#running();
      },
      violation: (problem) => this.#pipeViolated(problem),
      ended: () => this.#ended(),
    });
    const cancelTimeout = clock.after(options.startTimeoutMs, () => {
      this.#give('start-timeout', `it said nothing within ${options.startTimeoutMs} ms`);
    });
    this.#cancels.push(cancelTimeout);
    if (early !== undefined) this.#adopt(early);
    this.#offer?.far.then(
      (far) => {
        if (far !== undefined) this.#spawn(far);
        for (const socket of [...(far ?? []), ...(options.direct ?? [])]) socket.destroy();
        near.output.uncork();
        // It was ended before there was a process.
        if (far === undefined) this.#exited(null, null);
      },
      (error: unknown) => this.#notStarted(error),
    );
  }

  /** Of the process that was started; undefined until there is one. */
  get pid(): number | undefined {
    return this.#child?.pid;
  }

  /** The process that runs the cell's code, as /proc shows it; undefined while there is none. */
  get nodePid(): number | undefined {
    const { familyPid } = this;
    const { walls, machine } = this.#options;
    return familyPid !== undefined && hasWaitingShell(walls, machine) ? firstChildOf(familyPid) : familyPid;
  }

  /** That process, or what waits for it in its process namespace and inherits what is left behind there. */
  get familyPid(): number | undefined {
    const pid = this.pid === undefined ? undefined : shownNumber(this.pid);
    return pid !== undefined && hasOwnProcessNamespace(this.#options.walls) ? firstChildOf(pid) : pid;
  }

  /** Sets the one observer of the end; called exactly once, also if it ended before. */
  onEnd(observer: (end: CellEnd) => void): void {
    this.#observer = observer;
    if (this.#end !== undefined) observer(this.#end);
  }

  /** Private memory that its Node took before anything of the tree ran in it, MB; undefined until it has said hello. */
  get ownDataMb(): number | undefined {
    return this.#ownDataMb;
  }

  /** Limits that the system holds, from now on; those left out stay. Throws the system's error. */
  limit(limits: ProcessLimits & CgroupLimits): void {
    this.#cgroup?.limit(limits);
    if (limits.dataMb !== undefined) void this.#limitData(limits.dataMb);
  }

  /** UTF-16 units that were passed on of what it has printed past its threads. */
  get printed(): number {
    return this.#output.passed;
  }

  /** What it may print, past its threads. */
  set outputBytesPerSecond(most: number) {
    this.#output.bytesPerSecond = most;
  }

  /** Ends it and all that it has started, now; the end is told by `onEnd`. */
  kill(): void {
    this.#give('killed', undefined);
  }

  /** Ends it as one that broke the pipe's protocol: what it said on one of the links is none of it. */
  violated(problem: string): void {
    this.#give('protocol', problem);
  }

  /** Ends it as one that holds a thread which nothing else ends. `path`: whose. */
  holdsStuck(path: string): void {
    this.#give('stuck', `the thread of '${path}' could not be ended`);
  }

  /** A pipe of it has ended: it is about to end, too, or is made to. `pipe`: which, for people. */
  detached(pipe: string): void {
    if (this.#exit !== undefined) return;
    const cancel = this.#options.clock.after(CLOSED_MS, () => {
      this.#give('detached', `it closed ${pipe} and did not end`);
    });
    this.#cancels.push(cancel);
  }

  /** It did not end although it was killed: nothing of it is passed on, and nobody waits for it. */
  abandon(): void {
    this.#output.silence();
    this.#child?.unref();
    this.pipe.close();
    this.#pipeEnded = true;
  }

  #running(): void {
    const { limits, machine, running } = this.#options;
    const { nodePid } = this;
    if (nodePid !== undefined) this.#ownDataMb = dataMbOf(nodePid);
    // Else it was started with it.
    if (limits.dataMb !== undefined && machine.nodeDataMb === undefined) void this.#limitData(limits.dataMb);
    running?.();
  }

  async #limitData(dataMb: number): Promise<void> {
    const { title, warning } = this.#options;
    const { nodePid } = this;
    const own = nodePid === undefined ? undefined : ownNumber(nodePid);
    if (nodePid === undefined || own === undefined || this.#ownDataMb === undefined) return;
    const command = limitDataCommand(this.#options, own, this.#ownDataMb + dataMb);
    if (command === undefined) return;
    const { ok, said } = await runCommand(command);
    // One that has ended meanwhile has no memory, whether or not its end was heard of yet.
    if (!ok && dataMbOf(nodePid) !== undefined)
      warning?.(`The system does not hold the memory of ${title}: ${said}`);
  }

  #spawn(far: FarStreams): void {
    const { walls, machine, limits, title, file, code, early, cwd, direct, settings } = this.#options;
    const { maxFrameBytes = DEFAULT_FRAME_BYTES } = this.#options;
    const setup: CellSetup = {
      ...(code === undefined ? {} : { code }),
      ...(early === undefined ? {} : { early }),
      direct: direct !== undefined,
      maxFrameBytes,
      ...(walls.has('oomScore') ? { oomScore: OOM_SCORE } : {}),
      ...(settings === undefined ? {} : { settings }),
    };
    try {
      const held = CONTROLLERS.filter((controller) => walls.has(controller));
      if (held.length > 0) this.#cgroup = CellCgroup.make(held, machine, title, limits);
      const execArgv = [titled(title), ...this.#options.execArgv];
      const [command = '', ...words] = cellCommand({
        walls,
        machine,
        limits,
        cgroups: this.#cgroup?.folders ?? [],
        node: [process.execPath, ...execArgv, file, JSON.stringify(setup)],
      });
      const child = spawn(command, words, {
        env: CELL_ENVIRONMENT,
        ...(cwd === undefined ? {} : { cwd }),
        // A session of its own: no terminal reaches it, and its group can be killed as one.
        detached: true,
        stdio: ['ignore', 'pipe', 'pipe', ...far, ...(direct ?? [])],
      });
      this.#child = child;
      child.once('error', (error) => {
        if (child.pid === undefined) this.#notStarted(error);
      });
      child.once('exit', (exitCode, signal) => {
        const passedOn = hasWaitingShell(walls, machine) ? signalOfExit(exitCode) : null;
        this.#exited(passedOn === null ? exitCode : null, passedOn ?? signal);
      });
      // There are none where there was no process to be had.
      if (child.stdout) this.#output.read('stdout', child.stdout);
      if (child.stderr) this.#output.read('stderr', child.stderr);
    } catch (error) {
      this.#notStarted(error);
    }
  }

  #adopt(offer: EarlyOffer): void {
    const child = new EarlyChild(offer, this.#options.clock, (exitCode, signal) =>
      this.#exited(exitCode, signal),
    );
    this.#child = child;
    this.#output.read('stdout', child.stdout);
    this.#output.read('stderr', child.stderr);
  }

  #notStarted(error: unknown): void {
    if (this.#cause === 'itself') {
      this.#cause = 'not-started';
      this.#problem = error instanceof Error ? error.message : String(error);
    }
    this.#exited(null, null);
  }

  #pipeViolated({ kind, text }: PipeProblem): void {
    // Cut off inside a frame: as by any kill. The exit says more.
    if (kind !== 'cut-off') this.#give('protocol', text);
  }

  /** Why it has to end; the first reason counts. */
  #give(cause: CellEnd['cause'], problem: string | undefined): void {
    if (this.#exit !== undefined) return;
    if (this.#cause === 'itself') {
      this.#cause = cause;
      this.#problem = problem;
    }
    this.#offer?.withdraw();
    this.#killAll();
  }

  /** Also after its end: a group lives as long as somebody is in it, and until then its number is nobody else's. */
  #killAll(): void {
    killGroup(this.#child?.pid);
    this.#cgroup?.kill();
    if (this.#child instanceof EarlyChild) this.#child.expectEnd();
  }

  #exited(exitCode: number | null, signal: NodeJS.Signals | null): void {
    if (this.#exit !== undefined) return;
    this.#exit = { exitCode, signal };
    for (const cancel of this.#cancels) cancel();
    this.#killAll();
    if (this.#pipeEnded) this.#report();
    else this.pipe.finish();
  }

  #ended(): void {
    this.#pipeEnded = true;
    if (this.#exit !== undefined) this.#report();
    else {
      if (this.#child instanceof EarlyChild) this.#child.expectEnd();
      this.detached('its pipe');
    }
  }

  #report(): void {
    if (this.#reported || this.#exit === undefined) return;
    this.#reported = true;
    const end: CellEnd = {
      ...this.#exit,
      ran: this.#ran,
      cause: this.#cause,
      problem: this.#problem,
      oomKills: this.#cgroup?.oomKills() ?? 0,
    };
    // What it printed last is read in this turn or the next.
    setImmediate(() => {
      setImmediate(() => {
        this.#output.close();
        void this.#removeCgroup().then(this.#cleared);
        this.#end = end;
        this.#observer?.(end);
      });
    });
  }

  async #removeCgroup(): Promise<void> {
    const { title, clock, warning } = this.#options;
    if ((await this.#cgroup?.remove(clock)) === false) {
      warning?.(`something in the cgroup of ${title} did not end: ${this.#cgroup?.folders.join(', ') ?? ''}`);
    }
  }
}
