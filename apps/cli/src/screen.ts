/**
 * What the command prints: whole lines on two streams, and on a terminal one status line below them that
 * is wiped before each line and drawn again after it. Elsewhere there is no status line at all.
 */
export interface Stream {
  readonly isTTY?: boolean;
  readonly columns?: number;
  write(text: string): unknown;
}

const WIPE = '\r\x1b[2K';

export class Screen {
  readonly out: Stream;
  readonly err: Stream;
  readonly #terminal: Stream | undefined;
  #status = '';

  constructor(out: Stream, err: Stream) {
    this.out = out;
    this.err = err;
    this.#terminal = [err, out].find((stream) => stream.isTTY === true);
  }

  /** Whether a status line is seen by anybody. */
  get hasStatus(): boolean {
    return this.#terminal !== undefined;
  }

  line(stream: Stream, text: string): void {
    if (this.#terminal === undefined || this.#status === '') {
      stream.write(`${text}\n`);
      return;
    }
    this.#terminal.write(WIPE);
    stream.write(`${text}\n`);
    this.#draw(this.#terminal);
  }

  /** Replaces the status line; empty for none. */
  status(text: string): void {
    if (this.#terminal === undefined || text === this.#status) return;
    if (this.#status !== '') this.#terminal.write(WIPE);
    this.#status = text;
    this.#draw(this.#terminal);
  }

  #draw(terminal: Stream): void {
    if (this.#status === '') return;
    // A line that wraps could not be wiped. Some terminals say that they have no columns at all.
    terminal.write(this.#status.slice(0, (terminal.columns || 80) - 1));
  }
}
