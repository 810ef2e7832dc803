/**
 * A link over a MessagePort: kernel to guest, and guest to guest.
 *
 * Invariants beyond those of every link:
 * - what is posted is never a view on a larger buffer: structured clone would copy all of it, and show
 *   the other side bytes that were not meant for it;
 * - what arrives and is neither a whole `Uint8Array` nor one with ArrayBuffers behind it (and, where they are
 *   expected, link ends) ends the link: the sender of it does not speak our protocol;
 * - delivery is never nested: `drain()` from inside a receiver only makes the running delivery go on until
 *   the port is empty, so batches cannot overtake the one that is being handled.
 */
import { MessageChannel, MessagePort, receiveMessageOnPort } from 'node:worker_threads';
import type { Link, LinkEnd, LinkMaker, LinkOpener, LinkReceiver, Transfer } from '../channel/link.js';
import { nodeTextCodec } from './node-text-codec.js';

/**
 * Below this size a batch travels as a one-byte string: Node makes neither a buffer nor a view for it on
 * either side. From here on, moving the buffer is cheaper. (Measured, round trip pinned to one core: 200 B
 * 8.4 µs as text, 9.7 copied, 10.5 moved; 4 kB 10.5, 14.0, 11.7; 16 kB 15.7, 19, 14.2.)
 */
const TEXT_BELOW_BYTES = 8_192;

const NO_TRANSFERS: readonly Transfer[] = [];

export interface PortLinkOptions {
  /** What arrived does not belong to the protocol; `end` follows. `problem` is for people. */
  readonly violation?: (problem: string) => void;
  /** The first batch was delivered. */
  readonly firstBatch?: () => void;
  /** The other end is gone; told before the receiver is. */
  readonly ended?: () => void;
  /** Whether ends of new links may arrive: only on the guest's end of a control link. Default: false. */
  readonly takesEnds?: boolean;
}

/** Links over message ports: an end is a port, and moves to its thread in a frame of the control link. */
export const portLinks: LinkMaker & LinkOpener = Object.freeze({
  pair: (): readonly [LinkEnd, LinkEnd] => {
    const { port1, port2 } = new MessageChannel();
    return [port1 as LinkEnd, port2 as LinkEnd];
  },
  open: (end: LinkEnd): PortLink => new PortLink(end as MessagePort),
});

export class PortLink implements Link {
  readonly #port: MessagePort;
  readonly #options: PortLinkOptions;
  #receiver: LinkReceiver | undefined;
  #state: 'open' | 'ended' | 'closed' = 'open';
  #holds = true;
  #heard = false;
  #delivering = false;
  #drainAll = false;
  /** Where a batch that came as text is read from: of this link alone, as deliveries of several may nest. */
  #scratch = new Uint8Array(256);

  constructor(port: MessagePort, options: PortLinkOptions = {}) {
    this.#port = port;
    this.#options = options;
    port.unref();
  }

  send(batch: Uint8Array, transfers?: readonly Transfer[]): void {
    if (this.#state !== 'open') return closeEnds(transfers);
    if (batch.length < TEXT_BELOW_BYTES && (transfers === undefined || transfers.length === 0)) {
      this.#port.postMessage(nodeTextCodec.readLatin1(batch, 0, batch.length));
      return;
    }
    const whole = batch.slice();
    const moved = [...(transfers ?? []), whole.buffer] as (ArrayBuffer | MessagePort)[];
    this.#port.postMessage([whole, ...(transfers ?? [])], moved);
  }

  receive(receiver: LinkReceiver): void {
    this.#receiver = receiver;
    if (this.#state !== 'open') return;
    this.#port.on('message', this.#woken);
    this.#port.on('messageerror', () => this.#violate('a message that cannot be read'));
    this.#port.on('close', () => this.#end());
    if (!this.#holds) this.#port.unref();
  }

  drain(): void {
    if (this.#receiver === undefined || this.#state !== 'open') return;
    if (this.#delivering) this.#drainAll = true;
    else this.#deliver(undefined, Infinity);
  }

  close(): void {
    if (this.#state === 'closed') return;
    const wasOpen = this.#state === 'open';
    this.#state = 'closed';
    if (wasOpen) this.#port.close();
  }

  /** The link holds its thread (the default, once it has a receiver). */
  ref(): void {
    this.#holds = true;
    if (this.#receiver !== undefined && this.#state === 'open') this.#port.ref();
  }

  /** The link no longer keeps its thread from ending. */
  unref(): void {
    this.#holds = false;
    this.#port.unref();
  }

  readonly #woken = (message: unknown): void => {
    if (this.#state === 'open') this.#deliver({ message }, 1);
  };

  #deliver(first: { message: unknown } | undefined, most: number): void {
    this.#delivering = true;
    let left = most;
    try {
      for (
        let next = first ?? receiveMessageOnPort(this.#port);
        next !== undefined;
        next = left > 0 ? receiveMessageOnPort(this.#port) : undefined
      ) {
        this.#accept(next.message);
        if (this.#state !== 'open') return;
        if (this.#drainAll) left = Infinity;
        left -= 1;
      }
    } finally {
      this.#delivering = false;
      this.#drainAll = false;
    }
  }

  #accept(message: unknown): void {
    if (typeof message === 'string') {
      if (message.length >= TEXT_BELOW_BYTES) return this.#violate('a text that is no batch');
      this.#batch(this.#bytesOf(message), NO_TRANSFERS);
      return;
    }
    const parts: readonly unknown[] = Array.isArray(message) ? message : [message];
    const [bytes, ...transfers] = parts;
    if (!isWholeBytes(bytes)) return this.#violate('a message that is no batch');
    const takesEnds = this.#options.takesEnds === true;
    if (
      !transfers.every((part) => part instanceof ArrayBuffer || (takesEnds && part instanceof MessagePort))
    ) {
      return this.#violate('a transfer that has no place on this link');
    }
    this.#batch(bytes, transfers as Transfer[]);
  }

  #batch(bytes: Uint8Array, transfers: readonly Transfer[]): void {
    this.#receiver?.batch(bytes, transfers);
    if (this.#heard) return;
    this.#heard = true;
    this.#options.firstBatch?.();
  }

  /** Each of its code units is a byte; what is none of ours reads as garbage, and does not parse. */
  #bytesOf(text: string): Uint8Array {
    const { length } = text;
    if (length > this.#scratch.length) this.#scratch = new Uint8Array(Math.min(TEXT_BELOW_BYTES, 2 * length));
    nodeTextCodec.writeLatin1(this.#scratch, text, 0);
    return this.#scratch.subarray(0, length);
  }

  #violate(problem: string): void {
    if (this.#state !== 'open') return;
    this.#options.violation?.(problem);
    this.#end();
    this.#port.close();
  }

  #end(): void {
    if (this.#state !== 'open') return;
    this.#state = 'ended';
    this.#options.ended?.();
    this.#receiver?.end();
  }
}

/** Nobody must wait for a link whose end could not be delivered. */
function closeEnds(transfers: readonly Transfer[] = []): void {
  for (const part of transfers) if (part instanceof MessagePort) part.close();
}

/** Shared memory and views on something larger are what our sender never posts. */
function isWholeBytes(value: unknown): value is Uint8Array {
  return (
    value instanceof Uint8Array &&
    value.buffer instanceof ArrayBuffer &&
    value.byteLength === value.buffer.byteLength
  );
}
