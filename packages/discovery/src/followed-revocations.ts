/**
 * The list of revoked hosts that is followed. Each host says in its record which number its list has; who hears of a newer one
 * than his own asks for it over the broker. So a list that one host was given comes to all, those too that join or wake
 * later; it is believed for the root's signature alone, whoever passes it on.
 */
import type { DirectoryExchange } from '@espalier/core/directory';
import { openRevocations, type Revocations } from '@espalier/core/identity';
import type { Clock } from '@espalier/core/internal/clock.js';
import { inTime } from './in-time.js';
import { problem, type Problem } from './problem.js';

export interface RevocationParts {
  /** Its public key. */
  readonly root: string;
  readonly exchange: DirectoryExchange | undefined;
  readonly clock: Clock;
  /** Another host had a newer list. */
  readonly learned: (text: string) => void;
  readonly report: (problem: Problem) => void;
}

/** What the question for the list is; others are JSON, or for a record. */
const QUESTION = 'revoked';

export class FollowedRevocations {
  readonly #parts: RevocationParts;
  readonly #asking = new Set<string>();
  #number = 0;
  #text = '';

  constructor(parts: RevocationParts) {
    this.#parts = parts;
  }

  /** 0: there is none. */
  get number(): number {
    return this.#number;
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
    const { exchange, report } = this.#parts;
    if (number <= this.#number || this.#asking.has(host)) return;
    if (exchange === undefined) {
      report(problem('revocations_out_of_reach', host));
      return;
    }
    this.#asking.add(host);
    const over = (): unknown => this.#asking.delete(host);
    // Whom the broker does not reach yet is asked again at his next beat.
    void this.#askFor(host, exchange).then(over, over);
  }

  async #askFor(host: string, exchange: DirectoryExchange): Promise<void> {
    const { clock, learned, report } = this.#parts;
    const bytes = await inTime(clock, exchange.ask(host, Buffer.from(QUESTION)));
    try {
      learned(Buffer.from(bytes).toString());
    } catch (error) {
      report(problem('revocations_out_of_reach', host, error));
    }
  }
}
