/**
 * mDNS over any number of links, without sockets: bytes in, bytes out, a clock. It proves of each link that it hears
 * what it says: with wrong settings or a firewall multicast fails in silence, and both sides seem well.
 */
import type { Clock, Random } from '@espalier/core/internal/clock.js';
import type { Backend, BackendStatus } from '../backend.js';
import { problem } from '../problem.js';
import type { Problems } from '../problems.js';
import type { Txt } from '../records/txt.js';
import type { Link, LinkStatus } from './link.js';
import { decodePacket, encodePacket, type Packet } from './packet.js';
import { Querier, type Browser } from './querier.js';
import { Responder, type Publication } from './responder.js';
import type { ServiceFacts } from './service.js';
import { TokenBuckets } from './token-bucket.js';

export interface EngineParts {
  readonly clock: Clock;
  readonly random: Random;
  /** The label of this machine's address records. */
  readonly hostLabel: string;
  readonly problems: Problems;
}

interface Attached {
  readonly link: Link;
  readonly nonce: string;
  hearing: LinkStatus['hearing'];
  ended: boolean;
}

const HEARING_NAME = '_espalier-hear._udp.local';
/** When a link is spoken to for the proof, counted from its start; after the last it is deaf, and tried each half minute. */
const HEARING_TRIES_MS = [0, 500, 1500, 3000];
const HEARING_AGAIN_MS = 30_000;
/** 500 names on 5 hosts make bursts of some dozen packets; this is for those who mean harm. */
const RATE = { perSecond: 200, burst: 500, senders: 256 };

export class MdnsEngine implements Backend {
  readonly #parts: EngineParts;
  readonly #links = new Map<string, Attached>();
  readonly #responder: Responder;
  readonly #querier: Querier;
  readonly #buckets = new TokenBuckets(RATE);
  #malformed = 0;
  #flood = 0;

  constructor(parts: EngineParts) {
    const { clock, random, hostLabel } = parts;
    this.#parts = parts;
    this.#responder = new Responder({
      clock,
      random,
      target: `${hostLabel}.local`,
      links: () => [...this.#links.values()].map(({ link }) => link),
      send: (link, packet) => link.send(encodePacket(packet)),
    });
    this.#querier = new Querier({ clock, random, send: (packet) => this.#sendAll(packet) });
  }

  attach(link: Link): void {
    const nonce = Math.floor(this.#parts.random.next() * 2 ** 48).toString(36);
    const attached: Attached = { link, nonce, hearing: 'trying', ended: false };
    this.#links.set(link.id, attached);
    this.#proveHearing(attached, 0);
    this.#responder.attached(link);
    this.#querier.restart();
  }

  detach(id: string): void {
    const attached = this.#links.get(id);
    if (attached !== undefined) attached.ended = true;
    this.#links.delete(id);
    this.#parts.problems.over('deaf', id);
  }

  receive(id: string, bytes: Buffer, sender: string): void {
    const attached = this.#links.get(id);
    if (attached === undefined) return;
    if (!this.#buckets.take(sender, this.#parts.clock.now())) {
      this.#flood += 1;
      return;
    }
    const packet = decodePacket(bytes);
    if (packet === undefined) {
      this.#malformed += 1;
    } else if (packet.kind === 'response') {
      this.#querier.hear(packet);
    } else if (packet.questions.some(({ name }) => name === hearingName(attached))) {
      attached.hearing = 'heard';
      this.#parts.problems.over('deaf', id);
    } else {
      this.#querier.hearProbe(packet);
      this.#responder.answer(attached.link, packet);
    }
  }

  publish(facts: ServiceFacts, txt: Txt, asked: () => void): Publication {
    return this.#responder.publish(facts, txt, asked);
  }

  browse(type: string, browser: Browser): void {
    this.#querier.browse(type, browser);
  }

  refresh(type: string, label: string): void {
    this.#querier.refresh(type, label);
  }

  status(): BackendStatus {
    const links = [...this.#links.values()].map(({ link, hearing }) => ({ id: link.id, hearing }));
    return { links, dropped: { malformed: this.#malformed, flood: this.#flood } };
  }

  async close(): Promise<void> {
    this.#querier.close();
    this.#responder.withdrawAll();
    for (const id of [...this.#links.keys()]) this.detach(id);
  }

  #sendAll(packet: Packet): void {
    const bytes = encodePacket(packet);
    for (const { link } of this.#links.values()) link.send(bytes);
  }

  #proveHearing(attached: Attached, round: number): void {
    if (attached.ended || attached.hearing === 'heard') return;
    const at = HEARING_TRIES_MS[round];
    if (at === undefined && attached.hearing === 'trying') {
      attached.hearing = 'deaf';
      this.#parts.problems.report(problem('deaf', attached.link.id));
    }
    const question = { name: hearingName(attached), type: 'TXT' };
    attached.link.send(encodePacket({ kind: 'query', questions: [question], answers: [] }));
    const pause = at === undefined ? HEARING_AGAIN_MS : (HEARING_TRIES_MS[round + 1] ?? at + 1000) - at;
    this.#parts.clock.after(pause, () => this.#proveHearing(attached, round + 1));
  }
}

function hearingName({ nonce }: Attached): string {
  return `${nonce}.${HEARING_NAME}`;
}
