/**
 * A relay: the kernel's part of a channel that crosses the wall of a cell or the border of a namespace. What
 * comes from one link is sent on over the other, undecoded; where one ends, so does the other.
 *
 * What passes is held to an account for each direction: messages and bytes to the credit that the other side
 * has granted (whoever believed the sender's own count would be flooded), replies to the calls that have come.
 * And a direction in which nobody may speak carries nothing but answers. What does not keep to that is not
 * sent on, and who sent it is told of.
 */
import { bytesMoved } from '../channel/channel.js';
import { FIRST_WINDOW_BYTES, FIRST_WINDOW_MESSAGES } from '../channel/first-window.js';
import { FLAG, FRAME, HEADER_BYTES, readU16, readU32 } from '../channel/frames.js';
import type { Link, Transfer } from '../channel/link.js';

export interface Relay {
  /** Sends on what has arrived: before a notice that must not overtake it. */
  drain(): void;
  close(): void;
}

/** One direction: what one guest sends another. A thread has one environment, so that is one stream. */
export class Account {
  /** Whether its sender may speak to the other, and not only answer. */
  open: boolean;
  messages = 0;
  bytes = 0;
  /** What it may have sent in all, by the credit it was granted. */
  #messagesGranted = FIRST_WINDOW_MESSAGES;
  #bytesGranted = FIRST_WINDOW_BYTES;
  #repliesOwed = 0;

  constructor(open: boolean) {
    this.open = open;
  }

  /** Counts what its sender has sent; says what is wrong with it. `back`: the other direction. */
  take(batch: Uint8Array, transfers: readonly Transfer[], back: Account): string | undefined {
    let moved = 0;
    for (let at = 0, end: number; at < batch.length; at = end) {
      if (at + HEADER_BYTES > batch.length) return 'a frame header is cut off';
      const kind = batch[at] as number;
      const length = readU32(batch, at + 14);
      end = at + HEADER_BYTES + length;
      if (end > batch.length) return 'a frame body is cut off';
      const first = moved;
      if (((batch[at + 1] as number) & FLAG.transfers) !== 0) moved += readU16(batch, at + HEADER_BYTES);
      if (kind === FRAME.credit) {
        back.#messagesGranted += readU32(batch, at + 10);
        back.#bytesGranted += readU32(batch, at + HEADER_BYTES);
      } else if (kind === FRAME.reply || kind === FRAME.failure) {
        if (--this.#repliesOwed < 0) return 'a reply that nobody waits for';
      } else if (kind === FRAME.message || kind === FRAME.cast || kind === FRAME.call) {
        if (!this.open) return 'a message to whom it may only answer';
        if (kind === FRAME.call) back.#repliesOwed++;
        this.messages++;
        this.bytes += length;
        // Hardly any message moves a buffer, and an empty list costs as much to make as the rest of this.
        if (moved > first) this.bytes += bytesMoved(transfers.slice(first, moved));
        if (this.messages > this.#messagesGranted || this.bytes > this.#bytesGranted)
          return 'a message was sent without credit';
      } else if (kind === FRAME.control) return 'a frame of this kind has no place on a channel';
    }
    return undefined;
  }
}

/** One end of a relay: what its side sends, and what is done about who does not keep to that. */
export interface Side {
  readonly link: Link;
  readonly account: Account;
  broken(problem: string): void;
}

export function splice(one: Side, other: Side): Relay {
  sendOn(one, other);
  sendOn(other, one);
  return {
    drain() {
      one.link.drain();
      other.link.drain();
    },
    close() {
      one.link.close();
      other.link.close();
    },
  };
}

function sendOn(from: Side, to: Side): void {
  const close = (): void => {
    from.link.close();
    to.link.close();
  };
  from.link.receive({
    batch(bytes, transfers) {
      // Only kernels pass ends of links, and never over a channel between guests.
      const buffers =
        transfers.length === 0 ? transfers : transfers.filter((it) => it instanceof ArrayBuffer);
      const problem = from.account.take(bytes, buffers, to.account);
      if (problem === undefined) {
        to.link.send(bytes, buffers);
        return;
      }
      close();
      from.broken(problem);
    },
    end: close,
  });
}
