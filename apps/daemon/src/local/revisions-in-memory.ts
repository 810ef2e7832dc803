/** Revisions that are gone with the process: those of a tree in the foreground. */
import {
  missing,
  type KeptRevision,
  type NewRevision,
  type Reserved,
  type Revisions,
} from '../state/history.js';

export class RevisionsInMemory implements Revisions {
  readonly #kept: KeptRevision[] = [];

  get last(): KeptRevision | undefined {
    return this.#kept.at(-1);
  }

  get previous(): number {
    const previous = this.#kept.at(-2);
    if (previous === undefined) throw missing('before the last');
    return previous.revision;
  }

  add(revision: NewRevision): Promise<KeptRevision> {
    const kept = { revision: this.#kept.length + 1, ...revision };
    this.#kept.push(kept);
    return Promise.resolve(kept);
  }

  reserve(): Promise<Reserved> {
    return Promise.resolve({ add: (revision) => this.add(revision), release: () => Promise.resolve() });
  }

  read(revision: number): Promise<KeptRevision> {
    const found = this.#kept[revision - 1];
    return found === undefined ? Promise.reject(missing(revision)) : Promise.resolve(found);
  }

  all(): Promise<KeptRevision[]> {
    return Promise.resolve([...this.#kept].reverse());
  }
}
