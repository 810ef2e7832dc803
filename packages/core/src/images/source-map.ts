/**
 * Finds where a place of the built code came from. Node's own `SourceMap` decodes the whole map into one
 * object per mapping (176 ms for a 2.3 MB image), which a crash in a small environment cannot afford. This
 * reads the mappings once, keeps four integers per generated line, and decodes single lines when asked.
 *
 * Format: https://tc39.es/ecma426/ (mappings: `;` between lines, `,` between segments, base-64 VLQ of
 * generated column, source, source line, source column, each a difference to the one before).
 */

export interface OriginalPlace {
  readonly source: string;
  /** From 1. */
  readonly line: number;
  /** From 1. */
  readonly column: number;
}

/** Line and column from 1, as in stack traces. */
export type FindOriginal = (line: number, column: number) => OriginalPlace | null;

const DIGITS = new Int8Array(128).fill(-1);
for (const [value, digit] of [
  ...'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/',
].entries()) {
  DIGITS[digit.charCodeAt(0)] = value;
}

const COMMA = 44;
const SEMICOLON = 59;

class Mappings {
  readonly #text: string;
  #at = 0;
  /** Running sums: generated column, source, source line, source column. */
  readonly state = new Int32Array(4);
  readonly #starts: Int32Array;
  readonly lines: number;
  /** Whether the segment read last names a source; text that the bundler made up has none. */
  hasSource = false;

  constructor(text: string) {
    this.#text = text;
    let lines = 1;
    for (let index = 0; index < text.length; index++) if (text.charCodeAt(index) === SEMICOLON) lines++;
    this.lines = lines;
    this.#starts = new Int32Array(lines * 4);
    for (let line = 0; line < lines; line++) {
      this.#starts.set([this.#at, this.state[1]!, this.state[2]!, this.state[3]!], line * 4);
      this.state[0] = 0;
      while (this.next());
      this.#at++;
    }
  }

  /** Goes back to where a line (from 0) starts. */
  seek(line: number): void {
    const start = this.#starts.subarray(line * 4, line * 4 + 4);
    this.#at = start[0]!;
    this.state.set([0, start[1]!, start[2]!, start[3]!]);
  }

  /** Reads the next segment of the line into `state`; false at the line's end. */
  next(): boolean {
    const text = this.#text;
    if (text.charCodeAt(this.#at) === COMMA) this.#at++;
    if (this.#at >= text.length || text.charCodeAt(this.#at) === SEMICOLON) return false;
    let field = 0;
    for (; this.#at < text.length; field++) {
      const code = text.charCodeAt(this.#at);
      if (code === COMMA || code === SEMICOLON) break;
      const difference = this.#number();
      if (field < 4) this.state[field]! += difference;
    }
    this.hasSource = field >= 4;
    return true;
  }

  #number(): number {
    let value = 0;
    let shift = 0;
    for (;;) {
      const digit = DIGITS[this.#text.charCodeAt(this.#at++)] ?? -1;
      if (digit < 0) return 0;
      value |= (digit & 31) << shift;
      if (digit < 32) break;
      shift += 5;
    }
    return value & 1 ? -(value >>> 1) : value >>> 1;
  }
}

/** `json` is the text of a version 3 source map. Throws what JSON.parse throws. */
export function readSourceMap(json: string): FindOriginal {
  const { mappings: text, sources } = JSON.parse(json) as { mappings: string; sources: string[] };
  const mappings = new Mappings(text);
  return (line, column) => {
    if (line < 1 || line > mappings.lines) return null;
    mappings.seek(line - 1);
    let best: OriginalPlace | null = null;
    while (mappings.next()) {
      const [generated = 0, source = 0, sourceLine = 0, sourceColumn = 0] = mappings.state;
      if (generated > column - 1) break;
      const name = mappings.hasSource ? sources[source] : undefined;
      best = name === undefined ? null : { source: name, line: sourceLine + 1, column: sourceColumn + 1 };
    }
    return best;
  };
}
