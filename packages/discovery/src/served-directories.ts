/** Brings in what hosts serve over the broker: one question at a time to each host, and the next when it is heard again. */
import type { DirectoryExchange } from '@espalier/core/directory';
import type { Clock } from '@espalier/core/internal/clock.js';
import type { Directory, Effects } from './directory/directory.js';
import { inTime } from './in-time.js';
import { problem } from './problem.js';
import type { Problems } from './problems.js';

export interface ServedParts {
  readonly exchange: DirectoryExchange | undefined;
  readonly directory: Directory;
  readonly clock: Clock;
  readonly follow: (effects: Effects) => void;
  readonly problems: Problems;
}

/** Parts asked for in one go: more than the most names take. A host that says more lets others wait. */
const MOST_PARTS = 64;

export class ServedDirectories {
  readonly #parts: ServedParts;
  readonly #asking = new Set<string>();

  constructor(parts: ServedParts) {
    this.#parts = parts;
  }

  /** A host has been heard: asks it for what is missing, if anything is. */
  heard(host: string): void {
    const { exchange, directory, problems } = this.#parts;
    if (this.#asking.has(host)) return;
    if (directory.question(host) === undefined) {
      problems.over('names_out_of_reach', host);
      return;
    }
    if (exchange === undefined) {
      problems.report(problem('names_out_of_reach', host));
      return;
    }
    this.#asking.add(host);
    void this.#bringIn(host, exchange).then(
      () => this.#asking.delete(host),
      (error: unknown) => {
        this.#asking.delete(host);
        // A host that has gone meanwhile took its problems with it.
        if (directory.question(host) === undefined) return;
        problems.report(problem('names_out_of_reach', host, error));
      },
    );
  }

  async #bringIn(host: string, exchange: DirectoryExchange): Promise<void> {
    const { directory, clock, follow, problems } = this.#parts;
    for (let part = 0; part < MOST_PARTS; part += 1) {
      const question = directory.question(host);
      if (question === undefined) {
        problems.over('names_out_of_reach', host);
        return;
      }
      const answer = await inTime(clock, exchange.ask(host, question));
      const effects = directory.hearServed(host, answer);
      if (effects === undefined) return;
      follow(effects);
    }
  }
}
