/** Links whose traffic the test clock sees: every batch is counted where it is posted and where it was taken. */
import { receiveMessageOnPort, type MessagePort } from 'node:worker_threads';
import type { Link, LinkEnd, LinkMaker, LinkOpener, LinkReceiver, Transfer } from '../../channel/link.js';
import { portLinks } from '../port-link.js';
import type { Side } from './board.js';
import type { Seat } from './seat.js';

/** This thread's end of something on which batches or messages pass. */
export class CountedEnd {
  readonly #seat: Seat;
  readonly #link: number;
  readonly #side: Side;

  constructor(seat: Seat, link: number, side: Side) {
    this.#seat = seat;
    this.#link = link;
    this.#side = side;
    seat.board.openEnd(link, side, seat.number);
  }

  /** Call before it is posted. */
  posting(): void {
    this.#seat.turned();
    this.#seat.board.post(this.#link, this.#side);
  }

  /** Handles what has arrived. */
  taking(handle: () => void): void {
    this.#seat.turned();
    try {
      handle();
    } finally {
      this.#seat.board.take(this.#link, this.#side);
    }
  }

  close(): void {
    this.#seat.turned();
    this.#seat.board.closeEnd(this.#link, this.#side);
  }
}

export class CountedLink implements Link {
  readonly #link: Link;
  readonly #end: CountedEnd;

  constructor(link: Link, end: CountedEnd) {
    this.#link = link;
    this.#end = end;
  }

  send(batch: Uint8Array, transfers?: readonly Transfer[]): void {
    this.#end.posting();
    this.#link.send(batch, transfers);
  }

  receive(receiver: LinkReceiver): void {
    this.#link.receive({
      batch: (bytes, transfers) => this.#end.taking(() => receiver.batch(bytes, transfers)),
      end: () => {
        this.#end.close();
        receiver.end();
      },
    });
  }

  drain(): void {
    this.#link.drain();
  }

  close(): void {
    this.#end.close();
    this.#link.close();
  }
}

/** As `portLinks`; each end carries the number of its link in front of everything else. */
export function countedLinks(seat: Seat): LinkMaker & LinkOpener {
  return {
    pair: () => {
      const ends = portLinks.pair();
      const link = seat.board.addLink();
      for (const [side, end] of ends.entries()) {
        // What is posted at one end arrives at the other.
        (end as MessagePort).postMessage([link, 1 - side]);
      }
      return ends;
    },
    open: (end: LinkEnd) => {
      const label = receiveMessageOnPort(end as MessagePort) as { message: readonly [number, Side] };
      return new CountedLink(portLinks.open(end), new CountedEnd(seat, ...label.message));
    },
  };
}
