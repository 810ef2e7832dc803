/**
 * Ties this host's own records, the backend and the directory together. What this host says goes into its own
 * directory by the way that everything else goes: signed, and checked.
 */
import { HostError } from '@espalier/core';
import type { AdvertiseOptions, Advertisement, DirectoryExchange } from '@espalier/core/directory';
import type { Random } from '@espalier/core/internal/clock.js';
import type { Backend } from './backend.js';
import {
  Directory,
  type Effects,
  type HostEvent,
  type HostInfo,
  type Moment,
} from './directory/directory.js';
import { sameLife, type Holder, type NameEvent, type NameState } from './directory/name-state.js';
import type { Discovery, DiscoveryStatus, ResolveOptions, Watch } from './discovery.js';
import { exchangeBackend } from './exchange-backend.js';
import { FollowedRevocations } from './followed-revocations.js';
import { joinBackends } from './joined-backend.js';
import type { Publication } from './mdns/responder.js';
import type { Settings } from './options.js';
import { OwnNames } from './own-names.js';
import { OF_OTHERS, problem } from './problem.js';
import { Problems } from './problems.js';
import { HOST_TYPE, sealHostRecord, type Epoch } from './records/host-record.js';
import { checkName, NAMES_TYPE } from './records/names-page.js';
import { decodeTxt, type Txt } from './records/txt.js';
import { ServedDirectories } from './served-directories.js';
import { Watchers } from './watchers.js';

/** With 5 hosts these are 1.7 packets per second and family of addresses on an idle link. */
const BEAT_AFTER = 0.6;
/** Changes of names within that time go out together. */
const GATHER_MS = 250;
/** Whoever asks for this host gets a record that is not older. */
const FRESH_MS = 250;
/** What ends a host. */
const GONE: ReadonlySet<HostEvent['kind']> = new Set(['left', 'lost', 'revoked'] as const);
/** Names whose greatest incarnation is remembered; of others the wall clock is good enough. */
const MAX_INCARNATIONS = 8192;

export class DiscoveryDriver implements Discovery {
  readonly host: string;
  readonly #settings: Settings;
  readonly #epoch: Epoch;
  readonly #directory: Directory;
  readonly #backend: Backend | undefined;
  readonly #names: OwnNames;
  readonly #served: ServedDirectories;
  readonly #revocations: FollowedRevocations;
  readonly #incarnations = new Map<string, number>();
  readonly #watchers = new Watchers();
  readonly #problems: Problems;
  #cancelTwice: () => void = nothing;
  readonly #hostPublication: Publication | undefined;
  #sealedAt = 0;
  #sealedNow = -Infinity;
  #gathering = false;
  #publishedNow = -Infinity;
  #cancelBeat: () => void = nothing;
  #cancelExpiry: () => void = nothing;
  #expiryAt = Infinity;
  #closed = false;

