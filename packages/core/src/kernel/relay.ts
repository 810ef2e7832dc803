/**
 * A relay: the kernel's part of a channel that crosses the wall of a cell. What comes from one link is sent on
 * over the other, undecoded; where one ends, so does the other. (Accounts and cuts belong here.)
 */
import type { Link } from '../channel/link.js';

export interface Relay {
  /** Sends on what has arrived: before a notice that must not overtake it. */
  drain(): void;
  close(): void;
}

export function splice(one: Link, other: Link): Relay {
  sendOn(one, other);
  sendOn(other, one);
  return {
    drain() {
      one.drain();
      other.drain();
    },
    close() {
      one.close();
      other.close();
    },
  };
}

function sendOn(from: Link, to: Link): void {
  from.receive({
    batch(bytes, transfers) {
      // Only kernels pass ends of links, and never over a channel between guests.
      to.send(
        bytes,
        transfers.length === 0 ? transfers : transfers.filter((it) => it instanceof ArrayBuffer),
      );
    },
    end() {
      from.close();
      to.close();
    },
  });
}
