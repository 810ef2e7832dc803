/** What environments print, put together into lines with an id and a time of their own. */
import { OutputLines } from '@espalier/supervisor';
import type { LogLine } from '@espalier/supervisor/client';
import type { Printed } from '../root-process/output-buffer.js';

/** Who prints progress all the time is heard so often: nobody can read more. Milliseconds. */
const PROGRESS_EVERY_MS = 50;

export class PrintedLines {
  readonly #output: OutputLines;
  #atMs = 0;
  #progressAtMs = -Infinity;

  constructor(nextId: () => number, take: (line: LogLine) => void) {
    const lineOf = (path: string, stream: LogLine['stream'], text: string): LogLine => {
      return { id: nextId(), at: new Date(this.#atMs).toISOString(), path, stream, text };
    };
    this.#output = new OutputLines({
      line: (path, stream, text) => {
        take(lineOf(path, stream, text));
      },
      progress: (path, text) => {
        if (this.#atMs - this.#progressAtMs < PROGRESS_EVERY_MS) return;
        this.#progressAtMs = this.#atMs;
        take({ ...lineOf(path, 'stdout', text), progress: true });
      },
    });
  }

  take({ atMs, path, stream, text }: Printed): void {
    this.#atMs = atMs;
    this.#output.take(path, stream, text);
  }

  /** What has no line feed yet is a line, too. */
  end(): void {
    this.#output.end();
  }
}
