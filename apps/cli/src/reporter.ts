/** Everything that `espalier up` says while the tree runs: events, the guests' output, progress. */
import {
  childPath,
  logEvents,
  OutputLines,
  type Logger,
  type OutputStream,
  type TreeEvent,
} from '@espalier/supervisor';
import type { Paint } from './colour.js';
import { eventText } from './event-text.js';
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
  readonly #output: OutputLines;
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
    this.#output = new OutputLines({
      line: (path, stream, text) => {
        this.#printed(path, stream, text);
      },
      progress: (path, text) => {
        this.#progress = { path, text };
        this.#draw();
      },
    });
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

  event(event: TreeEvent): void {
    if (this.#closed) return;
    this.#count(event);
    if (this.#options.quiet && isRoutine(event)) return;
    const { log } = this.#options;
    if (log !== undefined) {
      logEvents(log)(event);
    } else {
      const text = eventText(event, this.#elapsedMs, this.#options.paint);
      if (text !== undefined) this.#screen.line(this.#events, text);
    }
    this.#draw();
  }

  output(path: string, stream: OutputStream, text: string, dropped: number): void {
    if (this.#closed) return;
    this.#output.take(path, stream, text);
    if (dropped > 0) this.warning(`${path} printed faster than it may: ${dropped} characters are left out`);
  }

  warning(problem: string): void {
    if (this.#closed) return;
    this.#screen.line(this.#screen.err, `espalier: ${problem}`);
  }

  /** The last of the output, and no status line any more. */
  close(): void {
    if (this.#closed) return;
    this.#output.end();
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

  #printed(path: string, stream: OutputStream, text: string): void {
    const { log, raw, paint } = this.#options;
    // As on a terminal of its own: a line takes the place of its progress.
    if (this.#progress.path === path) this.#progress.text = '';
    const to = stream === 'stdout' ? this.#screen.out : this.#screen.err;
    if (raw) this.#screen.line(to, text);
    else if (log !== undefined) log.info({ event: 'output', path, stream }, text);
    else this.#screen.line(to, `${paint('dim', `${path} |`)} ${text}`);
    this.#draw();
  }

  #count(event: TreeEvent): void {
    if (event.kind !== 'supervision') return;
    const path = childPath(event.path, event.event.id);
    switch (event.event.kind) {
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

/** What goes as the spec has it: starts, ends that are no failure, and stops. */
function isRoutine(event: TreeEvent): boolean {
  if (event.kind !== 'supervision') return ['spawned', 'spawn-ended', 'tree-ended'].includes(event.kind);
  const { kind } = event.event;
  if (kind === 'stopped') return event.event.expected;
  return kind === 'started' || kind === 'ended' || kind === 'ignored' || kind === 'autoShutdown';
}
