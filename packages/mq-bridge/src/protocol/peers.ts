/**
 * Who is there: what each host says of itself, and who is declared down.
 *
 *   unknown ──alive, hello──► up ──bye │ silent for downAfterMs │ another incarnation of the host──► buried
 *
 * An incarnation that is buried stays so: if it is heard again (it was only cut off) it is told, and comes back
 * as a new one. So whoever watches something there is told once, and nothing that was given up is taken up again.
 * Only the monotonic clock counts. If this host itself stood still, the others are given that time on top.
 */
import type { Clock } from '@espalier/core/internal/bridge.js';
import type { ExitReason } from '@espalier/core';
import type { Announced, Presence } from '../wire/frames.js';
import { readReason } from './reasons.js';

/** One life of an exported mailbox. */
export interface RemoteMailbox {
  readonly host: string;
  readonly incarnation: string;
  readonly name: string;
  readonly life: number;
}

/** No other mailbox has it. */
export function mailboxKey({ incarnation, name, life }: RemoteMailbox): string {
  return `${incarnation}/${name}/${String(life)}`;
}

export interface PeersOptions {
  readonly host: string;
  readonly incarnation: string;
  readonly heartbeatMs: number;
  readonly downAfterMs: number;
  readonly clock: Clock;
  /** What is said along with every sign of life. */
  readonly announced: () => Announced;
  readonly say: (presence: Presence) => void;
  readonly appeared: (mailbox: RemoteMailbox) => void;
  /** `had`: it was the one that `find` gave. */
  readonly ended: (mailbox: RemoteMailbox, reason: ExitReason, had: boolean) => void;
  /** Whether the name is awaited by some host has changed; told after what has ended or appeared with that. */
  readonly awaited: (name: string) => void;
  /** Every mailbox of it has ended already. */
  readonly hostDown: (host: string, incarnation: string) => void;
  /** Others have buried this very incarnation. */
  readonly buried: () => void;
  /** Another process says that it is this host. */
  readonly clash: (incarnation: string) => void;
}

interface Peer {
  readonly host: string;
  readonly incarnation: string;
  heardAt: number;
  readonly mailboxes: Map<string, RemoteMailbox>;
  /** Names that have no mailbox there now, and will. */
  awaited: ReadonlySet<string>;
}

const NO_CONNECTION: ExitReason = { tag: 'noconnection' };
/** Buried incarnations that are remembered, to be told if they are heard again. */
const MAX_GRAVES = 1000;

export class Peers {
  readonly #options: PeersOptions;
  readonly #peers = new Map<string, Peer>();
  /** By name: the mailbox that has it, until that ends. */
  readonly #having = new Map<string, RemoteMailbox>();
  readonly #graves = new Set<string>();
  #cancelBeat: (() => void) | undefined;
  #lastBeat: number;
  #muted = false;

  constructor(options: PeersOptions) {
    this.#options = options;
    this.#lastBeat = options.clock.now();
  }

