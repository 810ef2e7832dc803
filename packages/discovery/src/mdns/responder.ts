/**
 * Our side of mDNS as answers: probes, announces, answers questions, says goodbye (RFC 6762, sections 6 to 10).
 * Sans-io: clock, chance and sending are given.
 */
import type { Clock, Random } from '@espalier/core/internal/clock.js';
import type { Txt } from '../records/txt.js';
import type { Link } from './link.js';
import { fitsFrame, packRecords, sameName, type DnsRecord, type Packet, type Question } from './packet.js';
import { addressRecord, Service, typePointer, TYPES_NAME, type ServiceFacts } from './service.js';

export interface ResponderParts {
  readonly clock: Clock;
  readonly random: Random;
  /** The name of this machine's address records, e.g. `ab12….local`. */
  readonly target: string;
  readonly links: () => Iterable<Link>;
  readonly send: (link: Link, packet: Packet) => void;
}

export interface Publication {
  /** Replaces the TXT data and says so at once. */
  update(txt: Txt): void;
  withdraw(): void;
}

const PROBES = 3;
const PROBE_EVERY_MS = 250;
const ANNOUNCE_AGAIN_MS = 1000;
/** A record is not multicast again within a second (RFC 6762, section 6) on that link, whoever asks. */
const REPEAT_MS = 1000;

export class Responder {
  readonly #parts: ResponderParts;
  readonly #services = new Map<string, { readonly service: Service; readonly asked: () => void }>();
  /** When each record went over each link last; the key is link, type and name. */
  readonly #sentAt = new Map<string, number>();
  #pending: { readonly link: Link; readonly record: DnsRecord }[] = [];

  constructor(parts: ResponderParts) {
    this.#parts = parts;
  }

