/**
 * `espalier up FILE`: the tree of a spec file in the foreground, until it ends of itself or a signal stops
 * it. Whatever way it goes, nothing is left running and the exit code says how it went.
 */
import { endProcess } from '@espalier/core/internal/host.js';
import {
  normaliseSpec,
  readSpecFile,
  start,
  type Host,
  type TreeEvent,
  type TreeSpec,
} from '@espalier/supervisor';
import { paintFor } from './colour.js';
import { errorReport, errorText, type ErrorReport, type ReportedProblem } from './error-text.js';
import { jsonLog } from './json-log.js';
import { Outcome } from './outcome.js';
import { Reporter } from './reporter.js';
import { Screen } from './screen.js';
import { setFields } from './set-fields.js';
import { StartProblems } from './start-problem.js';
import { watchSignals, type StopSignal } from './signals.js';

export interface UpOptions {
  /** One JSON object per line, as pino writes them. */
  readonly json: boolean;
  /** Standard output is the guests' alone, unprefixed; events go to standard error. */
  readonly raw: boolean;
  /** No lines for what goes as intended. */
  readonly quiet: boolean;
  readonly set: readonly string[];
}

/** A start cannot be cut short; so long it is waited for after a signal. Milliseconds. */
const START_PATIENCE_MS = 5000;
/** After a second signal, standard output that nobody reads does not keep us. Milliseconds. */
const KILL_PATIENCE_MS = 3000;

const SIGNAL_CODES: Record<StopSignal, number> = { SIGHUP: 129, SIGINT: 130, SIGTERM: 143 };

/** Resolves with the exit code; the process may end before that, if a thread is stuck. */
export async function up(file: string, options: UpOptions): Promise<number> {
  const screen = new Screen(process.stdout, process.stderr);
  const nowMs = (): number => performance.now();
  const eventStream = options.raw ? process.stderr : process.stdout;
  const reporter = new Reporter(screen, {
    ...options,
    log: options.json ? await jsonLog((line) => screen.line(eventStream, line)) : undefined,
    nowMs,
    paint: paintFor(eventStream, process.env),
  });
  const signals = watchSignals(process, nowMs, (signal) => {
    reporter.close();
    kill(SIGNAL_CODES[signal]);
  });
  const unread = whenUnread();
  const tree = new Running(file, options, reporter);
  try {
    const asked = Promise.race([signals.first, unread.lost]);
    const how = await tree.run(asked);
    reporter.close();
    const { problem } = unread;
    if (problem !== undefined) process.stderr.write(`${errorText(problem)}\n`);
    const code = problem === undefined ? how : 1;
    return tree.stuck ? await endProcess(code, { stuck: true }) : code;
  } catch (error) {
    reporter.close();
    process.stderr.write(`${errorText(errorReport(error, file, tree.problemOf(error)))}\n`);
    return tree.stuck ? await endProcess(1, { stuck: true }) : 1;
  } finally {
    signals.close();
  }
}

class Running {
  readonly #file: string;
  readonly #options: UpOptions;
  readonly #reporter: Reporter;
  readonly #outcome = new Outcome();
  #problems: StartProblems | undefined;
  stuck = false;

  constructor(file: string, options: UpOptions, reporter: Reporter) {
    this.#file = file;
    this.#options = options;
    this.#reporter = reporter;
  }

  /** The exit code. */
  async run(asked: Promise<unknown>): Promise<number> {
    const starting = this.#start();
    const first = await Promise.race([starting, asked.then(() => undefined)]);
    const host = first ?? (await this.#interrupted(starting));
    const stopped = host.ended.then(() => 'ended' as const);
    const how = await Promise.race([stopped, asked.then(() => 'asked' as const)]);
    if (how === 'asked') this.#reporter.stopping();
    const { stuck } = await host.stop();
    if (stuck.length > 0) this.stuck = true;
    return how === 'asked' || this.#outcome.asIntended ? 0 : 1;
  }

  problemOf(error: unknown): ReportedProblem | undefined {
    return this.#problems?.of(error);
  }

  async #start(): Promise<Host> {
    const { input, base, locate } = await readSpecFile(this.#file);
    setFields(input, this.#options.set);
    // Checked here first: only here it is known where in the file each part stands.
    this.#problems = new StartProblems(this.#file, normaliseSpec(input, { base, locate }), locate);
    this.#reporter.starting();
    return start(input as TreeSpec, {
      base: new URL(base),
      onEvent: (event) => {
        this.#see(event);
      },
      onOutput: (path, stream, text, dropped) => {
        this.#reporter.output(path, stream, text, dropped);
      },
      onWarning: (problem) => {
        this.#reporter.warning(problem);
      },
    });
  }

  #see(event: TreeEvent): void {
    if (event.kind === 'stuck') this.stuck = true;
    this.#outcome.see(event);
    this.#problems?.see(event);
    this.#reporter.event(event);
  }

  async #interrupted(starting: Promise<Host>): Promise<Host> {
    this.#reporter.stopping();
    let timer: NodeJS.Timeout | undefined;
    const patience = new Promise<'over'>((resolve) => {
      timer = setTimeout(resolve, START_PATIENCE_MS, 'over' as const);
    });
    const host = await Promise.race([starting, patience]);
    clearTimeout(timer);
    return host === 'over' ? endProcess(0, { stuck: true }) : host;
  }
}

function kill(code: number): void {
  void endProcess(code, { stuck: true });
  setTimeout(() => process.kill(process.pid, 'SIGKILL'), KILL_PATIENCE_MS);
}

interface Unread {
  /** Resolves when nothing more can be said: then the tree stops. */
  readonly lost: Promise<void>;
  /** What is to be told of it: nothing where who reads us has gone (`espalier up … | head`). */
  readonly problem: ErrorReport | undefined;
}

function whenUnread(): Unread {
  let problem: ErrorReport | undefined;
  const lost = new Promise<void>((resolve) => {
    for (const stream of [process.stdout, process.stderr]) {
      stream.on('error', ({ code = 'unexpected', message }: NodeJS.ErrnoException) => {
        const remedy = 'Make room, or send the output elsewhere.';
        if (code !== 'EPIPE')
          problem ??= { code, message: `output cannot be written: ${message}`, problems: [{ remedy }] };
        resolve();
      });
    }
  });
  return {
    lost,
    get problem() {
      return problem;
    },
  };
}
