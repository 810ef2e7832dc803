/**
 * One service instance of ours on the link: its records, and how far its claim to the name is.
 *
 *   waiting (0 to 250 ms) ──► probing (3 × 250 ms) ──► announced ──► withdrawn
 *
 * Its probes say all that it will announce, and listeners of ours take it from there.
 *
 * It does not give way to another claim (RFC 6762, section 9, would rename it): its name is the fingerprint of a
 * key, and who else claims it is a forger or holds the same key. Both are told apart by the signature, not here.
 */
import { encodeTxt, type Txt } from '../records/txt.js';
import type { DnsRecord } from './packet.js';

export interface ServiceFacts {
  /** E.g. `_espalier._tcp`. */
  readonly type: string;
  /** The instance's own label. */
  readonly label: string;
  readonly port: number;
}

/** Seconds, as RFC 6762, section 10, has them: with a host's name in it 120, all else 75 minutes. */
const TTL_HOST = 120;
const TTL_OTHER = 4500;

export class Service {
  readonly facts: ServiceFacts;
  readonly typeName: string;
  readonly fullName: string;
  readonly #target: string;
  #strings: Buffer[];
  state: 'waiting' | 'probing' | 'announced' | 'withdrawn' = 'waiting';

  constructor(facts: ServiceFacts, txt: Txt, target: string) {
    this.facts = facts;
    this.typeName = `${facts.type}.local`;
    this.fullName = `${facts.label}.${facts.type}.local`;
    this.#target = target;
    this.#strings = encodeTxt(txt);
  }

  setTxt(txt: Txt): void {
    this.#strings = encodeTxt(txt);
  }

  pointer(): DnsRecord {
    return { type: 'PTR', name: this.typeName, ttl: TTL_OTHER, flush: false, target: this.fullName };
  }

  place(): DnsRecord {
    const { port } = this.facts;
    return { type: 'SRV', name: this.fullName, ttl: TTL_HOST, flush: true, target: this.#target, port };
  }

  text(): DnsRecord {
    return { type: 'TXT', name: this.fullName, ttl: TTL_OTHER, flush: true, strings: this.#strings };
  }
}

/** What answers "which types are there?" (RFC 6763, section 9). */
export const TYPES_NAME = '_services._dns-sd._udp.local';

export function typePointer(typeName: string): DnsRecord {
  return { type: 'PTR', name: TYPES_NAME, ttl: TTL_OTHER, flush: false, target: typeName };
}

export function addressRecord(target: string, family: 4 | 6, address: string): DnsRecord {
  return { type: family === 4 ? 'A' : 'AAAA', name: target, ttl: TTL_HOST, flush: true, address };
}
