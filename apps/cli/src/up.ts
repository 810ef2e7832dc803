/**
 * `espalier up FILE`: the tree of a spec file in the foreground, until it ends of itself or a signal stops
 * it. A daemon in this process runs it, and is spoken to as any other. Whatever way it goes, nothing is left
 * running and the exit code says how it went.
 */
import { endProcess } from '@espalier/core/internal/host.js';
import { startLocalDaemon, type LocalDaemon } from '@espalier/daemon/local';
import { AdminClient, type EventEntry } from '@espalier/supervisor/client';
import { paintFor } from './colour.js';
import { errorReport, errorText, type ErrorReport, type ReportedProblem } from './error-text.js';
import { jsonLog } from './json-log.js';
import { Outcome } from './outcome.js';
import { problemText } from './problem-text.js';
import { specToApply } from './spec-text.js';
import { Reporter } from './reporter.js';
import { Screen } from './screen.js';
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
    const known = tree.problemOf(error);
    const told = options.json ? problemText(error, known) : errorText(errorReport(error, file, known));
    process.stderr.write(`${told}\n`);
    return tree.stuck ? await endProcess(1, { stuck: true }) : 1;
  } finally {
    signals.close();
  }
}

/** That it starts is told node by node; why it did not, by the error. */
const UNTOLD = new Set(['applying', 'applied', 'apply-undone']);

class Running {
  readonly #file: string;
  readonly #options: UpOptions;
  readonly #reporter: Reporter;
  readonly #daemon: LocalDaemon;
  readonly #client: AdminClient;
  readonly #outcome = new Outcome();
  #problems: StartProblems | undefined;
  #ended = (): void => undefined;
  stuck = false;

  constructor(file: string, options: UpOptions, reporter: Reporter) {
    this.#file = file;
    this.#options = options;
    this.#reporter = reporter;
    this.#daemon = startLocalDaemon({
      nowMs: () => Date.now(),
      say: (line) => {
        reporter.warning(line);
      },
    });
    this.#client = new AdminClient({ connection: this.#daemon.connection });
  }

  /** The exit code. */
  async run(asked: Promise<unknown>): Promise<number> {
    const read = Promise.all([this.#readEvents(), this.#readLogs()]);
    let how: 'asked' | 'ended';
    try {
      const stopping = asked.then(() => {
        this.#reporter.stopping();
        return 'asked' as const;
      });
      how = await Promise.race([this.#runs(), stopping]);
    } finally {
      const stuck = await this.#daemon.stop();
      if (stuck.length > 0) this.stuck = true;
      await read;
    }
    return how === 'asked' || this.#outcome.asIntended ? 0 : 1;
  }

  problemOf(error: unknown): ReportedProblem | undefined {
    return this.#problems?.of(error);
  }

  /** Resolves when the tree has ended. */
  async #runs(): Promise<'ended'> {
    const ended = new Promise<void>((resolve) => {
      this.#ended = resolve;
    });
    const { request, tree, locate } = await specToApply(this.#file, this.#options.set);
    this.#problems = new StartProblems(this.#file, tree, locate);
    this.#reporter.starting();
    await this.#client.apply(request);
    await ended;
    return 'ended';
  }

  async #readEvents(): Promise<void> {
    for await (const read of this.#client.events({ follow: true })) {
      if (read.kind === 'entry') this.#see(read.entry);
    }
  }

  async #readLogs(): Promise<void> {
    for await (const read of this.#client.logs({ follow: true, progress: true })) {
      if (read.kind === 'entry') this.#reporter.output(read.entry);
      else this.#reporter.warning('more was printed at once than can be shown: a part is missing here');
    }
  }

  #see(entry: EventEntry): void {
    if (entry.event === 'stuck') this.stuck = true;
    this.#outcome.see(entry);
    this.#problems?.see(entry);
    if (!UNTOLD.has(entry.event)) this.#reporter.event(entry);
    if (this.#outcome.ended) this.#ended();
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
