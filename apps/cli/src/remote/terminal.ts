/** What a command that talks to a daemon prints, and on what. */
import { paintFor, type Paint } from '../colour.js';
import { Screen } from '../screen.js';

/** Who waits for less is told nothing of it. Milliseconds. */
const PATIENCE_MS = 500;
const TICK_MS = 1000;

export class Terminal {
  readonly paint: Paint;
  readonly json: boolean;
  readonly #screen = new Screen(process.stdout, process.stderr);

  constructor(json: boolean) {
    this.json = json;
    this.paint = paintFor(process.stdout, process.env);
  }

  /** Whether a status line is seen by anybody. */
  get hasStatus(): boolean {
    return this.#screen.hasStatus;
  }

  status(text: string): void {
    this.#screen.status(text);
    if (text !== '' && process.listenerCount('SIGINT') === 0) process.once('SIGINT', this.#interrupted);
  }

  /** Ctrl-C ends us as it would have, with no status line left in front of the prompt. */
  readonly #interrupted = (): void => {
    this.#screen.status('');
    process.kill(process.pid, 'SIGINT');
  };

  line(text: string): void {
    this.#screen.line(this.#screen.out, text);
  }

  /** For people; with `--json`, nothing. */
  note(text: string): void {
    if (!this.json) this.#screen.line(this.#screen.err, text);
  }

  /** A document: as JSON on one line, or as its lines for people. */
  tell(document: unknown, lines: () => readonly string[]): void {
    if (this.json) this.line(JSON.stringify(document));
    else for (const line of lines()) this.line(line);
  }

  /** On a terminal it is seen that something goes on, and for how long. */
  async during<T>(what: string, work: Promise<T>): Promise<T> {
    if (!this.#screen.hasStatus) return work;
    const beganAtMs = performance.now();
    const draw = (): void => {
      const seconds = Math.round((performance.now() - beganAtMs) / TICK_MS);
      this.status(`${what} · ${seconds} s`);
    };
    let ticking: NodeJS.Timeout | undefined;
    const begin = setTimeout(() => {
      draw();
      ticking = setInterval(draw, TICK_MS);
    }, PATIENCE_MS);
    try {
      return await work;
    } finally {
      clearTimeout(begin);
      clearInterval(ticking);
      this.#screen.status('');
    }
  }
}
