/**
 * What is known of hosts and names: fed with TXT data from whatever link, and with the time; it has no clock, no
 * socket and no timer. Invariants:
 *
 * - Only what the host's key has signed, and the cluster's root has granted, changes anything.
 * - A host's (epoch, sealed at) only grows, beyond its death too; so nothing that is played back revives it.
 * - A name is known through a living host alone; names of an earlier epoch end with it.
 * - Nobody else ends a host: that a responder says an instance is gone is a reason to ask, not to believe.
 */
import { Members } from '@espalier/core/identity';
import {
  HOST_PURPOSE,
  HOST_TYPE,
  readHostRecord,
  sameEpoch,
  type Epoch,
  type HostRecord,
  type Refusal,
} from '../records/host-record.js';
import { encodeQuestion, openNamesChange } from '../records/names-change.js';
import { NAMES_PURPOSE, NAMES_TYPE, pageInstance, readNamesPage } from '../records/names-page.js';
import { isTxtSignedBy, type Txt } from '../records/txt.js';
import { KnownHost } from './known-host.js';
import { absent, nameEvent, nameState, type Holder, type NameEvent, type NameState } from './name-state.js';
import { StaticHosts, type StaticHost } from './static-hosts.js';
import { Tombstones } from './tombstones.js';

export interface DirectoryOptions {
  readonly cluster: string;
  readonly root: string;
  /** This host and its present epoch: nobody else may speak as this host. */
  readonly self: { readonly host: string; readonly epoch: Epoch };
  readonly maxClockSkewMs: number;
  readonly maxHosts: number;
  readonly staticHosts: readonly StaticHost[];
}

/** Monotonic and wall clock, ms. */
export interface Moment {
  readonly now: number;
  readonly wall: number;
}

/**
 * `revoked`: it stands on a list of the root, and is not believed any more. `key_used_twice`: another process speaks as
 * this very host, with its key.
 */
export type HostEventKind = 'appeared' | 'restarted' | 'left' | 'lost' | 'revoked' | 'key_used_twice';

export interface HostEvent {
  readonly kind: HostEventKind;
  readonly host: string;
}

/** What follows from what was heard. */
export interface Effects {
  readonly hosts: readonly HostEvent[];
  readonly names: readonly NameEvent[];
  /** Instances whose TXT data should be asked for. */
  readonly asks: readonly Instance[];
}

export interface Instance {
  readonly type: string;
  readonly label: string;
}

/** One host that is known. */
export interface HostInfo {
  readonly host: string;
  readonly source: 'link' | 'static';
  readonly epoch: Epoch | undefined;
  readonly queue: string;
  readonly endpoints: readonly string[];
  /** How many names it offers. */
  readonly names: number;
}

const NOTHING: Effects = { hosts: [], names: [], asks: [] };

export class Directory {
  readonly #options: DirectoryOptions;
  readonly #hosts = new Map<string, KnownHost>();
  readonly #tombstones: Tombstones;
  readonly #static: StaticHosts;
  /** Claims by name, then host. */
  readonly #claims = new Map<string, Map<string, Holder>>();
  readonly #members: Members;
  readonly #refused = new Map<Refusal, number>();

