/**
 * One cell behind its wall: what it uses is held to its limits, what it says besides its kernel's words is
 * checked, and how it ended is told by what was seen from here.
 */
import type { WallEnd, WallLimits } from '../kernel/wall.js';
import { overShare, type LimitExceeded } from '../threads/guard.js';
import { isWithin } from '../node-path.js';
import type { LimitChange } from '../threads/limit-changes.js';
import { STDIO_BYTES_PER_SECOND } from '../threads/limits.js';
import { OutputQuota } from '../threads/output-quota.js';
import { NO_USE, readUse, together, type Use } from '../threads/use.js';
import type { OutputStream } from '../threads/wall-messages.js';
import type { CellEntry, CellGuard, CellLimits } from './cell-guard.js';
import { NO_SYSTEM_LIMITS, systemLimits } from './cell-limits.js';
import { machineInside } from './machine-inside.js';
import type { Machine } from './walls.js';
import { decodeFromCell, encodeToCell, type ToCell } from './cell-messages.js';
import { CellProcess, type CellEnd, type CellOptions } from './cell-process.js';

const ANSWER_WITHIN_MS = 500;

export interface WalledCellOptions extends Omit<
  CellOptions,
  'limits' | 'output' | 'outputBytesPerSecond' | 'running' | 'warning'
> {
  /** Of the process as a whole. */
  readonly limits: WallLimits;
  readonly guard: CellGuard;
  /** Private memory that its Node takes for itself, MB, as soon as that shows. */
  ownData(mb: number | undefined): void;
  output(path: string, stream: OutputStream, text: string, dropped: number): void;
  warning(problem: string): void;
  /** The system does not tell what a process uses: its limits are not held. */
  unheld(): void;
}

export class WalledCell {
  readonly title: string;
  readonly process: CellProcess;
  readonly #options: WalledCellOptions;
  /** Who is limited does not keep the count: what its kernel has counted is counted again. */
  readonly #quota: OutputQuota;
  #limits: WallLimits;
  #guarded: CellEntry | undefined;
  #exceeded: LimitExceeded | undefined;
  #broken = false;
  readonly #asked = new Map<number, (use: Use | undefined) => void>();
  #lastAsked = 0;

