/**
 * Where the broker is, as other hosts have told: kept beyond them, for who told it may be the one that died. A host that
 * is started while nobody else is there finds the broker again by it.
 */
import { readFileSync, renameSync, writeFileSync } from 'node:fs';

/** Those told last; each has been signed by a member. */
const MOST = 8;

export class KnownBrokers {
  readonly #file: string;
  #kept: readonly string[];

  /** What cannot be read is not known. */
  constructor(file: string) {
    this.#file = file;
    this.#kept = addressesIn(file);
  }

  /** Those that are told now, then those that were told before. */
  with(told: readonly string[]): readonly string[] {
    const known = [...new Set([...told, ...this.#kept])].slice(0, MOST);
    if (known.length !== this.#kept.length || known.some((address) => !this.#kept.includes(address)))
      this.#keep(known);
    return known;
  }

  #keep(known: readonly string[]): void {
    this.#kept = known;
    try {
      writeFileSync(`${this.#file}.tmp`, JSON.stringify(known), { mode: 0o600 });
      renameSync(`${this.#file}.tmp`, this.#file);
    } catch {
      // On a disk that is full they are known for this life.
    }
  }
}

function addressesIn(file: string): readonly string[] {
  try {
    const known = JSON.parse(readFileSync(file, 'utf8')) as unknown;
    return Array.isArray(known) ? known.filter((one) => typeof one === 'string').slice(0, MOST) : [];
  } catch {
    return [];
  }
}
