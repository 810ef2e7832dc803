/** Channels between guests: made at first contact, one for each pair of threads, closed with either of them. */
import type { LinkEnd, LinkSite } from '../channel/link.js';
import type { Peer } from '../protocol/notices.js';
import type { Environment } from './environment.js';
import type { Guest } from './guest.js';
import type { ChannelRecord } from './identity.js';
import { OWN } from './numbers.js';
import { Account, splice, type Relay, type Side } from './relay.js';

export class Channels {
  readonly #links: LinkSite;
  readonly #violation: (guest: Guest, problem: string) => void;

  constructor(links: LinkSite, violation: (guest: Guest, problem: string) => void) {
    this.#links = links;
    this.#violation = violation;
  }

  /**
   * Where the guest, which may, speaks to the environment; both ends are told of a new channel before anything
   * else.
   */
  peer(guest: Guest, environment: Environment): Peer {
    const peer = environment.guest;
    let channel = this.number(guest, peer);
    if (guest !== peer && !inOneCell(guest, peer)) {
      const record = this.#between(guest, peer);
      if (record.account !== undefined) record.account.open = true;
      channel = record.id;
    }
    return { channel, slot: environment.slot, terms: environment.spec.terms };
  }

  /** What the guest calls its channel to a peer; 0 if there is none, or it is itself. */
  number(guest: Guest, peer: Guest): number {
    if (guest === peer) return 0;
    return inOneCell(guest, peer) ? OWN + (peer.home?.number ?? 0) : (guest.channelTo.get(peer)?.id ?? 0);
  }

  /** The peer behind a guest's channel. */
  peerAt(guest: Guest, channel: number): Guest | undefined {
    return channel >= OWN ? guest.home?.cell.presented.get(channel - OWN) : guest.channels.get(channel)?.peer;
  }

  /** One end of a new link for the guest, and the relay between it and the other side. */
  relay(other: Side, guest: Guest, account: Account): readonly [Relay, LinkEnd] {
    const [side, far] = this.#side(guest, account);
    return [splice(other, side), far];
  }

  /** The environment at the other end of a guest's channel, in that slot. */
  at(guest: Guest, channel: number, slot: number): Environment | undefined {
    const peer = channel === 0 ? guest : this.peerAt(guest, channel);
    return peer?.environments.get(slot);
  }

  /** The guest's thread has ended: no channel leads to it any more. */
  end(guest: Guest): void {
    for (const peer of guest.channelTo.keys()) {
      this.leave(guest, peer);
      this.leave(peer, guest);
    }
  }

  /** The guest's half of the channel to a peer is no more; what it crosses on its way is cut. */
  leave(guest: Guest, peer: Guest): void {
    const record = guest.channelTo.get(peer);
    if (record === undefined) return;
    record.relay?.close();
    guest.channels.delete(record.id);
    guest.channelTo.delete(peer);
  }

  #between(guest: Guest, peer: Guest): ChannelRecord {
    const known = guest.channelTo.get(peer);
    if (known !== undefined) return known;
    const [sent, received] = [new Account(false), new Account(false)];
    const ends = this.#direct(guest, peer) ?? this.#relayed(guest, peer, sent, received);
    const [near, far, relay]: readonly [LinkEnd, LinkEnd, Relay?] = ends;
    const id = guest.nextChannel();
    const peerId = peer.nextChannel();
    const record: ChannelRecord = { id, peer, relay, account: relay && sent, tickets: 0 };
    const mirror: ChannelRecord = { id: peerId, peer: guest, relay, account: relay && received, tickets: 0 };
    guest.channels.set(id, record);
    guest.channelTo.set(peer, record);
    peer.channels.set(peerId, mirror);
    peer.channelTo.set(guest, mirror);
    peer.notify({ notice: 'channel', channel: peerId }, [far]);
    guest.notify({ notice: 'channel', channel: id }, [near]);
    return record;
  }

  /** Without a relay: between two threads of one process, or of the application and a cell, in one namespace. */
  #direct(guest: Guest, peer: Guest): readonly [LinkEnd, LinkEnd] | undefined {
    if (guest.space !== peer.space || (guest.site !== undefined && peer.site !== undefined)) return undefined;
    const site = guest.site ?? peer.site;
    return site === undefined ? this.#links.pair() : site.direct?.();
  }

  #relayed(guest: Guest, peer: Guest, sent: Account, received: Account): readonly [LinkEnd, LinkEnd, Relay] {
    const [side, near] = this.#side(guest, sent);
    const [relay, far] = this.relay(side, peer, received);
    return [near, far, relay];
  }

  #side(guest: Guest, account: Account): readonly [Side, LinkEnd] {
    const site = guest.site ?? this.#links;
    const [own, far] = site.pair();
    // The kernel of a cell would have held its guest to it.
    const broken = (problem: string): void => this.#violation(guest.home?.cell ?? guest, problem);
    return [{ link: site.open(own), account, broken }, far];
  }
}

/** Presented by the same cell, which has a channel of its own between them. */
function inOneCell(guest: Guest, peer: Guest): boolean {
  return guest.home !== undefined && guest.home.cell === peer.home?.cell;
}
