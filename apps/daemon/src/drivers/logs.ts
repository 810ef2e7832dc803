/** The driver of logs, in a cell of its own: what environments print, as lines in files. */
import { join } from 'node:path';
import { environment, type Context, type ReceivedCall } from '@espalier/core';
import type { LogLine } from '@espalier/supervisor/client';
import { answerAfter } from '../journal-calls.js';
import { entryIds, Journal } from '../journal.js';
import { LogFiles } from '../logs/log-files.js';
import { PrintedLines } from '../logs/printed-lines.js';
import type { Printed } from '../root-process/output-buffer.js';
import { privateFolder } from '../state/folder.js';
import type { LogQuery } from './logs-client.js';

const LINES_KEPT = 10_000;
const CHARACTERS_KEPT = 16 * 1024 * 1024;
/** A text without a line feed waits so long for the rest of its line. Milliseconds. */
const PATIENCE_MS = 500;

export default environment(async (context: Context, { folder }: { readonly folder: string }) => {
  const driver = new LogDriver(await LogFiles.open(join(folder, 'logs'), privateFolder));
  for (;;) {
    const item = await context.receive();
    if (item.type === 'call') driver.answer(item);
  }
});

class LogDriver {
  readonly #files: LogFiles;
  readonly #nextId = entryIds(() => Date.now());
  readonly #recent = new Journal<LogLine>({
    entries: LINES_KEPT,
    weight: CHARACTERS_KEPT,
    weigh: ({ text }) => text.length,
  });
  readonly #output: PrintedLines;
  /** Lines of the present call. */
  #lines: LogLine[] = [];
  #patience: NodeJS.Timeout | undefined;

  constructor(files: LogFiles) {
    this.#files = files;
    // What was written before we lived is in the files alone.
    this.#recent.skipTo(this.#nextId());
    this.#output = new PrintedLines(this.#nextId, (line) => this.#lines.push(line));
  }

  answer(call: ReceivedCall): void {
    switch (call.operation) {
      case 'write':
        call.reply(this.#write(call.arguments[0] as readonly Printed[]));
        return;
      case 'end':
        call.reply(this.#end());
        return;
      case 'after':
        answerAfter(this.#recent, call, call.arguments[0] as number);
        return;
      case 'read':
        call.reply(this.#files.read(call.arguments[0] as LogQuery));
        return;
      default:
        call.fail('no_such_operation', `the driver of logs has no '${call.operation}'`);
    }
  }

  #write(batch: readonly Printed[]): void {
    for (const printed of batch) this.#output.take(printed);
    this.#keep();
    this.#patience ??= setTimeout(() => {
      this.#end();
    }, PATIENCE_MS);
  }

  /** What has no line feed yet is a line, too. */
  #end(): void {
    clearTimeout(this.#patience);
    this.#patience = undefined;
    this.#output.end();
    this.#keep();
  }

  #keep(): void {
    const lines = this.#lines;
    this.#lines = [];
    this.#files.add(lines.filter(({ progress }) => progress !== true));
    for (const line of lines) this.#recent.append(line);
  }
}
