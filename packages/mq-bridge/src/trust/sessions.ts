/**
 * Whom this incarnation believes: incarnations of members that it has a session with. What they say of themselves is passed
 * on once they have proved that they are there now; for what is signed may be old.
 *
 * Of two hosts the one with the smaller id begins the handshake, when it hears the other; and again with each beat of the
 * other's, until there is a session. So nothing here needs a timer.
 */
import type { Clock } from '@espalier/core/internal/bridge.js';
import { decodeEnvelope, encodeEnvelope, type Envelope } from '../wire/envelopes.js';
import { decodePresence, encodePresence, type Presence } from '../wire/frames.js';
import type { NewDhKey } from './dh-key.js';
import type { Refusal } from './refusals.js';
import { Session } from './session.js';
import type { Signatures } from './signed.js';

export interface SessionsOptions {
  readonly host: string;
  readonly incarnation: string;
  /** The cluster root's public key. */
  readonly root: string;
  readonly signatures: Signatures;
  /** The exchange of presence, and where an incarnation takes answers. */
  readonly presencePlace: string;
  readonly inboxOf: (incarnation: string) => string;
  readonly newKey: NewDhKey;
  readonly clock: Clock;
  /** So long after an incarnation has ended, what it had sent before is still read. */
  readonly keptMs: number;
  readonly publish: (queue: string, body: Buffer) => void;
  readonly isBuried: (incarnation: string) => boolean;
  /** Somebody new is there, and wants to know who else is. */
  readonly greeted: () => void;
  readonly believed: (presence: Presence) => void;
  readonly refused: (why: Refusal) => void;
}

/** A frame of somebody whom we know. */
export interface Opened {
  readonly bytes: Uint8Array;
  /** How the names of his streams begin. */
  readonly sender: string;
}

type Living = Presence & { readonly kind: 'alive' | 'hello' };

interface Acquaintance {
  readonly host: string;
  /** How the names of its streams begin. */
  readonly sender: string;
  readonly session: Session;
  lastCount: number;
  latest: Living;
}

/** Incarnations that we know of; a broker may play back as many as there ever were. */
const MAX_KNOWN = 1000;

export class Sessions {
  readonly #options: SessionsOptions;
  readonly #own;
  readonly #known = new Map<string, Acquaintance>();
  #count = 0;
  #lastSaid: Buffer | undefined;

  constructor(options: SessionsOptions) {
    this.#options = options;
    this.#own = options.newKey();
  }

