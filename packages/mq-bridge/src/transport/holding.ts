/**
 * Taking from a durable mailbox: alone (RabbitMQ's single active consumer), as a lease, or with others.
 *
 *   standby ──first delivery──► claiming ──the claim is in the journal──► held ──(alone) not renewed in time──► over
 *
 * The broker takes a connection for dead when it has heard nothing for a whole heartbeat, and only then makes
 * another consumer the active one. So whoever has an answer to what he asked at some instant is the one for a heartbeat
 * from that instant; he counts on half of it. The question goes to the queue itself, wherever in a broker cluster that is.
 * A lease that has lapsed is over for good, though an answer comes that would prolong it: what was not begun meanwhile has
 * been given back, and comes again with the next connection only.
 *
 * The number of a term is the place of a claim in the mailbox's journal. A claim is made after a delivery, so by who is
 * active: the next one's is behind it.
 */
import type { Channel } from 'amqplib';
import type { Clock } from '@espalier/core/internal/bridge.js';
import type { Journal } from './journal.js';
import type { Hold, HoldNote } from './transport.js';

export interface HoldingOptions {
  /** To ask the queue on. */
  readonly admin: Channel;
  readonly queue: string;
  readonly journal: Journal;
  /** Milliseconds; undefined: with others, and so without a lease. */
  readonly leaseMs: number | undefined;
  readonly clock: Clock;
  readonly isLost: () => boolean;
  readonly lost: (why: unknown) => void;
}

const LAPSED = 'the lease has lapsed';

export class Holding implements Hold {
  readonly #options: HoldingOptions;
  #state: 'standby' | 'claiming' | 'held' = 'standby';
  #waiting: ((hold: Hold) => void)[] = [];
  readonly #followers = new Set<(until: number) => void>();
  until: number;
  fence: number | undefined;

  constructor(options: HoldingOptions) {
    this.#options = options;
    this.until = options.leaseMs === undefined ? Infinity : -Infinity;
  }

  get isHeld(): boolean {
    return !this.#options.isLost() && this.#options.clock.now() < this.until;
  }

  follow(renewed: (until: number) => void): () => void {
    this.#followers.add(renewed);
    return () => this.#followers.delete(renewed);
  }

  attempts(id: string): number {
    return this.#options.journal.attempts(id);
  }

  isSuspect(frame: string): boolean {
    return this.#options.journal.isSuspect(frame);
  }

  async note(kind: HoldNote, id: string): Promise<boolean> {
    try {
      await this.#options.journal.append(kind, id);
      return true;
    } catch {
      return false;
    }
  }

  /** A delivery has come: it is handed over as soon as the term has begun. */
  take(deliver: (hold: Hold) => void): void {
    if (this.#state === 'held') {
      deliver(this);
      return;
    }
    this.#waiting.push(deliver);
    if (this.#state === 'claiming') return;
    this.#state = 'claiming';
    this.#begin().catch((error: unknown) => this.#options.lost(error));
  }

  async #begin(): Promise<void> {
    const { journal, leaseMs, isLost } = this.#options;
    await journal.open();
    const place = await journal.append('claim');
    if (leaseMs !== undefined) {
      this.fence = place;
      await this.#renew(leaseMs);
    }
    // What would be handed over now comes again, and would be taken for what is here already.
    if (isLost()) return;
    this.#state = 'held';
    for (const deliver of this.#waiting.splice(0)) deliver(this);
  }

  async #renew(leaseMs: number): Promise<void> {
    const { admin, queue, clock, isLost, lost } = this.#options;
    const askedAt = clock.now();
    const answerBy = this.#state === 'held' ? this.until : askedAt + leaseMs;
    const cancel = clock.after(answerBy - askedAt, () => lost(LAPSED));
    await admin.checkQueue(queue);
    cancel();
    if (isLost()) return;
    // The timer may be late.
    if (clock.now() >= answerBy) {
      lost(LAPSED);
      return;
    }
    this.until = askedAt + leaseMs;
    for (const renewed of this.#followers) renewed(this.until);
    clock.after(leaseMs / 2, () => {
      if (isLost()) return;
      if (!this.isHeld) lost(LAPSED);
      else this.#renew(leaseMs).catch((error: unknown) => lost(error));
    });
  }
}
