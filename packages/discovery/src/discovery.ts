/** Discovery as its users see it: what a host says of itself, and what it knows of others. */
import type { BackendStatus } from './backend.js';
import type { HostEvent, HostInfo } from './directory/directory.js';
import type { Holder, NameEvent, NameState } from './directory/name-state.js';
import type { Problem } from './problem.js';
import type { Refusal } from './records/host-record.js';
import type { Holding } from './records/names-page.js';

export interface AdvertiseOptions {
  /** Default `unique`. */
  readonly holding?: Holding;
  /**
   * Which life of the name this is; of a unique name the greatest gets it. Default: greater than every one that this
   * host has seen of the name, and at least the wall clock in ms, so that who claims last has it.
   */
  readonly incarnation?: number;
}

export interface Advertisement {
  readonly name: string;
  readonly incarnation: number;
  /** The name is no longer offered by this host. A second call does nothing. */
  withdraw(): void;
}

export interface ResolveOptions {
  /** Waits so many ms for somebody to hold the name. Default 0: what is known now. */
  readonly waitMs?: number;
}

/** Follows a name, from `state` on: `listener` is called for each change after it, in order. */
export interface Watch {
  /** The present state. */
  readonly state: NameState;
  stop(): void;
}

export interface DiscoveryStatus extends BackendStatus {
  /** Records that were dropped since the start, by why. */
  readonly refused: Readonly<Partial<Record<Refusal, number>>>;
  /** The last of each kind and subject, oldest first; at most 32. */
  readonly problems: readonly Problem[];
}

export interface Discovery {
  /** This host's id. */
  readonly host: string;
  /**
   * Offers a name. Called again for the same name it replaces the earlier offer.
   *
   * @throws HostError `host_unfit` for a name that no record takes, and for one more than it may advertise: beyond
   *   `linkNames` without an exchange, beyond 10,000 with one; `host_stopped` after `close`
   */
  advertise(name: string, options?: AdvertiseOptions): Advertisement;
  /** Who holds a name. Never rejects: a name that nobody holds is `absent`. */
  resolve(name: string, options?: ResolveOptions): Promise<NameState>;
  watch(name: string, listener: (event: NameEvent) => void): Watch;
  /** Whether that is still the life of the holder that the name leads to. Ask before using what was kept. */
  isCurrent(name: string, holder: Holder): boolean;
  /** All names that are held, in order. */
  names(): readonly NameState[];
  /** All hosts that are known, this one among them, in order. */
  hosts(): readonly HostInfo[];
  /** Calls back for each host that comes, begins anew or goes. Returns what ends it. */
  watchHosts(listener: (event: HostEvent) => void): () => void;
  /**
   * Follows a list of revoked hosts (`revokeHosts`), if it is newer than the one that is followed: what was known
   * through them is gone at once, and what they say is dropped from then on. Lists do not go over the link: each host is
   * given them.
   *
   * @returns whether it is followed now
   * @throws HostError `revocations_refused` when it is no list, damaged, or of another root
   */
  revoke(list: string): boolean;
  status(): DiscoveryStatus;
  /** Says goodbye, and ends. Others know at once; whom the goodbye does not reach knows when the lease ends. */
  close(): Promise<void>;
}
