/**
 * The names of a host that has too many for the link, in the order of their last changes, so that others can be told
 * what changed since they asked last. Versions count changes. Of names that were withdrawn the last ones are remembered;
 * who has missed an older one is told everything anew.
 */
import { HostError } from '@espalier/core';
import { CHANGE_BYTES, type NameChange, type NamesChange } from './records/names-change.js';
import type { ExportedName } from './records/names-page.js';

/** A host advertises at most so many names over the broker. */
export const MAX_SERVED_NAMES = 10_000;
const MAX_WITHDRAWN = 4096;

interface Logged extends NameChange {
  readonly version: number;
}

export class NameLog {
  /** In the order of their versions, withdrawn names among them. */
  readonly #changes = new Map<string, Logged>();
  #version = 0;
  #withdrawn = 0;
  /** Withdrawals up to this version may be forgotten. */
  #floor = 0;
  readonly #limits: { readonly withdrawn: number; readonly bytes: number };

  constructor(names: Iterable<ExportedName>, limits = { withdrawn: MAX_WITHDRAWN, bytes: CHANGE_BYTES }) {
    this.#limits = limits;
    for (const entry of names) this.#put(entry.name, entry);
  }

  get version(): number {
    return this.#version;
  }

  get(name: string): ExportedName | undefined {
    return this.#changes.get(name)?.entry;
  }

  /**
   * Adds a name, or replaces it.
   *
   * @throws HostError `host_unfit` beyond 10,000 names (`field: names`)
   */
  set(entry: ExportedName): void {
    const { size } = this.#changes;
    if (this.get(entry.name) === undefined && size - this.#withdrawn >= MAX_SERVED_NAMES) {
      throw new HostError('host_unfit', `A host advertises at most ${MAX_SERVED_NAMES} names`, {
        field: 'names',
        value: size - this.#withdrawn,
        remedy: 'Withdraw names that nobody outside needs, or spread them over more hosts.',
      });
    }
    this.#put(entry.name, entry);
  }

  delete(name: string): void {
    if (this.get(name) === undefined) return;
    this.#put(name, undefined);
    if (this.#withdrawn > this.#limits.withdrawn) this.#forgetOldest();
  }

  /** What changed after version `after`, as much as goes into one answer, for who misses no withdrawal up to `base`. */
  since(after: number, base: number): Pick<NamesChange, 'from' | 'to' | 'head' | 'names'> {
    const head = this.#version;
    const from = base < this.#floor || after > head ? 0 : after;
    const names: NameChange[] = [];
    let bytes = 0;
    let to = from;
    for (const { name, entry, version: at } of this.#changes.values()) {
      if (at <= from) continue;
      // Who begins has nothing that could have been withdrawn.
      if (entry !== undefined || from > 0) {
        bytes += Buffer.byteLength(JSON.stringify(name)) + 40;
        if (bytes > this.#limits.bytes) return { from, to, head, names };
        names.push({ name, entry });
      }
      to = at;
    }
    return { from, to: head, head, names };
  }

  #put(name: string, entry: ExportedName | undefined): void {
    const before = this.#changes.get(name);
    if (before !== undefined && before.entry === undefined) this.#withdrawn -= 1;
    if (entry === undefined) this.#withdrawn += 1;
    this.#version += 1;
    this.#changes.delete(name);
    this.#changes.set(name, { name, entry, version: this.#version });
  }

  #forgetOldest(): void {
    for (const [name, { entry, version }] of this.#changes) {
      if (entry !== undefined) continue;
      this.#changes.delete(name);
      this.#withdrawn -= 1;
      this.#floor = version;
      return;
    }
  }
}
