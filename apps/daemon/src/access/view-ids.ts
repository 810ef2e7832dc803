/**
 * Ids of entries, one for each view of a tree: that of all, and that of each node on the way to who the entry is
 * about. Each grows from entry to entry of its view, and depends on no other entry: microseconds of the entry's time,
 * or one more than the last. They grow over restarts too; a clock that is set back makes them grow slowly until it has
 * caught up; over a restart, entries of that time are taken for older.
 */
export interface Ids {
  /** For who sees all. */
  readonly id: number;
  /** For the first, the second, … node on the path: what its id is beyond the time of the entry, in microseconds. */
  readonly own: readonly number[];
}

/** So many nodes are remembered before those are forgotten whose last id lies in the past anyway. */
const REMEMBERED = 10_000;

export class ViewIds {
  readonly #last = new Map<string, number>();
  readonly #least: number;
  #lastOfAll = 0;

  /** No entry has an id from before that moment, whenever it happened. */
  constructor(leastMs = 0) {
    this.#least = leastMs * 1000;
  }

  /** Of so many nodes. */
  get remembered(): number {
    return this.#last.size;
  }

  next(path: string, atMs: number): Ids {
    const at = Math.floor(atMs) * 1000;
    if (this.#last.size > REMEMBERED) this.#forget(at);
    const least = Math.max(at, this.#least);
    this.#lastOfAll = Math.max(this.#lastOfAll + 1, least);
    const own: number[] = [];
    for (let end = path.indexOf('/'); ; end = path.indexOf('/', end + 1)) {
      const node = end < 0 ? path : path.slice(0, end);
      const id = Math.max((this.#last.get(node) ?? 0) + 1, least);
      this.#last.set(node, id);
      own.push(id - at);
      if (end < 0) return { id: this.#lastOfAll, own };
    }
  }

  #forget(at: number): void {
    for (const [node, id] of this.#last) if (id < at) this.#last.delete(node);
  }
}