  constructor(options: DirectoryOptions) {
    this.#options = options;
    this.#members = new Members(options.root);
    // Whatever is older than the window is refused for its age alone.
    this.#tombstones = new Tombstones(2 * options.maxClockSkewMs, 4 * options.maxHosts);
    this.#static = new StaticHosts(options.staticHosts);
    for (const host of this.#static.ids()) this.#reclaim(host);
  }

  /** TXT data of an instance, from wherever. */
  hear({ type, label }: Instance, txt: Txt | undefined, at: Moment): Effects {
    const instance = label.toLowerCase();
    const outcome = txt === undefined ? 'malformed' : this.#take(type, instance, txt, at);
    if (typeof outcome !== 'string') return outcome;
    this.#refuse(outcome);
    return outcome === 'clash'
      ? { ...NOTHING, hosts: [{ kind: 'key_used_twice', host: instance }] }
      : NOTHING;
  }

  /** An unsigned word that an instance is gone. A living host answers; a dead one is lost when its lease ends. */
  doubt({ type, label }: Instance): Effects {
    const instance = label.toLowerCase();
    const known = type === HOST_TYPE && this.#hosts.has(instance);
    return known ? { ...NOTHING, asks: [{ type, label: instance }] } : NOTHING;
  }

  /** From now on these hosts are not believed; what was known through them is gone. This very host stays known to itself. */
  revoke(revoked: ReadonlySet<string>, now: number): Effects {
    const others = new Set([...revoked].filter((host) => host !== this.#options.self.host));
    this.#members.revoke(others);
    const known = [...this.#hosts.keys(), ...this.#static.ids()].filter((host) => others.has(host));
    const names = known.flatMap((host) => {
      this.#static.forget(host);
      return this.#remove(host, now);
    });
    return { hosts: known.map((host) => ({ kind: 'revoked', host })), names, asks: [] };
  }

  /** Time has passed: asks hosts that are silent, and forgets those whose lease has ended. */
  expire(now: number): Effects {
    const asks: Instance[] = [];
    const lost: string[] = [];
    for (const [host, known] of this.#hosts) {
      if (host === this.#options.self.host) continue;
      if (now >= known.expiresAt) lost.push(host);
      else if (known.dueForAsking(now)) asks.push({ type: HOST_TYPE, label: host });
    }
    const names = lost.flatMap((host) => this.#remove(host, now));
    return { hosts: lost.map((host) => ({ kind: 'lost', host })), names, asks };
  }

  /** When `expire` is to be called next, or `Infinity`. */
  deadline(): number {
    let earliest = Infinity;
    for (const [host, known] of this.#hosts) {
      if (host !== this.#options.self.host) earliest = Math.min(earliest, known.deadline);
    }
    return earliest;
  }

  name(name: string): NameState {
    const claims = this.#claims.get(name);
    return claims === undefined ? absent(name) : nameState(name, [...claims.values()]);
  }

  names(): NameState[] {
    return [...this.#claims.keys()].sort().map((name) => this.name(name));
  }

  hosts(): HostInfo[] {
    const heard = [...this.#hosts.values()].map((known): HostInfo => {
      const { host, epoch, queue, endpoints } = known.record;
      return { host, source: 'link', epoch, queue, endpoints, names: known.names().size };
    });
    return [...heard, ...this.#static.infos()].sort((a, b) => (a.host < b.host ? -1 : 1));
  }

  /** How many records were dropped, by why. */
  refused(): Readonly<Partial<Record<Refusal, number>>> {
    return Object.fromEntries(this.#refused);
  }

  #refuse(why: Refusal): void {
    this.#refused.set(why, (this.#refused.get(why) ?? 0) + 1);
  }

  #take(type: string, instance: string, txt: Txt, at: Moment): Effects | Refusal {
    if (type === HOST_TYPE) return this.#takeHost(instance, txt, at);
    return type === NAMES_TYPE ? this.#takePage(instance, txt) : 'malformed';
  }

  #takeHost(instance: string, txt: Txt, at: Moment): Effects | Refusal {
    const record = readHostRecord(instance, txt, this.#options.cluster);
    if (typeof record === 'string') return record;
    if (Math.abs(at.wall - record.sealedAt) > this.#options.maxClockSkewMs) return 'stale';
    const last = this.#hosts.get(instance)?.record ?? this.#tombstones.last(instance);
    const age = last === undefined ? 1 : compareAge(record, last);
    // The same record over another interface, or asked for by somebody else: nothing new, and nothing wrong.
    if (age === 0) return NOTHING;
    const { self } = this.#options;
    const otherSelf = instance === self.host && record.epoch.boot !== self.epoch.boot;
    if (otherSelf ? record.sealedAt <= self.epoch.startedAt : age < 0) return 'stale';
    const fault = this.#faultOf(record, txt);
    if (fault !== undefined) return fault;
    if (otherSelf) return 'clash';
    if (record.leaseMs === 0) return this.#leave(record, at.now);
    return this.#alive(record, at.now);
  }

  #alive(record: HostRecord, now: number): Effects | Refusal {
    const { host } = record;
    const known = this.#hosts.get(host);
    const hosts: HostEvent[] = [];
    let names: NameEvent[] = [];
    if (known === undefined && this.#hosts.size >= this.#options.maxHosts) return 'overflow';
    if (known !== undefined && compareEpoch(record, known.record) === 0) {
      if (known.renew(record, now)) names = this.#reclaim(host);
    } else {
      hosts.push({ kind: known === undefined ? 'appeared' : 'restarted', host });
      this.#hosts.set(host, new KnownHost(record, now));
      this.#static.forget(host);
      names = this.#reclaim(host);
    }
    const missing = this.#hosts.get(host)?.missingPages() ?? [];
    return { hosts, names, asks: missing.map((label) => ({ type: NAMES_TYPE, label })) };
  }

  #leave(record: HostRecord, now: number): Effects {
    const { host } = record;
    const known = this.#hosts.has(host);
    this.#tombstones.add(record, now);
    return known
      ? { ...NOTHING, hosts: [{ kind: 'left', host }], names: this.#remove(host, now, record) }
      : NOTHING;
  }

  #takePage(instance: string, txt: Txt): Effects | Refusal {
    const page = readNamesPage(instance, txt);
    if (typeof page === 'string') return page;
    const known = this.#hosts.get(page.host);
    // Its host's next record asks for it.
    if (known === undefined || page.index >= known.record.pages.length) return 'early';
    if (!sameEpoch(page.epoch, known.record.epoch)) return 'stale';
    const held = known.page(page.index)?.version ?? 0;
    if (page.version === held) return NOTHING;
    // An older page than the host lists may hold names that it has withdrawn.
    if (page.version < Math.max(held, known.record.pages[page.index] ?? 0)) return 'stale';
    const label = pageInstance(page.host, page.index);
    if (!isTxtSignedBy(NAMES_PURPOSE, label, txt, known.record.publicKey)) return 'forged';
    known.setPage(page);
    return { ...NOTHING, names: this.#reclaim(page.host) };
  }

  /** The number of the list of revoked hosts that a host follows, as it says; 0 where it is not known. */
  revocationsOf(host: string): number {
    return this.#hosts.get(host)?.record.revocations ?? 0;
  }

  /** How to ask a host for what it serves over the broker and is missing here; nothing where all is here. */
  question(host: string): Uint8Array | undefined {
    const question = this.#hosts.get(host)?.question;
    return question === undefined ? undefined : encodeQuestion(question);
  }

  /** What a host is said to have answered; nothing where it is of no use. */
  hearServed(host: string, bytes: Uint8Array): Effects | undefined {
    const names = this.#takeServed(host, bytes);
    if (typeof names !== 'string') return { ...NOTHING, names };
    this.#refuse(names);
    return undefined;
  }

  #takeServed(host: string, bytes: Uint8Array): NameEvent[] | Refusal {
    const known = this.#hosts.get(host);
    if (known === undefined) return 'early';
    const change = openNamesChange(bytes, known.record.publicKey);
    if (typeof change === 'string') return change;
    if (change.host !== host) return 'forged';
    if (!sameEpoch(change.epoch, known.record.epoch)) return 'stale';
    const touched = known.takeServed(change);
    return typeof touched === 'string' ? touched : this.#reclaim(host, touched);
  }

  #remove(host: string, now: number, record = this.#hosts.get(host)?.record): NameEvent[] {
    if (record !== undefined) this.#tombstones.add(record, now);
    this.#hosts.delete(host);
    return this.#reclaim(host);
  }

  /** Brings the claims of a host up to what it offers now, of these names or all. */
  #reclaim(host: string, names?: readonly string[]): NameEvent[] {
    const offered = this.#offers(host);
    const touched = new Set(names ?? offered.keys());
    if (names === undefined) {
      for (const [name, claims] of this.#claims) if (claims.has(host)) touched.add(name);
    }
    return [...touched].flatMap((name) => {
      const before = this.name(name);
      this.#claim(name, host, offered.get(name));
      return nameEvent(before, this.name(name)) ?? [];
    });
  }

  #offers(host: string): Map<string, Holder> {
    const known = this.#hosts.get(host);
    if (known === undefined) return this.#static.offers(host);
    return new Map([...known.names()].map(([name, entry]) => [name, known.holder(entry)]));
  }

  #claim(name: string, host: string, holder: Holder | undefined): void {
    const claims = this.#claims.get(name) ?? new Map<string, Holder>();
    if (holder === undefined) claims.delete(host);
    else claims.set(host, holder);
    if (claims.size === 0) this.#claims.delete(name);
    else this.#claims.set(name, claims);
  }

  #faultOf(record: HostRecord, txt: Txt): Refusal | undefined {
    const verdict = this.#members.judge(record.publicKey, record.grant);
    if (verdict === 'revoked') return 'revoked';
    const isSigned = verdict === 'member' && isTxtSignedBy(HOST_PURPOSE, record.host, txt, record.publicKey);
    return isSigned ? undefined : 'forged';
  }
}

type Aged = Pick<HostRecord, 'epoch' | 'sealedAt'>;

/** Negative when `a` is the older. Two epochs that began at once are told apart by their boot ids. */
function compareEpoch({ epoch: a }: Aged, { epoch: b }: Aged): number {
  if (a.startedAt !== b.startedAt) return a.startedAt - b.startedAt;
  return a.boot === b.boot ? 0 : a.boot < b.boot ? -1 : 1;
}

function compareAge(a: Aged, b: Aged): number {
  const epochs = compareEpoch(a, b);
  return epochs === 0 ? a.sealedAt - b.sealedAt : epochs;
}
