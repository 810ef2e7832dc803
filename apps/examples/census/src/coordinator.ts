/**
 * The coordinator: hands each file that the walker finds to a parser that is free, tells the statistics
 * what came of it, and in the end proves that no file was lost. Its result is the report.
 */
import { task, type Context } from '@espalier/core';
import { checkComplete } from './check-complete.js';
import { Downs } from './downs.js';
import { Lane, type Verdict } from './lane.js';
import { reportLine, reportText, type Report } from './report.js';

interface Args {
  /** The parsers' names. */
  readonly parsers: readonly string[];
  /** For one file. */
  readonly timeoutMs: number;
  /** The report as one line of JSON; default: for people. */
  readonly json?: boolean;
}

type Walker = typeof import('./walker.js');
type Statistics = typeof import('./statistics.js');

const PATHS_AT_ONCE = 500;
const PROGRESS_MS = 200;
/** The walker reads folders and the statistics may have much to do; neither is ever given up. */
const PATIENCE = { timeoutMs: 600_000 };

class Census {
  readonly #context: Context;
  readonly #files: string[] = [];
  #walked = false;
  #moreFiles: (() => void)[] = [];
  #next = 0;
  #done = 0;
  #quarantined = 0;

  constructor(context: Context) {
    this.#context = context;
  }

  /** Runs until the walker has no more. */
  async gather(): Promise<void> {
    const walker = this.#context.ref<Walker>('walker').with(PATIENCE);
    for (;;) {
      const paths = await walker.call.next(this.#files.length, PATHS_AT_ONCE);
      this.#walked = paths.length === 0;
      this.#files.push(...paths);
      for (const wake of this.#moreFiles.splice(0)) wake();
      if (this.#walked) return;
    }
  }

  /** Runs until every file is done. */
  async work(lane: Lane): Promise<void> {
    for (let path = await this.#take(); path !== undefined; path = await this.#take()) {
      await this.#note(path, await lane.examine(path));
    }
  }

  progress(): string {
    const found = `${this.#done} of ${this.#files.length}${this.#walked ? '' : '+'} files`;
    return this.#quarantined === 0 ? found : `${found}, ${this.#quarantined} quarantined`;
  }

  async #take(): Promise<string | undefined> {
    while (this.#next === this.#files.length && !this.#walked) {
      await new Promise<void>((resolve) => this.#moreFiles.push(resolve));
    }
    return this.#files[this.#next++];
  }

  async #note(path: string, verdict: Verdict): Promise<void> {
    const { cast } = this.#context.ref<Statistics>('statistics');
    this.#done++;
    if (verdict.outcome === 'parsed') {
      await cast.parsed(path, verdict);
    } else {
      this.#quarantined++;
      await cast.quarantined({ path, reason: verdict.reason, attempts: verdict.attempts });
    }
  }
}

export default task(async ({ parsers, timeoutMs, json = false }: Args, context): Promise<Report> => {
  const beganAt = performance.now();
  const census = new Census(context);
  const downs = new Downs(context);
  const lanes = parsers.map((name) => new Lane(context, downs, name, timeoutMs));
  const showing = setInterval(() => process.stdout.write(`${census.progress()}\r`), PROGRESS_MS);
  await Promise.all([census.gather(), ...lanes.map((lane) => census.work(lane))]);
  clearInterval(showing);
  const statistics = await context.ref<Statistics>('statistics').with(PATIENCE).call.totals();
  const report: Report = {
    ...statistics,
    ...(await checkComplete(context)),
    restarts: lanes.reduce((sum, { restarts }) => sum + restarts, 0),
    seconds: (performance.now() - beganAt) / 1000,
  };
  process.stdout.write(`${json ? reportLine(report) : reportText(report)}\n`);
  return report;
});