  /** `asked` is called when somebody asks for the TXT data of exactly this instance. */
  publish(facts: ServiceFacts, txt: Txt, asked: () => void): Publication {
    const service = new Service(facts, txt, this.#parts.target);
    this.#services.set(service.fullName.toLowerCase(), { service, asked });
    this.#after(this.#parts.random.next() * PROBE_EVERY_MS, () => this.#probe(service, 1));
    return {
      update: (next) => {
        service.setTxt(next);
        if (service.state === 'announced') this.#broadcast([service.text()]);
        // Who has heard the former probe must not keep to it: it may have been the last word but one.
        else if (service.state === 'probing') this.#sendProbe(service);
      },
      withdraw: () => this.#withdraw(service),
    };
  }

  /** A new link hears at once what is there; no probes, since nobody else can own our names (service.ts). */
  attached(link: Link): void {
    for (const { service } of this.#services.values()) {
      if (service.state === 'announced') this.#send(link, this.#announcement(service, link));
    }
  }

  answer(link: Link, { questions, answers }: Packet): void {
    const isNew = (record: DnsRecord): boolean =>
      !answers.some((known) => knows(known, record)) && !this.#justSent(link, record);
    const groups = questions.flatMap((question) => this.#answers(question, link));
    // Who knows the pointer is not told again what goes with it.
    const fresh = groups
      .filter(([first]) => first !== undefined && isNew(first))
      .flatMap((group) => group.filter(isNew));
    if (fresh.length === 0) return;
    // Many may hold an answer to a question for a type; they wait differently, so as not to collide.
    const shared = fresh.some(({ type }) => type === 'PTR');
    if (this.#pending.length === 0) {
      this.#after(shared ? 20 + this.#parts.random.next() * 100 : 0, () => this.#flush());
    }
    for (const record of fresh) this.#pending.push({ link, record });
  }

  withdrawAll(): void {
    for (const { service } of [...this.#services.values()]) this.#withdraw(service);
  }

  #probe(service: Service, round: number): void {
    if (service.state === 'withdrawn') return;
    if (round > PROBES) {
      service.state = 'announced';
      this.#announce(service);
      this.#after(ANNOUNCE_AGAIN_MS, () => this.#announce(service));
      return;
    }
    service.state = 'probing';
    this.#sendProbe(service);
    this.#after(PROBE_EVERY_MS, () => this.#probe(service, round + 1));
  }

  #sendProbe(service: Service): void {
    // All that is proposed (RFC 6762, section 8.2). Who believes signatures need not wait for the end of the probes.
    const bare = {
      kind: 'query',
      questions: [{ name: service.fullName, type: 'ANY' }],
      answers: [],
      authorities: [service.place()],
    } as const;
    const whole: Packet = { ...bare, authorities: [service.place(), service.text()] };
    const packet = fitsFrame(whole) ? whole : bare;
    for (const link of this.#parts.links()) this.#parts.send(link, packet);
  }

  #announce(service: Service): void {
    if (service.state !== 'announced') return;
    for (const link of this.#parts.links()) this.#send(link, this.#announcement(service, link));
  }

  #announcement(service: Service, link: Link): DnsRecord[] {
    return [service.pointer(), service.place(), service.text(), ...this.#addresses(link)];
  }

  #withdraw(service: Service): void {
    const announced = service.state === 'announced';
    service.state = 'withdrawn';
    this.#services.delete(service.fullName.toLowerCase());
    if (!announced) return;
    this.#broadcast(
      [service.pointer(), service.place(), service.text()].map((record) => ({ ...record, ttl: 0 })),
    );
  }

  /** Each answer with what is said along with it. */
  #answers({ name, type }: Question, link: Link): DnsRecord[][] {
    const wants = (record: DnsRecord): boolean => type === 'ANY' || type === record.type;
    const services = [...this.#services.values()].filter(({ service }) => service.state === 'announced');
    if (sameName(name, TYPES_NAME)) {
      return [...new Set(services.map(({ service }) => service.typeName))]
        .map(typePointer)
        .filter(wants)
        .map(alone);
    }
    if (sameName(name, this.#parts.target)) return this.#addresses(link).filter(wants).map(alone);
    const asked = services.find(({ service }) => sameName(service.fullName, name));
    if (asked !== undefined) {
      asked.asked();
      return [asked.service.place(), asked.service.text()].filter(wants).map(alone);
    }
    // With the pointer goes what its reader asks for next (RFC 6763, section 12.1).
    return services
      .filter(({ service }) => sameName(service.typeName, name) && wants(service.pointer()))
      .map(({ service }) => [service.pointer(), service.place(), service.text()]);
  }

  #addresses(link: Link): DnsRecord[] {
    return link.addresses.map(({ family, address }) => addressRecord(this.#parts.target, family, address));
  }

  #flush(): void {
    const links = new Set(this.#pending.map(({ link }) => link));
    const pending = this.#pending;
    this.#pending = [];
    for (const link of links) {
      const records = pending.filter((item) => item.link === link).map(({ record }) => record);
      const still = uniqueRecords(records).filter((record) => !this.#justSent(link, record));
      this.#send(link, still);
    }
  }

  #broadcast(records: readonly DnsRecord[]): void {
    for (const link of this.#parts.links()) this.#send(link, records);
  }

  #send(link: Link, records: readonly DnsRecord[]): void {
    for (const record of records) this.#sentAt.set(sendKey(link, record), this.#parts.clock.now());
    for (const packet of packRecords(records)) this.#parts.send(link, packet);
  }

  #justSent(link: Link, record: DnsRecord): boolean {
    const at = this.#sentAt.get(sendKey(link, record));
    return at !== undefined && this.#parts.clock.now() - at < REPEAT_MS;
  }

  #after(delayMs: number, work: () => void): void {
    this.#parts.clock.after(delayMs, work);
  }
}

function alone(record: DnsRecord): DnsRecord[] {
  return [record];
}

function sendKey(link: Link, record: DnsRecord): string {
  const data = record.type === 'PTR' ? record.target : record.type.startsWith('A') ? link.id : '';
  return `${link.id} ${record.type} ${record.name} ${data}`;
}

/** Whether the asker says that it has this record, for at least half of its time still (RFC 6762, section 7.1). */
function knows(known: DnsRecord, record: DnsRecord): boolean {
  if (known.type !== record.type || !sameName(known.name, record.name) || known.ttl * 2 < record.ttl)
    return false;
  return record.type === 'PTR' && known.type === 'PTR' && sameName(known.target, record.target);
}

function uniqueRecords(records: readonly DnsRecord[]): DnsRecord[] {
  const seen = new Map(
    records.map((record) => [`${record.type} ${record.name} ${JSON.stringify(record)}`, record]),
  );
  return [...seen.values()];
}