  /** `backend` is given where to report problems; without one only the static list is known. */
  constructor(settings: Settings, backend?: (problems: Problems) => Backend) {
    const { membership, time, maxClockSkewMs, maxHosts, staticHosts } = settings;
    this.#settings = settings;
    this.#problems = new Problems(settings.onProblem);
    this.host = membership.host;
    this.#epoch = { startedAt: time.wallNow(), boot: randomHex(time.random) };
    this.#directory = new Directory({
      cluster: membership.cluster,
      root: membership.root,
      self: { host: this.host, epoch: this.#epoch },
      maxClockSkewMs,
      maxHosts,
      staticHosts,
    });
    this.#served = new ServedDirectories({
      exchange: settings.exchange,
      directory: this.#directory,
      clock: time.clock,
      follow: (effects) => this.#follow(effects),
      problems: this.#problems,
    });
    this.#revocations = new FollowedRevocations({
      root: membership.root,
      exchange: settings.exchange,
      clock: time.clock,
      numberOf: (host) => (this.#closed ? 0 : this.#directory.revocationsOf(host)),
      learned: (list) => {
        if (!this.#closed && this.revoke(list)) settings.onRevocations(list);
      },
      problems: this.#problems,
    });
    if (settings.revoked !== undefined) this.#revoke(settings.revoked);
    const link = backend?.(this.#problems);
    const broker = settings.exchange && this.#overBroker(settings.exchange);
    this.#backend = joinBackends([link, broker].filter((one) => one !== undefined));
    for (const type of [HOST_TYPE, NAMES_TYPE]) {
      this.#backend?.browse(type, {
        // Host records list their pages; to ask for all pages would fill a packet with those that are known.
        byNameOnly: type === NAMES_TYPE,
        found: ({ label, strings }) => this.#hear(type, label, decodeTxt(strings)),
        gone: (instance) => this.#follow(this.#directory.doubt(instance)),
      });
    }
    this.#names = new OwnNames({
      settings,
      epoch: this.#epoch,
      directory: this.#directory,
      backend: this.#backend,
      hear: (type, label, own) => this.#hear(type, label, own),
      follow: (effects) => this.#follow(effects),
    });
    const txt = this.#seal(settings.leaseMs);
    const port = portOf(settings.endpoints[0]);
    this.#hostPublication = this.#backend?.publish({ type: HOST_TYPE, label: this.host, port }, txt, () => {
      if (time.clock.now() - this.#sealedNow >= FRESH_MS) this.#beat();
    });
    this.#beat();
  }

  advertise(name: string, { holding = 'unique', incarnation }: AdvertiseOptions = {}): Advertisement {
    if (this.#closed) throw new HostError('host_stopped', 'Discovery has been closed');
    checkName(name);
    const entry = { name, holding, incarnation: incarnation ?? this.#nextIncarnation(name) };
    this.#names.set(entry);
    this.#noteIncarnation(name, entry.incarnation);
    this.#publishSoon();
    return {
      name,
      incarnation: entry.incarnation,
      withdraw: () => {
        if (this.#names.get(name) !== entry) return;
        this.#names.delete(name);
        this.#publishSoon();
      },
    };
  }

  async resolve(name: string, { waitMs = 0 }: ResolveOptions = {}): Promise<NameState> {
    const state = this.#directory.name(name);
    if (state.state !== 'absent' || waitMs <= 0 || this.#closed) return state;
    return new Promise((resolve) => {
      const done = (): void => {
        watch.stop();
        cancel();
        resolve(this.#directory.name(name));
      };
      const watch = this.watch(name, done);
      const cancel = this.#settings.time.clock.after(waitMs, done);
    });
  }

  watch(name: string, listener: (event: NameEvent) => void): Watch {
    const stop = this.#watchers.addName(name, listener);
    const directory = this.#directory;
    return {
      get state() {
        return directory.name(name);
      },
      stop,
    };
  }

  watchHosts(listener: (event: HostEvent) => void): () => void {
    return this.#watchers.addHosts(listener);
  }

  isCurrent(name: string, holder: Holder): boolean {
    return this.#directory.name(name).holders.some((held) => sameLife(held, holder));
  }

  names(): readonly NameState[] {
    return this.#directory.names();
  }

  hosts(): readonly HostInfo[] {
    return this.#directory.hosts();
  }

  brokers(): readonly string[] {
    const others = this.hosts().flatMap(({ endpoints }) => endpoints);
    return [...new Set([...this.#settings.endpoints, ...others.sort()])];
  }

  revoke(list: string): boolean {
    const isNewer = this.#revoke(list);
    // Others hear that there is a newer one.
    if (isNewer) this.#publishSoon();
    return isNewer;
  }

  status(): DiscoveryStatus {
    const { links = [], dropped = { malformed: 0, flood: 0 } } = this.#backend?.status() ?? {};
    const { number, refused } = this.#revocations;
    return {
      links,
      dropped,
      refused: this.#directory.refused(),
      revocations: { number, refused },
      problems: this.#problems.all,
    };
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#cancelBeat();
    this.#cancelExpiry();
    this.#cancelTwice();
    // A goodbye of mDNS is unsigned, so nobody believes it; this is the one that counts. Twice, for it is not repeated.
    const goodbye = this.#seal(0);
    for (let i = 0; i < 2; i += 1) this.#hostPublication?.update(goodbye);
    await this.#backend?.close();
  }

  #revoke(text: string): boolean {
    const list = this.#revocations.take(text);
    if (list === undefined) return false;
    if (list.hosts.has(this.host)) this.#problems.report(problem('key_revoked', this.host));
    this.#follow(this.#directory.revoke(list.hosts, this.#settings.time.clock.now()));
    return true;
  }

  #overBroker(exchange: DirectoryExchange): Backend {
    const answer = (question: Uint8Array): Uint8Array =>
      this.#revocations.answer(question) ?? this.#names.answer(question);
    return exchangeBackend({ exchange, answer });
  }

  /** Says that this host lives. */
  #beat(): void {
    if (this.#closed) return;
    const { leaseMs, time } = this.#settings;
    const txt = this.#seal(leaseMs);
    this.#hear(HOST_TYPE, this.host, txt);
    this.#hostPublication?.update(txt);
    this.#cancelBeat();
    this.#cancelBeat = time.clock.after(leaseMs * BEAT_AFTER, () => this.#beat());
  }

  #seal(leaseMs: number): Txt {
    const { membership, queue, endpoints, time } = this.#settings;
    // It only grows, even if somebody sets the clock back.
    this.#sealedAt = Math.max(this.#sealedAt + 1, time.wallNow());
    this.#sealedNow = time.clock.now();
    const sealed = { epoch: this.#epoch, sealedAt: this.#sealedAt, leaseMs };
    const known = { ...this.#names.facts(), revocations: this.#revocations.number };
    return sealHostRecord({ ...sealed, ...known, queue, endpoints }, membership);
  }

  #publishSoon(): void {
    if (this.#gathering) return;
    this.#gathering = true;
    const { clock } = this.#settings.time;
    const wait = Math.max(0, this.#publishedNow + GATHER_MS - clock.now());
    clock.after(wait, () => {
      this.#gathering = false;
      this.#publishedNow = clock.now();
      this.#publishNames();
    });
  }

  #publishNames(): void {
    if (this.#closed) return;
    // First the record that lists the new versions: without it nobody takes a new page.
    this.#beat();
    this.#names.publish();
  }

  #hear(type: string, label: string, txt: Txt | undefined): void {
    if (this.#closed) return;
    this.#follow(this.#directory.hear({ type, label }, txt, this.#moment()));
    const host = label.toLowerCase();
    if (type !== HOST_TYPE || host === this.host) return;
    this.#served.heard(host);
    this.#revocations.heard(host, this.#directory.revocationsOf(host));
  }

  #follow({ hosts, names, asks }: Effects): void {
    if (this.#closed) return;
    for (const { after } of names) {
      for (const { incarnation } of after.holders) this.#noteIncarnation(after.name, incarnation);
    }
    this.#setExpiry();
    for (const event of hosts) {
      if (event.kind === 'key_used_twice') this.#usedTwice();
      if (GONE.has(event.kind)) for (const code of OF_OTHERS) this.#problems.over(code, event.host);
    }
    this.#watchers.tell(hosts, names);
    // Last: what the backend has at hand it tells at once, and that must not overtake what was just told.
    for (const { type, label } of asks) this.#backend?.refresh(type, label);
  }

  #setExpiry(): void {
    const { clock } = this.#settings.time;
    const deadline = this.#directory.deadline();
    if (deadline >= this.#expiryAt) return;
    this.#cancelExpiry();
    this.#expiryAt = deadline;
    this.#cancelExpiry = clock.after(Math.max(0, deadline - clock.now()), () => {
      this.#expiryAt = Infinity;
      this.#follow(this.#directory.expire(clock.now()));
    });
  }

  #nextIncarnation(name: string): number {
    return Math.max((this.#incarnations.get(name) ?? 0) + 1, this.#settings.time.wallNow());
  }

  #noteIncarnation(name: string, incarnation: number): void {
    const greatest = Math.max(incarnation, this.#incarnations.get(name) ?? 0);
    this.#incarnations.delete(name);
    this.#incarnations.set(name, greatest);
    for (const oldest of this.#incarnations.keys()) {
      if (this.#incarnations.size <= MAX_INCARNATIONS) break;
      this.#incarnations.delete(oldest);
    }
  }

  /** Who lives is heard again within a lease. */
  #usedTwice(): void {
    const { leaseMs, time } = this.#settings;
    this.#problems.report(problem('key_used_twice', this.host));
    this.#cancelTwice();
    this.#cancelTwice = time.clock.after(leaseMs, () => this.#problems.over('key_used_twice', this.host));
  }

  #moment(): Moment {
    const { clock, wallNow } = this.#settings.time;
    return { now: clock.now(), wall: wallNow() };
  }
}

/** 64 bits, as 16 digits. */
function randomHex(random: Random): string {
  const half = (): string =>
    Math.floor(random.next() * 2 ** 32)
      .toString(16)
      .padStart(8, '0');
  return half() + half();
}

/** For the service record, which has to name a port; nobody of ours connects to it. */
function portOf(endpoint: string | undefined): number {
  return endpoint === undefined ? 0 : Number(new URL(endpoint).port);
}

function nothing(): void {}
