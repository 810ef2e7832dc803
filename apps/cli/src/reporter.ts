/** Everything that `espalier up` says while the tree runs: events, the guests' output, progress. */
import type { EventEntry, LogLine } from '@espalier/supervisor/client';
import type { Logger } from 'pino';
import type { Paint } from './colour.js';
import { logLineText } from './log-line-text.js';
import { elapsedText, recordText } from './record-text.js';
import type { Screen, Stream } from './screen.js';

export interface ReporterOptions {
  /** Gets all that is told, in place of people. */
  readonly log: Logger | undefined;
  readonly raw: boolean;
  readonly quiet: boolean;
  readonly nowMs: () => number;
  readonly paint: Paint;
}

/** The status line has a running time in it. */
const TICK_MS = 1000;

export class Reporter {
  readonly #screen: Screen;
  readonly #options: ReporterOptions;
  readonly #beganAtMs: number;
  readonly #running = new Set<string>();
  #restarts = 0;
  #phase: 'reading' | 'starting' | 'running' | 'stopping' = 'reading';
  /** The last progress, and whose it is. */
  #progress = { path: '', text: '' };
  #ticking: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(screen: Screen, options: ReporterOptions) {
    this.#screen = screen;
    this.#options = options;
    this.#beganAtMs = options.nowMs();
    if (!screen.hasStatus) return;
    this.#ticking = setInterval(() => {
      this.#draw();
    }, TICK_MS);
    this.#ticking.unref();
  }

  starting(): void {
    this.#phase = 'starting';
    this.#draw();
  }

  stopping(): void {
    this.#phase = 'stopping';
    this.#progress = { path: '', text: '' };
    this.#draw();
  }

  event(entry: EventEntry): void {
    if (this.#closed) return;
    this.#count(entry);
    if (this.#options.quiet && isRoutine(entry)) return;
    const { log, paint } = this.#options;
    if (log !== undefined) {
      const { id: _id, at: _at, level, err, ...facts } = entry;
      log[level](
        { ...facts, ...(err === undefined ? {} : { err: pinoError(err) }) },
        `${entry.event} ${entry.path}`,
      );
    } else {
      const text = recordText(entry, elapsedText(this.#elapsedMs), paint);
      if (text !== undefined) this.#screen.line(this.#events, text);
    }
    this.#draw();
  }

  output(line: LogLine): void {
    if (this.#closed) return;
    if (line.progress === true) this.#progress = { path: line.path, text: line.text };
    else this.#printed(line);
    this.#draw();
  }

  warning(problem: string): void {
    if (this.#closed) return;
    this.#screen.line(this.#screen.err, `espalier: ${problem}`);
  }

  /** No status line any more. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    clearInterval(this.#ticking);
    this.#screen.status('');
  }

  get #elapsedMs(): number {
    return this.#options.nowMs() - this.#beganAtMs;
  }

  get #events(): Stream {
    return this.#options.raw ? this.#screen.err : this.#screen.out;
  }

  #printed(line: LogLine): void {
    const { path, stream, text, level, fields } = line;
    const { log, raw, paint } = this.#options;
    // As on a terminal of its own: a line takes the place of its progress.
    if (this.#progress.path === path) this.#progress.text = '';
    const to = stream === 'stdout' ? this.#screen.out : this.#screen.err;
    if (raw) this.#screen.unchanged(to, logLineText(line, paint));
    else if (log !== undefined)
      log[level ?? 'info']({ event: 'output', path, stream, ...(fields && { fields }) }, text);
    else this.#screen.line(to, `${paint('dim', `${path} |`)} ${logLineText(line, paint)}`);
  }

  #count({ event, path }: EventEntry): void {
    switch (event) {
      case 'restarted':
        this.#restarts++;
        this.#running.add(path);
        break;
      case 'started':
        this.#running.add(path);
        break;
      case 'failed':
      case 'ended':
      case 'stopped':
        this.#running.delete(path);
        break;
      default:
        return;
    }
    if (this.#phase === 'starting' && this.#running.size > 0) this.#phase = 'running';
  }

  #draw(): void {
    if (!this.#screen.hasStatus || this.#closed) return;
    const restarts = this.#restarts === 0 ? '' : `, ${this.#restarts} restarts`;
    const progress = this.#progress.text === '' ? '' : ` · ${this.#progress.text}`;
    const state = `${Math.floor(this.#elapsedMs / 1000)} s · ${this.#phase} · ${this.#running.size} up${restarts}`;
    this.#screen.status(`${state}${progress}`);
  }
}

const ROUTINE = new Set([
  'started',
  'ended',
  'ignored',
  'autoShutdown',
  'spawned',
  'spawn-ended',
  'tree-ended',
]);

/** What goes as the spec has it: starts, ends that are no failure, and stops. */
function isRoutine({ event, expected }: EventEntry): boolean {
  return ROUTINE.has(event) || (event === 'stopped' && expected === true);
}

/** An error as pino writes errors: its class is called `type`. */
function pinoError(err: unknown): object {
  const { name, ...facts } = err as { readonly name: string };
  return { type: name, ...facts };
}
