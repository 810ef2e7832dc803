/** The streams that lead into one mailbox: one for each environment that has sent to it. */
import { FRAME } from '../channel/frames.js';
import { InboundStream, type Mailbox } from './mailbox.js';
import type { Peering } from './peer-channel.js';

export class InboundStreams {
  readonly #slot: number;
  readonly #mailbox: Mailbox;
  /** By the channel they come over, and the sender's slot at its other end. */
  readonly #streams = new Map<Peering, Map<number, InboundStream>>();

  /** `slot`: of the environment whose mailbox it is. */
  constructor(slot: number, mailbox: Mailbox) {
    this.#slot = slot;
    this.#mailbox = mailbox;
  }

  /** The stream of a sender; opened when it is first heard of. */
  from(peering: Peering, sender: number): InboundStream {
    let streams = this.#streams.get(peering);
    if (streams === undefined) {
      streams = new Map();
      this.#streams.set(peering, streams);
    }
    let stream = streams.get(sender);
    if (stream === undefined) {
      stream = new InboundStream((messages, bytes) => {
        peering.postPlain(FRAME.credit, sender, this.#slot, messages, bytes);
      });
      streams.set(sender, stream);
      this.#mailbox.credit.open();
    }
    return stream;
  }

  /** The sender is gone: what it was granted is free again. */
  close(peering: Peering, sender: number): void {
    const streams = this.#streams.get(peering);
    const stream = streams?.get(sender);
    if (stream === undefined) return;
    streams?.delete(sender);
    this.#mailbox.credit.close(stream);
  }
}
