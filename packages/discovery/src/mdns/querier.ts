/**
 * Our side of mDNS as questions: which instances of a type are there, and what does their TXT data say.
 *
 * Nothing here decides who is alive. What a reader has to know of an instance is in its TXT data, which the directory
 * judges; this file only keeps asking: for each type at 0, 1, 3, 7 … s, at most a minute apart, telling what it
 * knows; for an instance when its data is missing.
 */
import type { Clock, Random } from '@espalier/core/internal/clock.js';
import { packQuery, sameName, type DnsRecord, type Packet, type Question } from './packet.js';

export interface QuerierParts {
  readonly clock: Clock;
  readonly random: Random;
  readonly send: (packet: Packet) => void;
}

/** An instance that was found, or found changed. `target` and `port` only if they came along. */
export interface Found {
  readonly type: string;
  readonly label: string;
  readonly strings: readonly Uint8Array[];
  readonly port: number | undefined;
}

export interface Browser {
  /** Nobody asks which instances of this type there are: who wants one knows its name. */
  readonly byNameOnly?: boolean;
  found(instance: Found): void;
  /** Somebody says that the instance is gone, or nobody has spoken of it for the time it was to be kept. */
  gone(instance: { readonly type: string; readonly label: string }): void;
}

interface KnownInstance {
  readonly type: string;
  readonly label: string;
  /** What its pointer was to be kept for (s), and until when; 0 where no pointer was heard. */
  pointerTtl: number;
  pointerUntil: number;
  /** When it is forgotten if nobody speaks of it. */
  until: number;
  strings: readonly Uint8Array[] | undefined;
  port: number | undefined;
}

const FIRST_PAUSE_MS = 1000;
const LONGEST_PAUSE_MS = 60_000;
/** Beyond that the longest known goes first: whoever lives speaks of itself again. */
const MAX_INSTANCES = 4096;
/** Instances asked for at a time: whoever points to thousands does not make us send thousands. */
const MAX_ASKING = 64;
/** Time for others to ask the same, or for the answer to come unasked. */
const ASK_DELAY_MS = { least: 20, most: 120 };

export class Querier {
  readonly #parts: QuerierParts;
  readonly #browsers = new Map<string, Browser>();
  readonly #instances = new Map<string, KnownInstance>();
  readonly #asking = new Set<string>();
  #pause = FIRST_PAUSE_MS;
  #cancel: () => void = () => undefined;
  #closed = false;

  constructor(parts: QuerierParts) {
    this.#parts = parts;
  }

  browse(type: string, browser: Browser): void {
    this.#browsers.set(type, browser);
    this.restart();
  }

