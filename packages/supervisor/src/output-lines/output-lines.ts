/**
 * What environments print, put together into lines: several threads print at once, in pieces.
 *
 * A text that ends with a carriage return and no line feed is progress, as programs print it to a terminal:
 * it replaces what stood there before and is no line of the output.
 */
export type OutputStream = 'stdout' | 'stderr';

export interface LineSink {
  line(path: string, stream: OutputStream, text: string): void;
  progress(path: string, text: string): void;
}

/** A line that does not end is cut here, so that a guest cannot fill our memory with it. */
const LONGEST_LINE = 65_536;
const ENDING = /\r\n|\n|\r/g;

export class OutputLines {
  readonly #sink: LineSink;
  /** The line that has not ended yet, for each environment and stream. */
  readonly #open = new Map<string, { path: string; stream: OutputStream; text: string }>();

  constructor(sink: LineSink) {
    this.#sink = sink;
  }

  take(path: string, stream: OutputStream, text: string): void {
    const key = `${stream} ${path}`;
    let rest = (this.#open.get(key)?.text ?? '') + text;
    let taken = 0;
    for (const { 0: ending, index } of rest.matchAll(ENDING)) {
      const piece = rest.slice(taken, index);
      taken = index + ending.length;
      if (ending === '\r') this.#sink.progress(path, piece);
      else this.#sink.line(path, stream, piece);
    }
    rest = rest.slice(taken);
    if (rest.length > LONGEST_LINE) {
      this.#sink.line(path, stream, rest);
      rest = '';
    }
    if (rest === '') this.#open.delete(key);
    else this.#open.set(key, { path, stream, text: rest });
  }

  /** Nothing more comes: what has no line feed yet is a line, too. */
  end(): void {
    for (const { path, stream, text } of this.#open.values()) this.#sink.line(path, stream, text);
    this.#open.clear();
  }
}
