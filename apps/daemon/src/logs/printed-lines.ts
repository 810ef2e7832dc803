/** What environments print, put together into lines with an id and a time of their own. */
import type { LogRecord } from '@espalier/core';
import { OutputLines } from '@espalier/supervisor';
import type { LogLine, LogStream } from '@espalier/supervisor/client';
import type { ViewIds } from '../access/view-ids.js';
import type { KeptLine } from '../drivers/logs-client.js';
import type { Printed } from '../root-process/output-buffer.js';

/** Who prints progress all the time is heard so often: nobody can read more. Milliseconds. */
const PROGRESS_EVERY_MS = 50;
const REMEMBERED = 10_000;

/** Of a line in memory, in characters. */
export function weightOf({ text, fields }: LogLine): number {
  return text.length + (fields === undefined ? 0 : JSON.stringify(fields).length);
}

export class PrintedLines {
  readonly #output: OutputLines;
  readonly #record: (path: string, record: LogRecord) => void;
  #atMs = 0;
  /** Of each one's last progress: nobody is heard less because others are. */
  readonly #progressAtMs = new Map<string, number>();

  constructor(ids: ViewIds, take: (line: KeptLine) => void) {
    const lineOf = (path: string, stream: LogStream, text: string): KeptLine => {
      return { ...ids.next(path, this.#atMs), at: new Date(this.#atMs).toISOString(), path, stream, text };
    };
    this.#record = (path, { text, ...more }) => {
      take({ ...lineOf(path, 'log', text), ...more });
    };
    this.#output = new OutputLines({
      line: (path, stream, text) => {
        take(lineOf(path, stream, text));
      },
      progress: (path, text) => {
        if (this.#atMs - (this.#progressAtMs.get(path) ?? -Infinity) < PROGRESS_EVERY_MS) return;
        if (this.#progressAtMs.size > REMEMBERED) this.#progressAtMs.clear();
        this.#progressAtMs.set(path, this.#atMs);
        take({ ...lineOf(path, 'stdout', text), progress: true });
      },
    });
  }

  take({ atMs, path, stream, text }: Printed): void {
    this.#atMs = atMs;
    if (stream === 'log') this.#record(path, JSON.parse(text) as LogRecord);
    else this.#output.take(path, stream, text);
  }

  /** What has no line feed yet is a line, too. */
  end(): void {
    this.#output.end();
  }
}
