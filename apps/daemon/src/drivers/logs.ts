/** The driver of logs, in a cell of its own: what environments print, as lines in files. */
import { join } from 'node:path';
import { environment, HostError, type Context, type ReceivedCall } from '@espalier/core';
import { answerAfter } from '../journal-calls.js';
import { View } from '../access/view.js';
import { ViewIds } from '../access/view-ids.js';
import { Journal } from '../journal.js';
import { LineFiles, type LinesRead } from '../logs/line-files.js';
import { PrintedLines, weightOf } from '../logs/printed-lines.js';
import type { Printed } from '../root-process/output-buffer.js';
import { privateFolder } from '../state/folder.js';
import type { KeptLine, LogQuery } from './logs-client.js';

const LINES_KEPT = 10_000;
const CHARACTERS_KEPT = 16 * 1024 * 1024;
/** A text without a line feed waits so long for the rest of its line. Milliseconds. */
const PATIENCE_MS = 500;

export default environment(async (context: Context, { folder }: { readonly folder: string }) => {
  const driver = new LogDriver(await LineFiles.open<KeptLine>(join(folder, 'logs'), privateFolder));
  for (;;) {
    const item = await context.receive();
    if (item.type === 'call') driver.answer(item);
  }
});

class LogDriver {
  readonly #files: LineFiles<KeptLine>;
  readonly #recent = new Journal<KeptLine>({
    entries: LINES_KEPT,
    weight: CHARACTERS_KEPT,
    weigh: weightOf,
  });
  readonly #output: PrintedLines;
  /** Lines of the present call. */
  #lines: KeptLine[] = [];
  #patience: NodeJS.Timeout | undefined;
  /** Lines that could not be written since it was last said. */
  #unwritten = 0;

  constructor(files: LineFiles<KeptLine>) {
    this.#files = files;
    // What was written before we lived is in the files alone.
    const begunMs = Date.now();
    this.#recent.skipTo(begunMs * 1000 - 1);
    this.#output = new PrintedLines(new ViewIds(begunMs), (line) => this.#lines.push(line));
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
        call.reply(this.#read(call.arguments[0] as LogQuery));
        return;
      default:
        call.fail('no_such_operation', `the driver of logs has no '${call.operation}'`);
    }
  }

  #read({ view, stream, ...query }: LogQuery): LinesRead<KeptLine> {
    const seen = new View(view);
    const wanted = (line: KeptLine): boolean => stream === null || line.stream === stream;
    return this.#files.read(query, (line) => seen.idOf(line), wanted);
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
    this.#toFiles(lines.filter(({ progress }) => progress !== true));
    for (const line of lines) this.#recent.append(line);
  }
  /** Without room for them the newest are there in memory, to be followed: it is said when that begins and ends. */
  #toFiles(lines: readonly KeptLine[]): void {
    try {
      this.#files.add(lines);
      if (this.#unwritten > 0 && lines.length > 0) {
        say(`logs are written again; ${this.#unwritten} lines are in no file`);
        this.#unwritten = 0;
      }
    } catch (error) {
      if (!(error instanceof HostError)) throw error;
      if (this.#unwritten === 0) say(`${error.message}; logs are kept in memory alone until that is mended`);
      this.#unwritten += error.value as number;
    }
  }
}

/** The root passes it on. */
function say(line: string): void {
  console.error(`espalierd: ${line}`);
}
