/**
 * One of the links that share a pipe between two processes.
 *
 *   open ──the other side closed it, or the pipe ended──► ended
 *     │                                                     │
 *     └──────────────── close() ──► closed ◄────────────────┘
 *
 * What comes before there is a receiver is held, up to a bound: the end of a link travels in a batch of
 * another one, and whoever is to have it may need a turn to take it up.
 */
import type { AfterTurn } from '../clock.js';
import type { Link, LinkEnd, LinkReceiver, Transfer } from '../channel/link.js';

/** Bytes that are held for a link without a receiver. */
export const MAX_HELD_BYTES = 4 * 1024 * 1024;

/** What a link asks of its pipe. */
export interface PipeOfLink {
  readonly afterTurn: AfterTurn;
  send(link: PipeLink, batch: Uint8Array, transfers: readonly Transfer[]): void;
  closed(link: PipeLink): void;
}

interface Held {
  readonly batch: Uint8Array;
  readonly transfers: readonly Transfer[];
}

const NO_TRANSFERS: readonly Transfer[] = [];

export class PipeLink implements Link, LinkEnd {
  declare readonly linkEnd?: never;
  readonly id: number;
  readonly #pipe: PipeOfLink;
  #state: 'open' | 'ended' | 'closed' = 'open';
  #receiver: LinkReceiver | undefined;
  /** Comes before everything newer. Undefined once a receiver has taken it. */
  #held: Held[] | undefined = [];
  #heldBytes = 0;
  #delivering = false;

  constructor(id: number, pipe: PipeOfLink) {
    this.id = id;
    this.#pipe = pipe;
  }

  /** Nothing more comes or goes. */
  get isOver(): boolean {
    return this.#state !== 'open';
  }

  get heldBytes(): number {
    return this.#heldBytes;
  }

  send(batch: Uint8Array, transfers: readonly Transfer[] = NO_TRANSFERS): void {
    if (this.#state === 'open') this.#pipe.send(this, batch, transfers);
    else discardEnds(transfers);
  }

  receive(receiver: LinkReceiver): void {
    this.#receiver = receiver;
    this.#drainLater();
  }

  drain(): void {
    const receiver = this.#receiver;
    // Never nested: what comes next waits until the batch that is being handled has been.
    if (receiver === undefined || this.#delivering) return;
    this.#delivering = true;
    try {
      for (let next = this.#held?.shift(); next !== undefined; next = this.#held?.shift()) {
        receiver.batch(next.batch, next.transfers);
      }
    } finally {
      this.#delivering = false;
      if ((this.#held?.length ?? 0) > 0) this.#drainLater();
    }
    if (this.#held === undefined) return;
    this.#held = undefined;
    if (this.#state === 'ended') receiver.end();
  }

  close(): void {
    if (this.#state === 'closed') return;
    const wasOpen = this.#state === 'open';
    this.#state = 'closed';
    this.#held = undefined;
    if (wasOpen) this.#pipe.closed(this);
  }

  /** Its other end will not be opened, or what it was to carry cannot cross. */
  abandon(): void {
    if (this.#state !== 'open') return;
    this.#pipe.closed(this);
    this.#pipe.afterTurn(() => {
      this.ended();
    });
  }

  /** For the pipe: something came, so large with what moves along. False if too much of it lies unread. */
  arrived(batch: Uint8Array, transfers: readonly Transfer[], bytes: number): boolean {
    if (this.#state !== 'open') return true;
    if (this.#held === undefined) {
      this.#receiver?.batch(batch, transfers);
      return true;
    }
    this.#heldBytes += bytes;
    this.#held.push({ batch: batch.slice(), transfers });
    return this.#heldBytes <= MAX_HELD_BYTES;
  }

  /** For the pipe: nothing more will come. */
  ended(): void {
    if (this.#state !== 'open') return;
    this.#state = 'ended';
    if (this.#held === undefined) this.#receiver?.end();
  }

  /** Never from inside `receive`: who sets a receiver need not be ready for what it gets. */
  #drainLater(): void {
    this.#pipe.afterTurn(() => {
      this.drain();
    });
  }
}

/** The other end of a link, on its way to the other process. */
export class FarEnd implements LinkEnd {
  declare readonly linkEnd?: never;
  readonly link: PipeLink;

  constructor(link: PipeLink) {
    this.link = link;
  }
}

/** Nobody must wait for a link whose end could not be delivered. */
export function discardEnds(transfers: readonly Transfer[]): void {
  for (const end of transfers) if (end instanceof FarEnd) end.link.abandon();
}
