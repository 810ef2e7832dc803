/** Incarnations over a broker of the test's own, which keeps what they say until the test says what becomes of it. */
import { Members, type Membership } from '@espalier/core/identity';
import { ManualClock } from '@espalier/core/testing';
import { newDhKey, type NewDhKey } from '../../src/trust/dh-key.js';
import type { Refusal } from '../../src/trust/refusals.js';
import { Sessions, type Opened } from '../../src/trust/sessions.js';
import { Signatures } from '../../src/trust/signed.js';
import type { Presence } from '../../src/wire/frames.js';
import { QueueNames } from '../../src/wire/queue-names.js';

export interface Posted {
  /** Undefined: to everybody. */
  readonly queue: string | undefined;
  readonly body: Buffer;
}

export class TestPeer {
  readonly incarnation: string;
  readonly membership: Membership;
  readonly members: Members;
  readonly names: QueueNames;
  readonly sessions: Sessions;
  readonly signatures: Signatures;
  readonly believed: Presence[] = [];
  readonly refused: Refusal[] = [];
  readonly posted: Posted[] = [];
  readonly clock = new ManualClock();
  readonly buried = new Set<string>();

  constructor(membership: Membership, incarnation: string, newKey: NewDhKey = newDhKey) {
    this.membership = membership;
    this.incarnation = incarnation;
    this.names = new QueueNames(membership.root);
    this.members = new Members(membership.root);
    this.signatures = new Signatures(membership, this.members);
    this.sessions = new Sessions({
      host: membership.host,
      incarnation,
      root: membership.root,
      signatures: this.signatures,
      presencePlace: this.names.presenceExchange,
      inboxOf: (of) => this.names.inbox(of),
      newKey,
      clock: this.clock,
      keptMs: 1000,
      publish: (queue, body) => this.posted.push({ queue, body }),
      isBuried: (of) => this.buried.has(of),
      greeted: () => this.say('alive'),
      believed: (presence) => this.believed.push(presence),
      refused: (why) => this.refused.push(why),
    });
  }

  get inbox(): string {
    return this.names.inbox(this.incarnation);
  }

  say(kind: 'alive' | 'hello' | 'bye', exported?: string): void {
    const { host } = this.membership;
    const of = { host, incarnation: this.incarnation };
    const exports = exported === undefined ? [] : [{ name: exported, life: 1 }];
    const presence: Presence = kind === 'bye' ? { kind, ...of } : { kind, ...of, exports, ended: [] };
    this.posted.push({ queue: undefined, body: this.sessions.say(presence) });
  }

  /** What reaches it: presence, or what came to one of its queues. */
  get({ queue, body }: Posted): Opened | undefined {
    if (queue !== undefined) return this.sessions.open(queue, body);
    this.sessions.heard(body);
    return undefined;
  }

  /** The other incarnations that it believes to be there. */
  get sees(): string[] {
    const there = new Set<string>();
    for (const { kind, incarnation } of this.believed)
      if (kind === 'alive') there.add(incarnation);
      else if (kind === 'bye') there.delete(incarnation);
    // It hears itself, too, as everybody on a fanout does.
    there.delete(this.incarnation);
    return [...there];
  }
}

/** Hands over all that was posted, and what is posted because of it; `isLost` loses some of it. */
export function settle(peers: readonly TestPeer[], isLost: () => boolean = () => false): void {
  for (;;) {
    const from = peers.find(({ posted }) => posted.length > 0);
    const next = from?.posted.shift();
    if (from === undefined || next === undefined) return;
    for (const peer of peers) {
      const isMeant = next.queue === undefined || next.queue === peer.inbox;
      if (isMeant && !isLost()) peer.get(next);
    }
  }
}
