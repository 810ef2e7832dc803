/** Cells for tests: started, spoken with, and ended with the test. */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { test } from '@jest/globals';
import { CellProcess, type CellEnd, type CellOptions } from '../../src/cells/cell-process.js';
import { probeMachine } from '../../src/cells/probe.js';
import type { Machine, WallName } from '../../src/cells/walls.js';
import { nodeAfterTurn } from '../../src/threads/node-after-turn.js';
import { nodeClock } from '../../src/threads/node-clock.js';

export const CELL_FILE = fileURLToPath(new URL('./cell-fixture.mjs', import.meta.url));

export interface Answer {
  readonly value?: unknown;
  readonly error?: string;
  readonly code?: string;
}

export interface Printed {
  readonly stream: string;
  readonly text: string;
  readonly dropped: number;
}

export class TestCell {
  readonly cell: CellProcess;
  readonly title: string;
  readonly ended: Promise<CellEnd>;
  readonly ends: CellEnd[] = [];
  readonly printed: Printed[] = [];
  readonly warnings: string[] = [];
  /** How the link had ended when the cell's end was told. */
  linkEnds = 0;
  readonly #answers: Answer[] = [];
  readonly #waiting: { resolve(answer: Answer): void; reject(error: Error): void }[] = [];

  constructor(options: CellOptions) {
    this.title = options.title;
    this.cell = new CellProcess({
      ...options,
      output: (stream, text, dropped) => this.printed.push({ stream, text, dropped }),
      warning: (problem) => this.warnings.push(problem),
    });
    this.ended = new Promise((resolve) =>
      this.cell.onEnd((end) => {
        this.ends.push(end);
        resolve(end);
        for (const { reject } of this.#waiting.splice(0)) reject(this.#over());
      }),
    );
    this.cell.pipe.control.receive({
      batch: (bytes) => {
        const answer = JSON.parse(new TextDecoder().decode(bytes)) as Answer;
        const waiting = this.#waiting.shift();
        if (waiting === undefined) this.#answers.push(answer);
        else waiting.resolve(answer);
      },
      end: () => {
        this.linkEnds += 1;
      },
    });
  }

  /** The next answer that nobody has taken; rejects if the cell ends before. */
  next(): Promise<Answer> {
    const answer = this.#answers.shift();
    if (answer !== undefined) return Promise.resolve(answer);
    if (this.ends.length > 0) return Promise.reject(this.#over());
    return new Promise((resolve, reject) => this.#waiting.push({ resolve, reject }));
  }

  #over(): Error {
    return new Error(`no answer: the cell has ended: ${JSON.stringify(this.ends[0])} ${this.text}`);
  }

  get unread(): readonly Answer[] {
    return this.#answers;
  }

  post(source: string): void {
    this.cell.pipe.control.send(new TextEncoder().encode(source));
  }

  run(source: string): Promise<Answer> {
    this.post(source);
    return this.next();
  }

  get text(): string {
    return this.printed.map(({ text }) => text).join('');
  }
}

export interface CellSetting extends Partial<Omit<CellOptions, 'walls'>> {
  readonly walls?: readonly WallName[];
}

let machine: Promise<Machine> | undefined;
let count = 0;
const running: TestCell[] = [];

/** Probed once for all tests of a file. */
export function thisMachine(): Promise<Machine> {
  machine ??= probeMachine({ files: [CELL_FILE] });
  return machine;
}

/** ESPALIER_REQUIRE=cells: these must be there, so their tests run, and fail where they are not. */
const REQUIRED: readonly WallName[] = process.env['ESPALIER_REQUIRE']?.split(',').includes('cells')
  ? ['user', 'rlimits']
  : [];

/** A test of walls; skipped where the machine does not offer them. */
export function testOf(machine: Machine, ...walls: readonly WallName[]): typeof test | typeof test.skip {
  const runs = walls.every((wall) => machine.walls[wall].available || REQUIRED.includes(wall));
  return runs ? test : test.skip;
}

/** A cell that may not have started yet. */
export async function beginCell(setting: CellSetting = {}): Promise<TestCell> {
  const { walls = [], ...rest } = setting;
  count += 1;
  const cell = new TestCell({
    file: CELL_FILE,
    execArgv: [],
    title: `test-${count}`,
    machine: await thisMachine(),
    walls: new Set(walls),
    limits: {},
    startTimeoutMs: 20_000,
    outputBytesPerSecond: 100_000,
    clock: nodeClock(),
    afterTurn: nodeAfterTurn,
    ...rest,
  });
  running.push(cell);
  return cell;
}

export async function startCell(setting: CellSetting = {}): Promise<TestCell> {
  const cell = await beginCell(setting);
  await cell.next();
  return cell;
}

export async function endCells(): Promise<void> {
  for (const { cell, ended } of running.splice(0)) {
    cell.kill();
    await ended;
    await cell.cleared;
  }
}

/** Whether there is such a process that has not ended. */
export function lives(pid: number): boolean {
  try {
    // A zombie that nobody has waited for is no process any more.
    return !/\) Z /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return false;
  }
}

export async function gone(pid: number): Promise<boolean> {
  const began = performance.now();
  while (lives(pid)) {
    if (performance.now() - began > 30_000) return false;
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  return true;
}
