/** The driver of logs, as the driver of administration speaks to it; it may be started again at any time. */
import { setTimeout as pause } from 'node:timers/promises';
import type { Context } from '@espalier/core';
import type { LogLine, LogStream } from '@espalier/supervisor/client';
import { copyJournal } from '../journal-calls.js';
import type { Seen } from '../access/view.js';
import type { Journal } from '../journal.js';
import type { LineQuery, LinesRead } from '../logs/line-files.js';

/** A line as it is kept: with its ids for all who can see it. */
export type KeptLine = LogLine & Seen;

export interface LogQuery extends LineQuery {
  /** The node whose view it is in whose ids `after` is; null: that of all. */
  readonly view: string | null;
  /** Null: all. */
  readonly stream: LogStream | null;
}

const RETRY_MS = 200;

export class Logs {
  readonly #context: Context;

  constructor(context: Context) {
    this.#context = context;
  }

  async read(query: LogQuery): Promise<LinesRead<KeptLine>> {
    return (await this.#context.call('logs', 'read', [query], { timeoutMs: 30_000 })) as LinesRead<KeptLine>;
  }

  /** Goes on with the next life of the driver. */
  async copyTo(lines: Pick<Journal<KeptLine>, 'lastId' | 'append' | 'skipTo'>): Promise<never> {
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
