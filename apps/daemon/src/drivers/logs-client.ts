/** The driver of logs, as the driver of administration speaks to it; it may be started again at any time. */
import { setTimeout as pause } from 'node:timers/promises';
import type { Context } from '@espalier/core';
import type { LogLine } from '@espalier/supervisor/client';
import { copyJournal } from '../journal-calls.js';
import type { Journal } from '../journal.js';

export interface LogQuery {
  /** Of that node and those below it; null: of all. */
  readonly path: string | null;
  readonly after: number;
  /** So many of the last of them. */
  readonly lines: number;
}

const RETRY_MS = 200;

export class Logs {
  readonly #context: Context;

  constructor(context: Context) {
    this.#context = context;
  }

  async read(query: LogQuery): Promise<readonly LogLine[]> {
    return (await this.#context.call('logs', 'read', [query], { timeoutMs: 30_000 })) as readonly LogLine[];
  }

  /** Goes on with the next life of the driver. */
  async copyTo(lines: Journal<LogLine>): Promise<never> {
    for (;;) {
      try {
        await copyJournal(
          (after) => this.#context.call('logs', 'after', [after], { timeoutMs: Infinity }),
          lines,
        );
      } catch {
        await pause(RETRY_MS);
      }
    }
  }
}
