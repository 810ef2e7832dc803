/**
 * A link carries byte frames between two threads, in order and without loss while both live. What
 * differs between a loopback, a message port, a framed pipe, a relay and AMQP stays behind this
 * interface; one conformance suite (test/channel/link-suite.ts) runs over all of them.
 *
 * Invariants that every link keeps:
 * - batches arrive whole, in the order sent, each exactly once;
 * - `end` is called once, after the last batch that the other side had sent: it is the in-band mark;
 * - `drain()` delivers, synchronously, everything that has already arrived. It is what keeps a notice
 *   that came by another path from overtaking messages (measured: without it the kernel's notice of a
 *   death overtook messages in 70 of 100 runs, with it in none);
 * - after `close()` nothing is delivered any more and `send` does nothing.
 */
export interface Link {
  /**
   * Sends a batch of whole frames. The bytes may change once this returns. `transfers` move with
   * the batch: ArrayBuffers (links between processes copy them), and ends of new links, which only the
   * kernel sends, over a control link.
   */
  send(batch: Uint8Array, transfers?: readonly Transfer[]): void;
  /** Sets the one receiver; a link delivers nothing before it is set. */
  receive(receiver: LinkReceiver): void;
  drain(): void;
  close(): void;
}

/** One end of a link that was made but not opened yet: a MessagePort, or a loopback's half. */
export interface LinkEnd {
  readonly linkEnd?: never;
}

export type Transfer = ArrayBuffer | LinkEnd;

export interface LinkReceiver {
  /** The bytes may change once this returns. */
  batch(bytes: Uint8Array, transfers: readonly Transfer[]): void;
  /** The other end is closed or gone; nothing more will come. */
  end(): void;
}

/** Makes links: given to the kernel (`pair`) and to every runtime (`open`). */
export interface LinkMaker {
  /** Two ends of a new link, to be handed to two threads; of a pipe: one to open here, one for the other process. */
  pair(): readonly [LinkEnd, LinkEnd];
}

export interface LinkOpener {
  open(end: LinkEnd): Link;
}

/** Where links are made and opened: a process for its own threads, or a pipe to another process. */
export interface LinkSite extends LinkMaker, LinkOpener {
  /** Of a pipe beside which another goes straight to the application's thread: two ends of a new link over that one. */
  direct?(): readonly [LinkEnd, LinkEnd];
}
