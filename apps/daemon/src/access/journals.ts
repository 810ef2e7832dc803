/** One journal for each view: who sees a part is told of that part, and loses nothing by what happens outside. */
import { Journal, type Entry, type JournalLimits } from '../journal.js';
import type { Seen, View } from './view.js';

export interface JournalsOptions<T extends Entry> {
  readonly limits: JournalLimits<T>;
  /** Of who sees a part. */
  readonly partLimits: JournalLimits<T>;
  /** An entry as it is told to who has that view. */
  readonly told: (entry: T & Seen, view: View) => T;
}

/** A journal, and its entries as they are told. */
export interface Source<T extends Entry> {
  readonly journal: Journal<T>;
  readonly told: (entry: T) => T;
}

interface Part<T extends Entry> {
  readonly view: View;
  readonly journal: Journal<T>;
}

export class Journals<T extends Entry> {
  readonly #options: JournalsOptions<T>;
  /** Of all; its entries are as they came. */
  readonly all: Journal<T>;
  readonly #parts = new Map<string, Part<T>>();

  constructor(options: JournalsOptions<T>) {
    this.#options = options;
    this.all = new Journal<T>(options.limits);
  }

  get lastId(): number {
    return this.all.lastId;
  }

  append(entry: T & Seen): void {
    this.all.append(entry);
    for (const part of this.#parts.values()) this.#tell(part, entry);
  }

  skipTo(id: number): void {
    this.all.skipTo(id);
  }

  /** From now on these views have journals, which begin with what is there of theirs. */
  keep(views: readonly View[]): void {
    const wanted = new Map(views.flatMap((view) => (view.path === null ? [] : [[view.path, view]])));
    for (const path of this.#parts.keys()) if (!wanted.has(path)) this.#parts.delete(path);
    for (const [path, view] of wanted) {
      if (this.#parts.has(path)) continue;
      const part = { view, journal: new Journal<T>(this.#options.partLimits) };
      this.#parts.set(path, part);
      for (const entry of this.all.entries) this.#tell(part, entry as T & Seen);
    }
  }

  of(view: View): Source<T> {
    if (view.path === null) {
      const { told } = this.#options;
      return { journal: this.all, told: (entry) => told(entry as T & Seen, view) };
    }
    const journal = this.#parts.get(view.path)?.journal ?? new Journal<T>(this.#options.partLimits);
    return { journal, told: (entry) => entry };
  }

  #tell({ view, journal }: Part<T>, entry: T & Seen): void {
    if (view.sees(entry.path)) journal.append(this.#options.told(entry, view));
  }
}