  /** Begins to ask at short intervals again: a link is new. */
  restart(): void {
    if (this.#closed) return;
    this.#cancel();
    this.#pause = FIRST_PAUSE_MS;
    this.#cancel = this.#parts.clock.after(this.#delay(), () => this.#ask());
  }

  /** Wants the present TXT data of an instance. */
  refresh(type: string, label: string): void {
    const name = `${label}.${type}.local`;
    const key = name.toLowerCase();
    if (this.#closed || this.#asking.has(key)) return;
    const known = this.#instances.get(key);
    if (known?.strings !== undefined) this.#tell(known);
    if (this.#asking.size >= MAX_ASKING) return;
    this.#asking.add(key);
    this.#parts.clock.after(this.#delay(), () => {
      if (this.#asking.delete(key) && !this.#closed) this.#query([{ name, type: 'TXT' }], []);
    });
  }

  hear({ answers, additionals = [] }: Packet): void {
    if (this.#closed) return;
    const records = [...answers, ...additionals];
    const touched = new Set<KnownInstance>();
    // Pointers first: that an instance is gone, or there, stands before what is said of it.
    for (const record of records) if (record.type === 'PTR') this.#hearPointer(record);
    for (const record of records) {
      if (record.type !== 'SRV' && record.type !== 'TXT') continue;
      const known = this.#instanceOf(record);
      if (known === undefined || record.ttl === 0) continue;
      if (record.type === 'SRV') {
        known.port = record.port;
      } else {
        known.strings = record.strings;
        known.until = Math.max(known.until, this.#parts.clock.now() + record.ttl * 1000);
        this.#asking.delete(record.name.toLowerCase());
        touched.add(known);
      }
    }
    for (const known of touched) this.#tell(known);
  }

  /**
   * What somebody is about to claim is as good as what he will say in a second, when he has: whether it is his is
   * for signatures to tell, not for a claim that nobody has contested.
   */
  hearProbe({ authorities = [] }: Packet): void {
    const proposed = authorities.filter(({ type }) => type === 'TXT');
    if (proposed.length > 0) this.hear({ kind: 'response', questions: [], answers: proposed });
  }

  close(): void {
    this.#closed = true;
    this.#cancel();
  }

  #ask(): void {
    const now = this.#parts.clock.now();
    for (const known of [...this.#instances.values()]) if (now >= known.until) this.#forget(known);
    const types = [...this.#browsers]
      .filter(([, { byNameOnly }]) => byNameOnly !== true)
      .map(([type]) => type);
    const instances = [...this.#instances.values()].filter(({ type }) => types.includes(type));
    this.#query(
      types.map((type) => ({ name: `${type}.local`, type: 'PTR' })),
      instances.flatMap((known) => knownAnswer(known, now)),
    );
    const pause = this.#pause;
    this.#pause = Math.min(LONGEST_PAUSE_MS, pause * 2);
    this.#cancel = this.#parts.clock.after(pause, () => this.#ask());
  }

  #query(questions: readonly Question[], known: readonly DnsRecord[]): void {
    this.#parts.send(packQuery(questions, known));
  }

  #hearPointer(record: DnsRecord & { readonly type: 'PTR' }): void {
    const type = this.#typeOf(record.name);
    const label = type === undefined ? undefined : labelOf(record.target, type);
    if (type === undefined || label === undefined) return;
    const key = record.target.toLowerCase();
    const known = this.#instances.get(key);
    if (record.ttl === 0) {
      if (known !== undefined) this.#forget(known);
      return;
    }
    const instance = known ?? this.#add(key, type, label);
    instance.pointerTtl = record.ttl;
    instance.pointerUntil = this.#parts.clock.now() + record.ttl * 1000;
    instance.until = Math.max(instance.until, instance.pointerUntil);
    if (instance.strings === undefined) this.refresh(type, label);
  }

  /** The instance that a record is about. One that was never pointed to is as good: its TXT data says all. */
  #instanceOf(record: DnsRecord): KnownInstance | undefined {
    const key = record.name.toLowerCase();
    const known = this.#instances.get(key);
    if (known !== undefined || record.ttl === 0) return known;
    for (const type of this.#browsers.keys()) {
      const label = labelOf(record.name, type);
      if (label !== undefined) return this.#add(key, type, label);
    }
    return undefined;
  }

  #add(key: string, type: string, label: string): KnownInstance {
    for (const oldest of this.#instances.keys()) {
      if (this.#instances.size < MAX_INSTANCES) break;
      this.#instances.delete(oldest);
    }
    const until = this.#parts.clock.now() + LONGEST_PAUSE_MS;
    const instance = {
      type,
      label,
      pointerTtl: 0,
      pointerUntil: 0,
      until,
      strings: undefined,
      port: undefined,
    };
    this.#instances.set(key, instance);
    return instance;
  }

  #forget({ type, label }: KnownInstance): void {
    this.#instances.delete(`${label}.${type}.local`.toLowerCase());
    this.#browsers.get(type)?.gone({ type, label });
  }

  #tell({ type, label, strings, port }: KnownInstance): void {
    if (strings !== undefined) this.#browsers.get(type)?.found({ type, label, strings, port });
  }

  #typeOf(name: string): string | undefined {
    return [...this.#browsers.keys()].find((type) => sameName(`${type}.local`, name));
  }

  #delay(): number {
    return ASK_DELAY_MS.least + this.#parts.random.next() * (ASK_DELAY_MS.most - ASK_DELAY_MS.least);
  }
}

/** Told to those who are asked, as long as it holds for half of its time still (RFC 6762, section 7.1). */
function knownAnswer({ type, label, pointerTtl, pointerUntil }: KnownInstance, now: number): DnsRecord[] {
  const ttl = Math.floor((pointerUntil - now) / 1000);
  if (ttl <= 0 || ttl * 2 < pointerTtl) return [];
  return [{ type: 'PTR', name: `${type}.local`, ttl, flush: false, target: `${label}.${type}.local` }];
}

function labelOf(name: string, type: string): string | undefined {
  const tail = `.${type}.local`;
  return name.length > tail.length && sameName(name.slice(-tail.length), tail)
    ? name.slice(0, -tail.length)
    : undefined;
}
