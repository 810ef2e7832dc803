/**
 * What the command prints: whole lines on two streams, and on a terminal one status line below them that
 * is wiped before each line and drawn again after it. Elsewhere there is no status line at all.
 */
import { harmless, plain } from './harmless.js';

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
    this.unchanged(stream, stream.isTTY === true ? harmless(text) : text);
  }

  /** A line with all that is in it, whatever that does to a terminal. */
  unchanged(stream: Stream, text: string): void {
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
    const shown = plain(text);
    if (this.#terminal === undefined || shown === this.#status) return;
    if (this.#status !== '') this.#terminal.write(WIPE);
    this.#status = shown;
    this.#draw(this.#terminal);
  }

  #draw(terminal: Stream): void {
    if (this.#status === '') return;
    // A line that wraps could not be wiped. Some terminals say that they have no columns at all.
    terminal.write(cutToWidth(this.#status, (terminal.columns || 80) - MARGIN));
  }
}

/** The echo of Ctrl-C stands behind it, and must not wrap either. */
const MARGIN = 3;

/** Characters from here on, of most of Asia and beyond, may take two columns: all are counted so. */
const MAYBE_WIDE = '\u1100';

function cutToWidth(text: string, columns: number): string {
  let [room, shown] = [columns, ''];
  for (const character of text) {
    room -= character < MAYBE_WIDE || isNarrowSign(character) ? 1 : 2;
    if (room < 0) break;
    shown += character;
  }
  return shown;
}

/** Punctuation, arrows, bars and boxes, of which progress is often made. */
function isNarrowSign(character: string): boolean {
  return character >= '\u2000' && character < '\u2600';
}
