/**
 * Which messages of a durable mailbox have ended whoever handled them, so far as those who take from it have written it
 * down in the mailbox's journal. All who take from it read the same notes in the same order.
 *
 * Nothing is written before a message that comes for the first time. One that comes again may have been in the hands
 * of somebody who is gone, or may only have waited there: its frame becomes a *suspect*, and if that comes again once
 * more, each message of it is noted before it is begun. What a life has noted last it was handling when it ended.
 *
 *   fresh ──comes again──► suspect ──comes again──► noted before it is begun ──(`attempts` in vain)──► dead letter
 */
export type NoteKind = 'claim' | 'suspect' | 'begun' | 'failed' | 'left';

export interface Note {
  readonly kind: NoteKind;
  /** Who writes: one life of a host, never used twice. */
  readonly life: string;
  /** 1, 2, 3, … of that life. */
  readonly count: number;
  /** Of a message, or with `suspect` of a frame. */
  readonly id: string;
}

/** Of each kind of fact the newest ones; who has not come again by then does not come any more. */
const MOST_FACTS = 10_000;

export class Attempts {
  readonly #suspects = new Set<string>();
  readonly #failures = new Map<string, number>();
  /** By life: what it has begun, and neither ended nor gone beyond. */
  readonly #begun = new Map<string, string>();

  seen({ kind, life, id }: Note): void {
    this.#begun.delete(life);
    if (kind === 'begun') this.#begun.set(life, id);
    else if (kind === 'suspect') this.#suspects.add(id);
    else if (kind === 'failed') {
      const failures = this.#failuresOf(id) + 1;
      this.#failures.delete(id);
      this.#failures.set(id, failures);
    }
    for (const facts of [this.#suspects, this.#failures, this.#begun])
      if (facts.size > MOST_FACTS) facts.delete(facts.keys().next().value as string);
  }

  isSuspect(frame: string): boolean {
    return this.#suspects.has(frame);
  }

  /** Handlings of the message that were in vain, as `life` sees it, which is not over itself. */
  of(id: string, life: string): number {
    let count = this.#failuresOf(id);
    for (const [other, begun] of this.#begun) if (other !== life && begun === id) count++;
    return count;
  }

  #failuresOf(id: string): number {
    return this.#failures.get(id) ?? 0;
  }
}
