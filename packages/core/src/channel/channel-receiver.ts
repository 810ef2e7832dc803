/** What a channel hands on: the frames that came, in order, and how it ended. */
import type { Reference } from '../values/reference.js';
import type { FrameKind } from './frames.js';
import type { Transfer } from './link.js';

export interface ChannelReceiver {
  /** A frame with a value as its body; `bytes` is the size of the body, with the buffers that moved with it. */
  value(
    kind: FrameKind,
    to: number,
    from: number,
    correlation: number,
    value: unknown,
    bytes: number,
    ends: readonly Transfer[],
  ): void;
  /** A frame without a value: `cancel`, `credit`, `want`, `forget`. `number` is its body, or 0. */
  plain(kind: FrameKind, to: number, from: number, correlation: number, number: number): void;
  /** The reference for a ticket, or undefined while its notice has not come. */
  ticket(ticket: number): Reference | undefined;
  /** What the peer sent is no frame of this protocol. */
  violation(problem: string): void;
  /** The other end is gone; everything it had sent was delivered. */
  ended(): void;
}