  /** The connection is there (again): everybody is asked to say what he exports. */
  connected(): void {
    this.#sayOurs('hello');
    if (this.#cancelBeat === undefined) this.#beatLater();
  }

  /** What is announced has changed. */
  changed(): void {
    if (!this.#muted) this.#sayOurs('alive');
  }

  stop(): void {
    this.#cancelBeat?.();
    const { host, incarnation, say } = this.#options;
    say({ kind: 'bye', host, incarnation });
  }

  /**
   * The broker takes nothing from anybody for now: then silence means nothing, and nothing is said. It was not heard by
   * others, either; so when that is over, all have their time again.
   */
  muted(on: boolean): void {
    this.#muted = on;
    if (on) return;
    for (const peer of this.#peers.values()) peer.heardAt = this.#options.clock.now();
    this.#sayOurs('alive');
  }

  /** Ends what is known without a word to others. */
  forgetAll(): void {
    this.#cancelBeat?.();
    for (const peer of [...this.#peers.values()]) this.#bury(peer);
  }

  /**
   * The mailbox that has the name. It has it until it ends, for to whom somebody here is linked, and whom he has sent to,
   * must not change unnoticed; of those that are there then, the one whose host's id is the smallest.
   */
  find(name: string): RemoteMailbox | undefined {
    let found = this.#having.get(name);
    if (found !== undefined) return found;
    for (const { host, mailboxes } of this.#peers.values()) {
      const mailbox = mailboxes.get(name);
      if (mailbox !== undefined && (found === undefined || host < found.host)) found = mailbox;
    }
    if (found !== undefined) this.#having.set(name, found);
    return found;
  }

  /** Whether some host has said that a mailbox of that name is to come (again). */
  isAwaited(name: string): boolean {
    for (const { awaited } of this.#peers.values()) if (awaited.has(name)) return true;
    return false;
  }

  isBuried(incarnation: string): boolean {
    return this.#graves.has(incarnation);
  }

  incarnationOf(host: string): string | undefined {
    return this.#peers.get(host)?.incarnation;
  }

  isUp(host: string, incarnation: string): boolean {
    return this.#peers.get(host)?.incarnation === incarnation;
  }

  heard(presence: Presence): void {
    const { host, incarnation } = presence;
    const { host: ownHost, incarnation: own, clash, buried } = this.#options;
    if (host === ownHost) {
      if (incarnation !== own) {
        if (presence.kind === 'alive' || presence.kind === 'hello') clash(incarnation);
      } else if (presence.kind === 'buried') buried();
      return;
    }
    const known = this.#peers.get(host);
    if (presence.kind === 'bye' || presence.kind === 'buried') {
      if (known?.incarnation === incarnation) this.#bury(known);
      return;
    }
    if (this.#graves.has(incarnation)) {
      this.#options.say({ kind: 'buried', host, incarnation });
      return;
    }
    if (known !== undefined && known.incarnation !== incarnation) this.#bury(known);
    if (presence.kind === 'hello') this.#sayOurs('alive');
    this.#update(this.#peer(host, incarnation), presence);
  }

  #peer(host: string, incarnation: string): Peer {
    let peer = this.#peers.get(host);
    if (peer === undefined) {
      peer = { host, incarnation, heardAt: 0, mailboxes: new Map(), awaited: new Set() };
      this.#peers.set(host, peer);
    }
    peer.heardAt = this.#options.clock.now();
    return peer;
  }

  #update(peer: Peer, { exports, ended, awaited = [] }: Announced): void {
    const before = peer.awaited;
    // Whoever is told of an end asks whether that was all.
    peer.awaited = new Set(awaited);
    const now = new Map(exports.map(({ name, life }) => [name, life]));
    for (const mailbox of [...peer.mailboxes.values()]) {
      if (now.get(mailbox.name) === mailbox.life) continue;
      peer.mailboxes.delete(mailbox.name);
      const end = ended.find(({ name, life }) => name === mailbox.name && life === mailbox.life);
      this.#ended(mailbox, end === undefined ? NO_CONNECTION : readReason(end));
    }
    for (const { name, life } of exports) {
      if (peer.mailboxes.has(name)) continue;
      const mailbox = { host: peer.host, incarnation: peer.incarnation, name, life };
      peer.mailboxes.set(name, mailbox);
      if (!this.#having.has(name)) this.#having.set(name, mailbox);
      this.#options.appeared(mailbox);
    }
    for (const name of new Set([...before, ...awaited]))
      if (before.has(name) !== peer.awaited.has(name)) this.#options.awaited(name);
  }

  #bury(peer: Peer): void {
    this.#peers.delete(peer.host);
    this.#graves.add(peer.incarnation);
    if (this.#graves.size > MAX_GRAVES) {
      const [oldest] = this.#graves;
      if (oldest !== undefined) this.#graves.delete(oldest);
    }
    for (const mailbox of peer.mailboxes.values()) this.#ended(mailbox, NO_CONNECTION);
    for (const name of peer.awaited) this.#options.awaited(name);
    this.#options.hostDown(peer.host, peer.incarnation);
  }

  #ended(mailbox: RemoteMailbox, reason: ExitReason): void {
    const { name } = mailbox;
    const had = this.#having.get(name) === mailbox;
    if (had) this.#having.delete(name);
    this.#options.ended(mailbox, reason, had);
  }

  #sayOurs(kind: 'alive' | 'hello'): void {
    const { host, incarnation, announced, say } = this.#options;
    say({ kind, host, incarnation, ...announced() });
  }

  #beatLater(): void {
    const { clock, heartbeatMs } = this.#options;
    this.#cancelBeat = clock.after(heartbeatMs, () => {
      this.#beat();
      this.#beatLater();
    });
  }

  #beat(): void {
    const { clock, heartbeatMs, downAfterMs } = this.#options;
    const now = clock.now();
    const stoodStillMs = now - this.#lastBeat - 2 * heartbeatMs;
    this.#lastBeat = now;
    if (this.#muted) return;
    for (const peer of [...this.#peers.values()]) {
      if (stoodStillMs > 0) peer.heardAt += stoodStillMs;
      if (now - peer.heardAt >= downAfterMs) this.#bury(peer);
    }
    this.#sayOurs('alive');
  }
}
