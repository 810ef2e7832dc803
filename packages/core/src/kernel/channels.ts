/** Channels between guests: made at first contact, one for each pair of threads, closed with either of them. */
import type { Link, LinkEnd, LinkSite } from '../channel/link.js';
import type { Peer } from '../protocol/notices.js';
import type { Environment } from './environment.js';
import type { Guest } from './guest.js';
import type { ChannelRecord } from './identity.js';
import { OWN } from './numbers.js';
import { splice, type Relay } from './relay.js';

export class Channels {
  readonly #links: LinkSite;

  constructor(links: LinkSite) {
    this.#links = links;
  }

  /** Where the guest reaches the environment; both ends are told of a new channel before anything else. */
  peer(guest: Guest, environment: Environment): Peer {
    const peer = environment.guest;
    const known = guest === peer || inOneCell(guest, peer);
    const channel = known ? this.number(guest, peer) : this.#between(guest, peer).id;
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

  /** One end of a new link for the guest, and the relay between it and another link that ends in this process. */
  relay(link: Link, guest: Guest): readonly [Relay, LinkEnd] {
    const site = guest.site ?? this.#links;
    const [near, far] = site.pair();
    return [splice(link, site.open(near)), far];
  }

  /** The environment at the other end of a guest's channel, in that slot. */
  at(guest: Guest, channel: number, slot: number): Environment | undefined {
    const peer = channel === 0 ? guest : this.peerAt(guest, channel);
    return peer?.environments.get(slot);
  }

  /** The guest's thread has ended: no channel leads to it any more. */
  end(guest: Guest): void {
    for (const { peer, peerId, relay } of guest.channels.values()) {
      relay?.close();
      peer.channels.delete(peerId);
      peer.channelTo.delete(guest);
    }
    guest.channels.clear();
    guest.channelTo.clear();
  }

  #between(guest: Guest, peer: Guest): ChannelRecord {
    const known = guest.channelTo.get(peer);
    if (known !== undefined) return known;
    const [near, far, relay] = this.#pair(guest, peer);
    const id = guest.nextChannel();
    const peerId = peer.nextChannel();
    const record: ChannelRecord = { id, peer, peerId, relay, tickets: 0 };
    const mirror: ChannelRecord = { id: peerId, peer: guest, peerId: id, relay, tickets: 0 };
    guest.channels.set(id, record);
    guest.channelTo.set(peer, record);
    peer.channels.set(peerId, mirror);
    peer.channelTo.set(guest, mirror);
    peer.notify({ notice: 'channel', channel: peerId }, [far]);
    guest.notify({ notice: 'channel', channel: id }, [near]);
    return record;
  }

  /** A direct link between two threads of this process; the kernel's relay where one of them is in a cell. */
  #pair(guest: Guest, peer: Guest): readonly [LinkEnd, LinkEnd, Relay | undefined] {
    if (guest.site === undefined && peer.site === undefined) return [...this.#links.pair(), undefined];
    const site = guest.site ?? this.#links;
    const [own, near] = site.pair();
    const [relay, far] = this.relay(site.open(own), peer);
    return [near, far, relay];
  }
}

/** Presented by the same cell, which has a channel of its own between them. */
function inOneCell(guest: Guest, peer: Guest): boolean {
  return guest.home !== undefined && guest.home.cell === peer.home?.cell;
}
