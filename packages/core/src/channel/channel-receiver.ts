/** What a channel is given by who uses it. */
import type { AfterTurn } from '../clock.js';
import type { Reference } from '../values/reference.js';
import type { FrameCodec } from './frame-codec.js';
import type { FrameKind } from './frames.js';
import type { Link, Transfer } from './link.js';

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

export interface ChannelOptions {
  readonly link: Link;
  readonly receiver: ChannelReceiver;
  readonly afterTurn: AfterTurn;
  /** Not shared with another channel. */
  readonly codec: FrameCodec;
}