  /** Starts at once. */
  constructor(options: WalledCellOptions) {
    const { title, limits, clock, output, warning } = options;
    this.title = title;
    this.#options = options;
    this.#limits = limits;
    this.#quota = new OutputQuota(printed(limits), () => clock.now());
    this.process = new CellProcess({
      ...options,
      limits: systemLimits(limits),
      outputBytesPerSecond: printed(limits),
      output: (stream, text, dropped) => {
        output(title, stream, text, dropped);
      },
      warning,
      running: () => {
        this.#running();
      },
    });
    this.process.pipe.wall.receive({
      batch: (bytes) => {
        this.#heard(bytes);
      },
      end: () => undefined,
    });
    void this.process.cleared.then(() => {
      if (this.#guarded !== undefined) options.guard.forget(this.#guarded);
      for (const id of [...this.#asked.keys()]) this.#answered(id, undefined);
    });
  }

  onEnd(observer: (end: WallEnd) => void): void {
    this.process.onEnd((end) => {
      observer(this.#exceeded === undefined ? evidenceOf(end) : ended('limit', this.#exceeded));
    });
  }

  /** Of those at that path and below. One that does not answer within half a second is known from outside only. */
  async use(path: string): Promise<Use> {
    const { clock } = this.#options;
    const id = ++this.#lastAsked;
    const inside = await new Promise<Use | undefined>((resolve) => {
      const cancel = clock.after(ANSWER_WITHIN_MS, () => this.#answered(id, undefined));
      this.#asked.set(id, (use) => {
        cancel();
        resolve(use);
      });
      this.#say({ tag: 'use', id, path });
    });
    if (!isWithin(this.title, path)) return inside ?? NO_USE;
    const seen = this.#guarded?.use(clock.now());
    const printed = this.#quota.passed + this.process.printed;
    const own = { path: this.title, memoryMb: seen?.privateMb, cpuMs: seen?.cpuMs, printed };
    return together([{ threads: [], cells: [own] }, inside ?? NO_USE]);
  }

  #answered(id: number, use: Use | undefined): void {
    const answered = this.#asked.get(id);
    this.#asked.delete(id);
    answered?.(use);
  }

  /** Of itself, or of something in it. */
  setLimits(change: LimitChange): void {
    const { path, process } = change;
    if (path === this.title && process !== undefined) this.#limitTo(process.to);
    if (isWithin(path, this.title)) this.#say({ tag: 'limits', change });
  }

  /** What was found out after it was started. */
  tell(machine: Machine): void {
    this.#say({ tag: 'machine', machine: machineInside(machine, this.#options.walls) });
  }

  #limitTo(limits: WallLimits): void {
    this.#limits = limits;
    if (this.#guarded !== undefined) this.#options.guard.limit(this.#guarded, this.#guardLimits());
    this.#quota.bytesPerSecond = printed(limits);
    this.process.outputBytesPerSecond = printed(limits);
    this.#limitBySystem();
  }

  #limitBySystem(): void {
    try {
      this.process.limit({ ...NO_SYSTEM_LIMITS, ...systemLimits(this.#limits) });
    } catch (error) {
      this.#options.warning(`The system did not take the new limits of '${this.title}': ${String(error)}`);
    }
  }

  /** Its limits are held from now on: nothing of the tree has run in it yet. */
  #running(): void {
    const { limits, guard, ownData, warning, unheld } = this.#options;
    const { familyPid, ownDataMb } = this.process;
    ownData(ownDataMb);
    // They were changed while it started.
    if (this.#limits !== limits) this.#limitBySystem();
    const guarded = {
      limits: this.#guardLimits(),
      collect: () => {
        this.#say({ tag: 'collect' });
      },
      onLimit: (exceeded: LimitExceeded) => {
        this.#exceeded = exceeded;
        this.process.kill();
      },
      onOverShare: (used: number) => {
        warning(overShare(this.title, used));
      },
    };
    this.#guarded = familyPid === undefined ? undefined : guard.watch(guarded, familyPid);
    const { memoryMb, cpu } = this.#guardLimits();
    if (this.#guarded === undefined && (memoryMb ?? cpu) !== undefined) unheld();
  }

  /** Where a cgroup holds the share there is nothing to judge: the cell uses that, and no more. */
  #guardLimits(): CellLimits {
    const { memoryMb, cpu } = this.#limits;
    return { memoryMb, cpu: this.#options.walls.has('cpu') ? undefined : cpu };
  }

  #say(message: ToCell): void {
    this.process.pipe.wall.send(encodeToCell(message));
  }

  #heard(bytes: Uint8Array): void {
    if (this.#broken) return;
    const { output, warning, clock } = this.#options;
    const said = decodeFromCell(bytes);
    if (said === undefined) this.#violated('a message that the walls of a cell do not send');
    else if (said.tag === 'stuck' && isWithin(said.path, this.title)) this.process.holdsStuck(said.path);
    else if (said.tag === 'stuck') this.#violated('a thread of somebody outside of the cell');
    else if (said.tag === 'collected') this.#guarded?.collected(clock.now());
    else if (said.tag === 'use') {
      const use = readUse(said.use, this.title);
      if (use === undefined) this.#violated('use of somebody outside of the cell');
      else this.#answered(said.id, use);
    } else if (said.tag === 'warning') warning(`${this.title}: ${this.#quota.take(said.problem)}`);
    else if (isWithin(said.path, this.title)) {
      const text = this.#quota.take(said.text, said.stream === 'log');
      output(said.path, said.stream, text, this.#quota.takeDropped() + said.dropped);
    } else this.#violated('output of somebody outside of the cell');
  }

  #violated(problem: string): void {
    // What came with it is not believed either, until it is gone.
    this.#broken = true;
    this.process.violated(problem);
  }
}

function printed({ stdioBytesPerSecond = STDIO_BYTES_PER_SECOND }: WallLimits): number {
  return stdioBytesPerSecond;
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
