/** How a bridge makes others believe what it sends, and whom it believes itself. */
import { Members, type Membership } from '@espalier/core/identity';
import type { Clock } from '@espalier/core/internal/bridge.js';
import type { NewDhKey } from '../trust/dh-key.js';
import { Refusals, type Refusal, type RefusalCounts } from '../trust/refusals.js';
import { Sessions, type Opened } from '../trust/sessions.js';
import { Signatures } from '../trust/signed.js';
import type { Presence } from '../wire/frames.js';
import type { QueueNames } from '../wire/queue-names.js';

/** What stands in the body that came to a queue; undefined where nothing does, and where nobody is believed. */
export type Opener = (queue: string, body: Uint8Array) => Opened | undefined;

export interface TrustOptions {
  readonly membership: Membership;
  readonly names: QueueNames;
  readonly newKey: NewDhKey;
  readonly clock: Clock;
  readonly heartbeatMs: number;
  readonly downAfterMs: number;
  readonly publish: (queue: string, body: Buffer) => void;
  readonly isBuried: (incarnation: string) => boolean;
  readonly greeted: () => void;
  readonly believed: (presence: Presence) => void;
  readonly dropped: (counts: RefusalCounts) => void;
}

export class Trust {
  readonly #options: TrustOptions;
  readonly #members: Members;
  readonly #signatures: Signatures;
  readonly #refusals: Refusals;
  #sessions: Sessions;

  constructor(options: TrustOptions, incarnation: string) {
    this.#options = options;
    const { membership, clock, heartbeatMs, dropped } = options;
    this.#members = new Members(membership.root);
    this.#signatures = new Signatures(membership, this.#members);
    this.#refusals = new Refusals({ clock, everyMs: heartbeatMs, tell: dropped });
    this.#sessions = this.#begin(incarnation);
  }

  /** Another incarnation: nobody has a session with it yet. */
  renew(incarnation: string): void {
    this.#sessions = this.#begin(incarnation);
  }

  say(presence: Presence): Buffer {
    return this.#sessions.say(presence);
  }

  heard(body: Uint8Array): void {
    try {
      this.#sessions.heard(body);
    } catch {
      this.refused('malformed');
    }
  }

  ended(incarnation: string): void {
    this.#sessions.ended(incarnation);
  }

  revoke(hosts: ReadonlySet<string>): void {
    this.#members.revoke(hosts);
    this.#sessions.revoke(hosts);
  }

  readonly refused = (why: Refusal): void => this.#refusals.add(why);

  /** Of mailboxes and inboxes. */
  readonly openSealed: Opener = (queue, body) => this.#sessions.open(queue, body);

  /** Of durable mailboxes: whoever takes from them. */
  readonly openSigned: Opener = (queue, body) => {
    const signed = this.#signatures.read(queue, body);
    if (typeof signed !== 'string') return { bytes: signed.payload, sender: `${signed.host}/` };
    this.refused(signed);
    return undefined;
  };

  seal(incarnation: string, queue: string, frame: Buffer): Buffer | undefined {
    return this.#sessions.seal(incarnation, queue, frame);
  }

  sign(queue: string, frame: Buffer): Buffer {
    return this.#signatures.sign(queue, frame);
  }

  #begin(incarnation: string): Sessions {
    const { membership, names, downAfterMs, ...rest } = this.#options;
    return new Sessions({
      ...rest,
      host: membership.host,
      root: membership.root,
      incarnation,
      signatures: this.#signatures,
      presencePlace: names.presenceExchange,
      inboxOf: (of) => names.inbox(of),
      keptMs: downAfterMs,
      refused: this.refused,
    });
  }
}
