/**
 * The cgroup of one cell: what it may use, whether the system had to kill in it, and the means to end all that
 * runs in it. Of version 1 it is a folder for each controller, of version 2 one for all.
 */
import { randomBytes } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Clock } from '../clock.js';
import type { Controller, Machine } from './walls.js';

/** Positive numbers; Infinity for none. What is left out is not held. */
export interface CgroupLimits {
  /** MB, all that the cell's processes hold. At the limit the system kills. */
  readonly memoryMb?: number;
  /** Processors: 0.5 is half of one. */
  readonly cpus?: number;
  /** Processes and threads. */
  readonly pids?: number;
}

const BYTES_PER_MB = 1024 * 1024;
const PERIOD_US = 100_000;
/** The system takes no smaller share. */
const LEAST_QUOTA_US = 1_000;
const REMOVE_WITHIN_MS = 2_000;
const REMOVE_EVERY_MS = 10;
/** With the host's process id, so that nobody takes a living one for left over. */
const NAME = /^espalier-(\d+)-/;
const MOST_TITLE = 150;

interface Held {
  readonly controller: Controller;
  readonly version: 1 | 2;
  readonly folder: string;
}

export class CellCgroup {
  readonly #held: readonly Held[];

  private constructor(held: readonly Held[]) {
    this.#held = held;
  }

  /** Throws the system's error; then nothing is left of it. */
  static make(
    controllers: readonly Controller[],
    machine: Machine,
    title: string,
    limits: CgroupLimits,
  ): CellCgroup {
    // A cell that is started again need not wait for the cgroup of its last life to be gone.
    const life = randomBytes(4).toString('hex');
    const name = `espalier-${machine.host}-${life}-${title.replace(/[^\w.-]+/g, '-').slice(-MOST_TITLE)}`;
    const held = controllers.flatMap((controller) => {
      const base = machine.cgroups[controller];
      if (base === undefined) return [];
      return [{ controller, version: base.version, folder: join(base.folder, name) }];
    });
    const made: string[] = [];
    try {
      for (const folder of new Set(held.map((one) => one.folder))) {
        mkdirSync(folder);
        made.push(folder);
      }
      const cgroup = new CellCgroup(held);
      cgroup.limit(limits);
      return cgroup;
    } catch (error) {
      for (const folder of made) rmdirSync(folder);
      throw error;
    }
  }

  /** Removes what hosts that were killed could not remove any more. `alive`: whether there is such a process. */
  static sweep(machine: Machine, alive: (pid: number) => boolean): void {
    for (const folder of new Set(Object.values(machine.cgroups).map((base) => base.folder))) {
      for (const name of namesIn(folder)) {
        const owner = NAME.exec(name)?.[1];
        if (owner !== undefined && !alive(Number(owner))) removed(join(folder, name));
      }
    }
  }

  /** Who is to be in it writes `0` to the file `cgroup.procs` of each. */
  get folders(): readonly string[] {
    return [...new Set(this.#held.map(({ folder }) => folder))];
  }

  /** Sets limits, now or later; those left out stay. Throws the system's error. */
  limit({ memoryMb, cpus, pids }: CgroupLimits): void {
    for (const { controller, version, folder } of this.#held) {
      const set = (file: string, value: string): void => writeFileSync(join(folder, file), value);
      if (controller === 'memory' && memoryMb !== undefined) setMemory(version, memoryMb, folder);
      if (controller === 'pids' && pids !== undefined)
        set('pids.max', Number.isFinite(pids) ? String(Math.ceil(pids)) : 'max');
      if (controller !== 'cpu' || cpus === undefined) continue;
      const quotaUs = Math.max(LEAST_QUOTA_US, Math.round(cpus * PERIOD_US));
      if (version === 1) set('cpu.cfs_quota_us', Number.isFinite(cpus) ? String(quotaUs) : '-1');
      else set('cpu.max', `${Number.isFinite(cpus) ? quotaUs : 'max'} ${PERIOD_US}`);
    }
  }

  /** How often the system has killed in it because its memory was used up. */
  oomKills(): number {
    const held = this.#held.find(({ controller }) => controller === 'memory');
    if (held === undefined) return 0;
    const file = held.version === 1 ? 'memory.oom_control' : 'memory.events';
    const found = /^oom_kill (\d+)$/m.exec(readOr(join(held.folder, file), ''));
    return Number(found?.[1] ?? 0);
  }

  /** Kills all that is in it. What is being started at that moment may escape; `remove` looks again. */
  kill(): void {
    for (const { controller, version, folder } of this.#held) {
      if (version === 2 && wrote(join(folder, 'cgroup.kill'), '1')) continue;
      if (controller === 'pids') wrote(join(folder, 'pids.max'), '0');
      for (const line of readOr(join(folder, 'cgroup.procs'), '').split('\n')) {
        // 0: a process that cannot be seen from here.
        if (Number(line) > 0) killOne(Number(line));
      }
    }
  }

  /** Kills what is left in it and removes it. False if something would not end within 2 s. */
  async remove(clock: Clock): Promise<boolean> {
    const began = clock.now();
    for (;;) {
      this.kill();
      if (this.folders.map(removed).every(Boolean)) return true;
      if (clock.now() - began > REMOVE_WITHIN_MS) return false;
      await new Promise<void>((resolve) => {
        clock.after(REMOVE_EVERY_MS, resolve);
      });
    }
  }
}

function setMemory(version: 1 | 2, memoryMb: number, folder: string): void {
  const none = version === 1 ? '-1' : 'max';
  const bytes = Number.isFinite(memoryMb) ? String(Math.round(memoryMb * BYTES_PER_MB)) : none;
  const files =
    version === 1
      ? ['memory.limit_in_bytes', 'memory.memsw.limit_in_bytes']
      : ['memory.max', 'memory.swap.max'];
  const [memory = '', swap = ''] = files.map((file) => join(folder, file));
  const withoutSwap = version === 1 ? bytes : '0';
  // Memory and swap together may not be below memory: which comes first depends on which way the limit moves.
  const swapFirst = wrote(swap, withoutSwap);
  writeFileSync(memory, bytes);
  // Where swap is not accounted there is no such file.
  if (!swapFirst) wrote(swap, withoutSwap);
}

function readOr(file: string, otherwise: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return otherwise;
  }
}

function wrote(file: string, text: string): boolean {
  try {
    writeFileSync(file, text);
    return true;
  } catch {
    return false;
  }
}

function namesIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

function removed(folder: string): boolean {
  try {
    rmdirSync(folder);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ENOENT';
  }
}

function killOne(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It has ended meanwhile.
  }
}
