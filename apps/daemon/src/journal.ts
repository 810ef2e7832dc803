/** The newest entries of something that happens, for any number of readers, each at its own pace. */
export interface Entry {
  /** Grows from entry to entry. */
  readonly id: number;
}

export interface JournalLimits<T> {
  readonly entries: number;
  /** Of all entries together, as `weigh` has it. */
  readonly weight?: number;
  readonly weigh?: (entry: T) => number;
}

export interface Batch<T> {
  readonly entries: readonly T[];
  /** Entries after the one that was asked for are not kept any more. */
  readonly missed: boolean;
}

export interface Following {
  readonly follow: boolean;
  readonly signal: AbortSignal;
}

/** So many entries are handed over at once, or fewer if they are heavy: each reader holds one such batch. */
const BATCH = 256;
const BATCH_WEIGHT = 128 * 1024;

export class Journal<T extends Entry> {
  readonly #limits: Required<JournalLimits<T>>;
  #entries: T[] = [];
  #weight = 0;
  /** The newest entry that was dropped; of entries up to there nothing is known. */
  #droppedId = 0;
  #waiting = new Set<() => void>();
  #ended = false;

  constructor({ entries, weight = Infinity, weigh = () => 1 }: JournalLimits<T>) {
    this.#limits = { entries, weight, weigh };
  }

  /** All that are kept. */
  get entries(): readonly T[] {
    return this.#entries;
  }

  get lastId(): number {
    return this.#entries.at(-1)?.id ?? this.#droppedId;
  }

  /** Its id is greater than that of every entry before. */
  append(entry: T): void {
    this.#entries.push(entry);
    this.#weight += this.#limits.weigh(entry);
    // One by one from the front would copy the list each time: a quarter goes at once.
    if (this.#entries.length > this.#limits.entries || this.#weight > this.#limits.weight) {
      const dropped = this.#entries.splice(0, Math.ceil(this.#entries.length / 4));
      for (const old of dropped) this.#weight -= this.#limits.weigh(old);
      this.#droppedId = dropped.at(-1)?.id ?? this.#droppedId;
    }
    this.#wake();
  }

  /** What this one copies is not there up to that id. */
  skipTo(id: number): void {
    this.#droppedId = Math.max(this.#droppedId, id);
    this.#wake();
  }

  /** Nothing more comes. */
  end(): void {
    this.#ended = true;
    this.#wake();
  }

  /** What comes after an entry, batch by batch; with `follow`, what is still to come too, until the signal or the end. */
  async *batchesAfter(id: number, { follow, signal }: Following): AsyncGenerator<Batch<T>> {
    for (let last = id; !signal.aborted;) {
      const batch = this.after(last);
      // What was missed is told once: the next reading begins behind the gap.
      last = Math.max(last, batch.entries.at(-1)?.id ?? this.lastId);
      if (batch.missed || batch.entries.length > 0) yield batch;
      if (batch.entries.length > 0) continue;
      if (!follow || this.#ended) return;
      await this.#changed(signal);
    }
  }

  after(id: number): Batch<T> {
    const first = this.#firstAfter(id);
    let [end, weight] = [first, 0];
    while (end < this.#entries.length && end - first < BATCH && weight < BATCH_WEIGHT) {
      weight += this.#limits.weigh(this.#entries[end] as T);
      end += 1;
    }
    return { entries: this.#entries.slice(first, end), missed: id < this.#droppedId };
  }

  /** So many of the newest that are wanted, in order. */
  last(count: number, wanted: (entry: T) => boolean): readonly T[] {
    return count === 0 ? [] : this.#entries.filter(wanted).slice(-count);
  }

  /** Calls back once, at the next change. Returns what takes that back. */
  onChange(changed: () => void): () => void {
    this.#waiting.add(changed);
    return () => this.#waiting.delete(changed);
  }

  #changed(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const done = (): void => {
        forget();
        signal.removeEventListener('abort', done);
        resolve();
      };
      const forget = this.onChange(done);
      signal.addEventListener('abort', done);
      if (signal.aborted) done();
    });
  }

  #wake(): void {
    const waiting = this.#waiting;
    this.#waiting = new Set();
    for (const changed of waiting) changed();
  }

  #firstAfter(id: number): number {
    let [low, high] = [0, this.#entries.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#entries[middle] as T).id > id) high = middle;
      else low = middle + 1;
    }
    return low;
  }
}