  /** What is said to everybody, signed. */
  say(presence: Presence): Buffer {
    const { signatures, presencePlace } = this.#options;
    const isLiving = presence.kind === 'alive' || presence.kind === 'hello';
    const introduction = isLiving ? { count: ++this.#count, key: this.#own.publicKey } : undefined;
    const body = signatures.sign(presencePlace, encodePresence({ presence, introduction }));
    if (isLiving) this.#lastSaid = body;
    return body;
  }

  /** A presence, from whoever sent it. Throws `CallError` `malformed`. */
  heard(body: Uint8Array): void {
    const said = this.#read(body);
    if (said === undefined) return;
    const { presence, introduction } = said;
    const { host, incarnation, kind } = presence;
    const { isBuried, believed, greeted, refused } = this.#options;
    if (kind === 'bye' || kind === 'buried' || introduction === undefined) {
      believed(presence);
      return;
    }
    if (host === this.#options.host || isBuried(incarnation)) {
      believed(presence);
      return;
    }
    const { count, key } = introduction;
    const known = this.#meet(presence, key, 0);
    if (count <= known.lastCount) {
      refused('replayed');
      return;
    }
    known.lastCount = count;
    known.latest = presence;
    if (known.session.isOpen) {
      believed(presence);
      return;
    }
    if (kind === 'hello') greeted();
    this.#begin(incarnation, known);
  }

  /** What has come to a queue of ours: the frame in it, if there is one. Throws `CallError` `malformed`. */
  open(queue: string, body: Uint8Array): Opened | undefined {
    const envelope = decodeEnvelope(body);
    if (envelope.kind === 'sealed') return this.#unseal(queue, envelope);
    const { refused } = this.#options;
    if (queue !== this.#options.inboxOf(this.#options.incarnation)) refused('forged');
    else if (envelope.kind === 'asks') this.#asked(envelope.presence, envelope.message);
    else this.#answered(envelope.incarnation, envelope.message);
    return undefined;
  }

  /** Undefined without a session. */
  seal(incarnation: string, queue: string, frame: Uint8Array): Buffer | undefined {
    const sealed = this.#known.get(incarnation)?.session.seal(queue, frame);
    if (sealed === undefined) return undefined;
    return encodeEnvelope({ kind: 'sealed', incarnation: this.#options.incarnation, ...sealed });
  }

  /** It is down: there will be nothing new of it. */
  ended(incarnation: string): void {
    const { clock, keptMs } = this.#options;
    clock.after(keptMs, () => this.#known.delete(incarnation));
  }

  /** These hosts are to be believed no more, from this instant. */
  revoke(hosts: ReadonlySet<string>): void {
    for (const [incarnation, { host }] of this.#known) {
      if (!hosts.has(host)) continue;
      this.#known.delete(incarnation);
      this.#options.believed({ kind: 'bye', host, incarnation });
    }
  }

  // ---- who is it -------------------------------------------------------------------------------------

  #read(body: Uint8Array) {
    const { signatures, presencePlace, refused } = this.#options;
    const signed = signatures.read(presencePlace, body);
    if (typeof signed === 'string') {
      refused(signed);
      return undefined;
    }
    const said = decodePresence(signed.payload);
    // Anybody may say of others that they are buried; of himself everybody speaks alone.
    if (said !== undefined && said.presence.kind !== 'buried' && said.presence.host !== signed.host) {
      refused('forged');
      return undefined;
    }
    return said;
  }

  #meet(presence: Living, key: Uint8Array, lastCount: number): Acquaintance {
    const { host, incarnation } = presence;
    const known = this.#known.get(incarnation);
    // Two hosts never have the same incarnation, unless one of them wants to be taken for the other.
    if (known?.host === host) return known;
    const { host: ownHost, incarnation: own, root, newKey } = this.#options;
    const isInitiator = ownHost < host;
    const [us, them] = [`${ownHost}/${own}`, `${host}/${incarnation}`];
    const [first, second] = isInitiator ? [us, them] : [them, us];
    const prologue = Buffer.from(`espalier session 1\n${root}\n${first}\n${second}\n`);
    const session = new Session({ isInitiator, own: this.#own, peer: key, newKey, prologue });
    const met = { host, sender: `${them}/`, session, lastCount, latest: presence };
    if (known === undefined) {
      this.#known.set(incarnation, met);
      this.#forget();
    }
    return met;
  }

  #forget(): void {
    if (this.#known.size <= MAX_KNOWN) return;
    for (const [incarnation, { session }] of this.#known) {
      if (session.isOpen) continue;
      this.#known.delete(incarnation);
      return;
    }
  }

  // ---- the handshake ---------------------------------------------------------------------------------

  #begin(incarnation: string, { session }: Acquaintance): void {
    if (!session.isInitiator) {
      // The confirmation may have got lost.
      const answer = session.answerAgain;
      if (answer !== undefined) this.#answer(incarnation, answer);
      return;
    }
    if (this.#lastSaid === undefined) return;
    this.#publish(incarnation, { kind: 'asks', presence: this.#lastSaid, message: session.ask() });
  }

  #asked(presenceBody: Uint8Array, message: Uint8Array): void {
    const said = this.#read(presenceBody);
    if (said?.introduction === undefined) return;
    const presence = said.presence as Living;
    const { incarnation } = presence;
    if (this.#options.isBuried(incarnation) || presence.host === this.#options.host) return;
    // The presence itself may still be on its way.
    const known = this.#meet(presence, said.introduction.key, said.introduction.count - 1);
    const answer = known.session.isInitiator ? undefined : known.session.answer(message);
    if (answer === undefined) this.#options.refused('forged');
    else this.#answer(incarnation, answer);
  }

  #answer(incarnation: string, message: Buffer): void {
    this.#publish(incarnation, { kind: 'answers', incarnation: this.#options.incarnation, message });
  }

  #answered(incarnation: string, message: Uint8Array): void {
    const known = this.#known.get(incarnation);
    const wasOpen = known?.session.isOpen === true;
    if (known === undefined) this.#options.refused('foreign');
    else if (!known.session.isInitiator || !known.session.accept(message)) this.#options.refused('forged');
    else {
      const queue = this.#options.inboxOf(incarnation);
      const confirmation = this.seal(incarnation, queue, Buffer.alloc(0));
      if (confirmation !== undefined) this.#options.publish(queue, confirmation);
      if (!wasOpen) this.#opened(known);
    }
  }

  #unseal(queue: string, envelope: Envelope & { readonly kind: 'sealed' }): Opened | undefined {
    const { incarnation } = envelope;
    const known = this.#known.get(incarnation);
    if (known === undefined) {
      this.#options.refused('foreign');
      return undefined;
    }
    const wasOpen = known.session.isOpen;
    const bytes = known.session.unseal(queue, envelope);
    if (bytes === undefined) {
      this.#options.refused('forged');
      return undefined;
    }
    if (!wasOpen) this.#opened(known);
    return bytes.length === 0 ? undefined : { bytes, sender: known.sender };
  }

  #opened({ latest }: Acquaintance): void {
    // Whoever said hello was answered when he said it.
    this.#options.believed({ ...latest, kind: 'alive' });
  }

  #publish(incarnation: string, envelope: Envelope): void {
    this.#options.publish(this.#options.inboxOf(incarnation), encodeEnvelope(envelope));
  }
}
