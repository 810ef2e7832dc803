/**
 * One parser's lane: one file at a time, so that whatever happens to the parser is that file's doing.
 *
 * A file that costs a parser its life is tried once more, with a fresh parser; then it is given up.
 */
import { CallError, type Context, type ExitReason, type Ref } from '@espalier/core';
import type { Downs } from './downs.js';
import type { Parsed } from './finding.js';

const ATTEMPTS = 2;

type Parser = typeof import('./parser.js');

/** What was found out about a file in the end. */
export type Verdict =
  Parsed | { readonly outcome: 'quarantined'; readonly reason: string; readonly attempts: number };

export class Lane {
  readonly #context: Context;
  readonly #downs: Downs;
  readonly #name: string;
  readonly #parser: Pick<Ref<Parser>, 'call'>;
  readonly #timeoutMs: number;
  /** Parsers that were lost, each of which was restarted. */
  restarts = 0;

  constructor(context: Context, downs: Downs, name: string, timeoutMs: number) {
    this.#context = context;
    this.#downs = downs;
    this.#name = name;
    this.#timeoutMs = timeoutMs;
    this.#parser = context.ref<Parser>(name).with({ timeoutMs });
  }

  async examine(path: string): Promise<Verdict> {
    let reason = '';
    for (let attempt = 1; attempt <= ATTEMPTS; attempt++) {
      try {
        const finding = await this.#parser.call.parse(path);
        if (finding.outcome === 'parsed') return finding;
        return { outcome: 'quarantined', reason: finding.reason, attempts: attempt };
      } catch (error) {
        if (!(error instanceof CallError)) throw error;
        reason = await this.#lost(error);
        this.restarts++;
      }
    }
    return { outcome: 'quarantined', reason, attempts: ATTEMPTS };
  }

  /** Why the parser is gone. When this resolves it is: the next call is the next incarnation's. */
  async #lost(error: CallError): Promise<string> {
    if (error.code === 'down') return describe(error.reason);
    if (error.code !== 'timeout') throw error;
    const { ended } = await this.#downs.of(this.#name);
    this.#context.kill(this.#name);
    await ended;
    return `no answer within ${this.#timeoutMs} ms`;
  }
}

function describe(reason: ExitReason | undefined): string {
  const detail: unknown = reason?.detail;
  if (reason?.tag === 'limit') {
    const { limit, limitMb } = detail as { readonly limit: string; readonly limitMb: number };
    return `needs more than ${limit}: ${limitMb}`;
  }
  if (detail instanceof Error) return `crashed the parser: ${detail.message}`;
  return `crashed the parser: ${typeof detail === 'string' ? detail : (reason?.tag ?? 'unknown')}`;
}
