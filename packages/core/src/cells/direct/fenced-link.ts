/**
 * A control link beside direct pipes. Two ways between the same two have no order of their own; a fence makes one:
 * what is said here waits, at the other side, for what was sent there before. (Not the other way round: a frame
 * that needs a notice, because it names a ticket or is for a new link, is held where it arrives.)
 *
 * Invariants beyond those of every link:
 * - a mark leaves before the batch, if anything was sent on a direct pipe since the last one;
 * - behind a mark that is not reached everything waits, the end of the link too, in its order.
 */
import type { Link, LinkReceiver, Transfer } from '../../channel/link.js';
import { encodeMark, readMark, type Mark } from './mark.js';

export interface Fence {
  /** What was sent on direct pipes, of those where that has changed since it was last asked. */
  due(): readonly Mark[];
  /** Whether so much has been read. If not it calls back, once, when it has, or never will be. */
  reached(mark: Mark, goOn: () => void): boolean;
  /** What a control link has moved: the end of a link on a direct pipe, if it stands for one. */
  taken(part: Transfer): Transfer;
}

interface Waiting {
  readonly bytes: Uint8Array;
  readonly transfers: readonly Transfer[];
}

export class FencedLink implements Link {
  readonly #link: Link;
  readonly #fence: Fence;
  #receiver: LinkReceiver | undefined;
  #held = false;
  readonly #waiting: (Waiting | 'end')[] = [];

  constructor(link: Link, fence: Fence) {
    this.#link = link;
    this.#fence = fence;
  }

  send(batch: Uint8Array, transfers?: readonly Transfer[]): void {
    for (const mark of this.#fence.due()) this.#link.send(encodeMark(mark));
    this.#link.send(batch, transfers);
  }

  receive(receiver: LinkReceiver): void {
    this.#receiver = receiver;
    this.#link.receive({
      batch: (bytes, transfers) => {
        if (this.#held) this.#waiting.push({ bytes: bytes.slice(), transfers });
        else this.#deliver(bytes, transfers);
      },
      end: () => {
        if (this.#held) this.#waiting.push('end');
        else receiver.end();
      },
    });
  }

  drain(): void {
    this.#link.drain();
  }

  close(): void {
    this.#waiting.length = 0;
    this.#receiver = undefined;
    this.#link.close();
  }

  #deliver(bytes: Uint8Array, transfers: readonly Transfer[]): void {
    const mark = readMark(bytes);
    if (mark !== undefined) this.#held = !this.#fence.reached(mark, this.#goOn);
    else if (transfers.length === 0) this.#receiver?.batch(bytes, transfers);
    else {
      const taken = transfers.map((part) => this.#fence.taken(part));
      this.#receiver?.batch(bytes, taken);
    }
  }

  readonly #goOn = (): void => {
    this.#held = false;
    while (!this.#held) {
      const next = this.#waiting.shift();
      if (next === undefined) return;
      if (next === 'end') this.#receiver?.end();
      else this.#deliver(next.bytes, next.transfers);
    }
  };
}
