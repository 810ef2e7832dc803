/**
 * The list of revoked hosts that is followed. Each host says in its record which number its list has; who hears of a newer one
 * than his own asks for it over the broker. So a list that one host was given comes to all, those too that join or wake
 * later; it is believed for the root's signature alone, whoever passes it on.
 */
import { CallError, HostError } from '@espalier/core';
import type { DirectoryExchange } from '@espalier/core/directory';
import { openRevocations, type Revocations } from '@espalier/core/identity';
import type { Clock } from '@espalier/core/internal/clock.js';
import { inTime } from './in-time.js';
import { problem } from './problem.js';
import type { Problems } from './problems.js';

export interface RevocationParts {
  /** Its public key. */
  readonly root: string;
  readonly exchange: DirectoryExchange | undefined;
  readonly clock: Clock;
  /** Of the list that a host follows, as it says now; 0 for a host that is not known, or no more. */
  readonly numberOf: (host: string) => number;
  /** Another host had a newer list. */
  readonly learned: (text: string) => void;
  readonly problems: Problems;
}

/** Question or answer have not arrived. */
const UNREACHED: ReadonlySet<CallError['code']> = new Set([
  'noproc',
  'down',
  'timeout',
  'cancelled',
] as const);
/** What the question for the list is; others are JSON, or for a record. */
const QUESTION = 'revoked';

export class FollowedRevocations {
  readonly #parts: RevocationParts;
  readonly #asking = new Set<string>();
  #number = 0;
  #refused = 0;
  #text = '';

  constructor(parts: RevocationParts) {
    this.#parts = parts;
  }

  /** 0: there is none. */
  get number(): number {
    return this.#number;
  }

  /** Questions that a host has refused, or answered by what is no list that this host may follow, or an older one than it has. */
  get refused(): number {
    return this.#refused;
  }

  /** Gives the list if it is newer. @throws HostError `revocations_refused`. */
  take(text: string): Revocations | undefined {
    const list = openRevocations(text, this.#parts.root);
    if (list.number <= this.#number) return undefined;
    this.#number = list.number;
    this.#text = text;
    return list;
  }

  /** Nothing: that was not the question. */
  answer(question: Uint8Array): Uint8Array | undefined {
    return Buffer.from(question).toString() === QUESTION ? Buffer.from(this.#text) : undefined;
  }

  /** A host has been heard, and follows a list of that number. */
  heard(host: string, number: number): void {
    const { exchange, problems } = this.#parts;
    if (number <= this.#number) {
      problems.over('revocations_out_of_reach', host);
      return;
    }
    if (this.#asking.has(host)) return;
    if (exchange === undefined) {
      problems.report(problem('revocations_out_of_reach', host));
      return;
    }
    this.#asking.add(host);
    void this.#askFor(host, number, exchange).then(() => this.#asking.delete(host));
  }

  async #askFor(host: string, number: number, exchange: DirectoryExchange): Promise<void> {
    const { clock, learned, numberOf, problems } = this.#parts;
    try {
      const bytes = await inTime(clock, exchange.ask(host, Buffer.from(QUESTION)));
      learned(Buffer.from(bytes).toString());
      this.#noteRefusal(host, number, new Error(`it says number ${number}, and gave an older one`));
    } catch (error) {
      // Whom the broker does not reach yet is asked again at his next beat.
      if (error instanceof CallError && UNREACHED.has(error.code)) return;
      if (error instanceof CallError || error instanceof HostError) this.#noteRefusal(host, number, error);
      // A defect of who was to learn of it. A host that has gone takes its problems with it.
      else if (numberOf(host) > 0) problems.report(problem('revocations_out_of_reach', host, error));
    }
  }

  /** Unless the list is here by now, or the host has gone, or has begun anew without it. */
  #noteRefusal(host: string, number: number, why: unknown): void {
    const { numberOf, problems } = this.#parts;
    if (this.#number >= Math.min(number, numberOf(host))) return;
    this.#refused++;
    problems.report(problem('revocations_out_of_reach', host, why));
  }
}
