/** Discovery as its users see it: what a host says of itself, and what it knows of others. */
import type { Directory, NameWatch } from '@espalier/core/directory';
import type { BackendStatus } from './backend.js';
import type { HostEvent, HostInfo } from './directory/directory.js';
import type { Holder, NameEvent, NameState } from './directory/name-state.js';
import type { Problem } from './problem.js';
import type { Refusal } from './records/host-record.js';

export interface ResolveOptions {
  /** Waits so many ms for somebody to hold the name. Default 0: what is known now. */
  readonly waitMs?: number;
}

/** Follows a name, from `state` on: `listener` is called for each change after it, in order. */
export interface Watch extends NameWatch {
  readonly state: NameState;
}

export interface DiscoveryStatus extends BackendStatus {
  /** Records that were dropped since the start, by why. */
  readonly refused: Readonly<Partial<Record<Refusal, number>>>;
  /**
   * The number of the list of revoked hosts that is followed, 0 for none; and how many questions for a newer one were refused, or
   * answered by what is none or an older one, since the start.
   */
  readonly revocations: { readonly number: number; readonly refused: number };
  /** Those that are not over, the last of each kind and subject, oldest first. Of more than 32 some with other hosts are left out. */
  readonly problems: readonly Problem[];
}

/**
 * The directory of a cluster, as it is heard on the link. `advertise` throws `HostError` `host_unfit` for a name that no
 * record takes, and for one more than it may advertise: beyond `linkNames` without an exchange, beyond 10,000 with one.
 */
export interface Discovery extends Directory {
  /** Who holds a name. Never rejects: a name that nobody holds is `absent`. */
  resolve(name: string, options?: ResolveOptions): Promise<NameState>;
  watch(name: string, listener: (event: NameEvent) => void): Watch;
  /** Whether that is still the life of the holder that the name leads to. Ask before using what was kept. */
  isCurrent(name: string, holder: Holder): boolean;
  names(): readonly NameState[];
  hosts(): readonly HostInfo[];
  /** Calls back for each host that comes, begins anew or goes. Returns what ends it. */
  watchHosts(listener: (event: HostEvent) => void): () => void;
  /**
   * Follows a list of revoked hosts (`revokeHosts`), if it is newer than the one that is followed: what was known
   * through them is gone at once, and what they say is dropped from then on. Other hosts ask for it over the `exchange`;
   * who has none is to be given it.
   *
   * @returns whether it is followed now
   * @throws HostError `revocations_refused` when it is no list, damaged, or of another root
   */
  revoke(list: string): boolean;
  status(): DiscoveryStatus;
  /** Says goodbye, and ends. Others know at once; whom the goodbye does not reach knows when the lease ends. */
  close(): Promise<void>;
}
