/** Channels between guests: made at first contact, one for each pair of threads, closed with either of them. */
import type { LinkMaker } from '../channel/link.js';
import type { Peer } from '../protocol/notices.js';
import type { Environment } from './environment.js';
import type { ChannelRecord, Guest } from './guest.js';

export class Channels {
  readonly #links: LinkMaker;

  constructor(links: LinkMaker) {
    this.#links = links;
  }

  /** Where the guest reaches the environment; both ends are told of a new channel before anything else. */
  peer(guest: Guest, environment: Environment): Peer {
    const channel = guest === environment.guest ? 0 : this.#between(guest, environment.guest).id;
    return { channel, slot: environment.slot, terms: environment.spec.terms };
  }

  /** The environment at the other end of a guest's channel, in that slot. */
  at(guest: Guest, channel: number, slot: number): Environment | undefined {
    const peer = channel === 0 ? guest : guest.channels.get(channel)?.peer;
    return peer?.environments.get(slot);
  }

  /** The guest's thread has ended: no channel leads to it any more. */
  end(guest: Guest): void {
    for (const { peer, peerId } of guest.channels.values()) {
      peer.channels.delete(peerId);
      peer.channelTo.delete(guest);
    }
    guest.channels.clear();
    guest.channelTo.clear();
  }

  #between(guest: Guest, peer: Guest): ChannelRecord {
    const known = guest.channelTo.get(peer);
    if (known !== undefined) return known;
    const [near, far] = this.#links.pair();
    const id = guest.nextChannel();
    const peerId = peer.nextChannel();
    const record: ChannelRecord = { id, peer, peerId, tickets: 0 };
    const mirror: ChannelRecord = { id: peerId, peer: guest, peerId: id, tickets: 0 };
    guest.channels.set(id, record);
    guest.channelTo.set(peer, record);
    peer.channels.set(peerId, mirror);
    peer.channelTo.set(guest, mirror);
    peer.notify({ notice: 'channel', channel: peerId }, [far]);
    guest.notify({ notice: 'channel', channel: id }, [near]);
    return record;
  }
}
