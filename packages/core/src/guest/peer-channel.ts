/**
 * A channel to another thread, with what both ends pass each other over it: addresses.
 *
 * A message that carries an address is *prepared* first: the kernel makes a ticket for exactly that
 * peer, and tells the peer what the ticket stands for. Until the ticket is there, this message and all
 * later ones of the channel wait in order. A ticket once made is used again; the number of remembered
 * ones is bounded, and the peer is told in band which it may forget.
 */
import type { Channel } from '../channel/channel.js';
import { bytesMoved } from '../channel/channel.js';
import { FRAME, type FrameKind } from '../channel/frames.js';
import { CallError } from '../errors.js';
import { Address } from './address.js';
import { NEEDS_TICKETS } from './value-codec.js';

const MAX_TICKETS = 256;

/** What a passed address becomes if its environment had ended before it could be passed. */
const NOWHERE = new Address(0);

/** A value encoded apart from any channel. */
export interface Encoded {
  readonly bytes: Uint8Array;
  readonly references: readonly Address[];
  readonly transfers: readonly ArrayBuffer[];
}

/** The size of the frame body that an encoded value becomes, and of what moves with it: what both ends charge for it. */
export function bodyBytes({ bytes, references, transfers }: Encoded): number {
  return bytes.length + 2 + references.length * 4 + (transfers.length > 0 ? 2 + bytesMoved(transfers) : 0);
}

/** What streams and replies post to: another thread's channel, or the thread itself. */
export interface Peering {
  /** 0 is the thread itself. */
  readonly id: number;
  /** Tries the quick way: the size of the body, or `undefined` if the value has to be encoded apart. */
  postNow(
    kind: FrameKind,
    to: number,
    from: number,
    correlation: number,
    value: unknown,
    maxBytes: number,
  ): number | undefined;
  postEncoded(kind: FrameKind, to: number, from: number, correlation: number, encoded: Encoded): void;
  postPlain(kind: FrameKind, to: number, from: number, correlation: number, number?: number): void;
}

interface Prepared {
  readonly kind: FrameKind;
  readonly to: number;
  readonly from: number;
  readonly correlation: number;
  readonly encoded: Encoded;
}

export class PeerChannel implements Peering {
  readonly id: number;
  readonly channel: Channel;
  readonly #requestTicket: (channel: number, address: Address) => Promise<number | undefined>;
  /** Tickets that the peer knows; in order of use, so that the oldest is forgotten first. */
  readonly #passed = new Map<Address, number>();
  readonly #requested = new Set<Address>();
  readonly #received = new Map<number, Address>();
  #lastReceived = 0;
  readonly #backlog: Prepared[] = [];

  constructor(
    id: number,
    channel: Channel,
    requestTicket: (channel: number, address: Address) => Promise<number | undefined>,
  ) {
    this.id = id;
    this.channel = channel;
    this.#requestTicket = requestTicket;
  }

  /** Messages that wait for a ticket; the thread does not end before they have left. */
  get waiting(): number {
    return this.#backlog.length;
  }

  postNow(
    kind: FrameKind,
    to: number,
    from: number,
    correlation: number,
    value: unknown,
    maxBytes: number,
  ): number | undefined {
    if (this.#backlog.length > 0) return undefined;
    try {
      return this.channel.sendValue(kind, to, from, correlation, value, maxBytes);
    } catch (error) {
      if (error === NEEDS_TICKETS) return undefined;
      throw error;
    }
  }

  postEncoded(kind: FrameKind, to: number, from: number, correlation: number, encoded: Encoded): void {
    this.#backlog.push({ kind, to, from, correlation, encoded });
    this.#pump();
  }

  postPlain(kind: FrameKind, to: number, from: number, correlation: number, number?: number): void {
    this.channel.sendPlain(kind, to, from, correlation, number);
  }

  /** The kernel says what a ticket of the peer stands for. */
  ticketReceived(ticket: number, address: Address): void {
    this.#received.set(ticket, address);
    this.#lastReceived = ticket;
    this.channel.resume();
  }

  /** Undefined while its notice has not come. Throws for one that never was, or is forgotten: they come in order. */
  ticket(ticket: number): Address | undefined {
    if (ticket === 0) return NOWHERE;
    const address = this.#received.get(ticket);
    if (address === undefined && ticket <= this.#lastReceived)
      throw new CallError('malformed', 'a ticket that does not exist');
    return address;
  }

  ticketForgotten(ticket: number): void {
    this.#received.delete(ticket);
  }

  #pump(): void {
    for (let next = this.#backlog[0]; next !== undefined; next = this.#backlog[0]) {
      const { references } = next.encoded;
      let ready = true;
      for (const address of references)
        if (!this.#passed.has(address)) ready = this.#request(address) && ready;
      if (!ready) return;
      this.#backlog.shift();
      const tickets = references.map((address) => this.#passed.get(address) as number);
      const { bytes, transfers } = next.encoded;
      this.channel.sendEncoded(next.kind, next.to, next.from, next.correlation, bytes, tickets, transfers);
      this.#forgetOldest();
    }
  }

  /** Always false: the ticket is not here yet. */
  #request(address: Address): false {
    if (this.#requested.has(address)) return false;
    this.#requested.add(address);
    void this.#requestTicket(this.id, address).then((ticket) => {
      this.#requested.delete(address);
      // Ticket 0 stands for nothing: the environment has ended and its handle is gone. The peer gets
      // an address that leads nowhere, as it would have a moment later.
      this.#passed.set(address, ticket ?? 0);
      this.#pump();
    });
    return false;
  }

  #forgetOldest(): void {
    while (this.#passed.size > MAX_TICKETS) {
      const [address, ticket] = this.#passed.entries().next().value as [Address, number];
      this.#passed.delete(address);
      if (ticket !== 0) this.channel.sendPlain(FRAME.forget, 0, 0, ticket);
    }
  }
}
