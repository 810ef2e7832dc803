/** The options of discovery, with their defaults, in one place. */
import { HostError } from '@espalier/core';
import { nodeClock, nodeRandom, wallNow, type Clock, type Random } from '@espalier/core/internal/clock.js';
import type { DirectoryExchange } from '@espalier/core/directory';
import { MAX_NAMES } from './name-pages.js';
import type { StaticHost } from './directory/static-hosts.js';
import type { Membership } from '@espalier/core/identity';
import type { Problem } from './problem.js';
import { MAX_ENDPOINTS, MAX_LEASE_MS, MIN_LEASE_MS } from './records/host-record.js';

export interface DiscoveryOptions {
  /** Who this host is, and in which cluster: from `openJoinTicket`. */
  readonly membership: Membership;
  /** Where this host's mailboxes are reached at the broker. Default: it offers none. */
  readonly queue?: string;
  /** Where the broker is reached, e.g. `amqps://10.0.0.5:5671`; at most 4, without credentials. Default: none. */
  readonly endpoints?: readonly string[];
  /**
   * A host that falls silent is lost after so many ms, 1,000 to 120,000. It speaks about twice in that time.
   * Default 5000.
   */
  readonly leaseMs?: number;
  /** Interfaces to speak over, by name. Default: all that are up and lead out of the machine. */
  readonly interfaces?: readonly string[];
  /** Default true; false leaves the static list alone, and opens no socket. */
  readonly multicast?: boolean;
  /**
   * `javascript`: sockets of its own; `native`: the responder of the system, through the package `mdns`, which you have
   * installed; `auto`: native where both are there, else javascript. Default `auto`.
   */
  readonly backend?: 'auto' | 'javascript' | 'native';
  /**
   * How this host and others speak to each other through the broker: of themselves, where multicast does not get through, and
   * of names that are too many for the link. Default: not at all; a host that serves its names so is known without them.
   */
  readonly exchange?: DirectoryExchange;
  /**
   * With more names than that a host takes them from the link, and serves them over the broker for the rest of its life;
   * without an `exchange` the next one is refused. 0 to 400; default 400.
   */
  readonly linkNames?: number;
  /** Hosts that are known without being heard. Default: none. */
  readonly staticHosts?: readonly StaticHost[];
  /** The list of revoked hosts to begin with (`revokeHosts`); `revoke` brings newer ones. Default: none is revoked. */
  readonly revoked?: string;
  /**
   * Called with a newer list that came from another host over the `exchange`, when it is followed: keep it, and give it as
   * `revoked` at the next start. Default: it counts for this life.
   */
  readonly onRevocations?: (list: string) => void;
  /** Records dated further from this host's wall clock than so many ms are dropped. Default 120,000. */
  readonly maxClockSkewMs?: number;
  /** More hosts than that are not taken in. Default 256. */
  readonly maxHosts?: number;
  /** Called with each problem as it comes up; `status()` has them too. */
  readonly onProblem?: (problem: Problem) => void;
  /** Time and chance, for tests. Default: the process's own. */
  readonly time?: DiscoveryTime;
}

export interface DiscoveryTime {
  readonly clock: Clock;
  /** Milliseconds since 1970. */
  readonly wallNow: () => number;
  readonly random: Random;
}

type Unset = 'interfaces' | 'revoked' | 'exchange';
export type Settings = Required<Omit<DiscoveryOptions, Unset>> & Pick<DiscoveryOptions, Unset>;

/** @throws HostError `host_unfit` with `field` and `value` for an option that cannot be */
export function readOptions(options: DiscoveryOptions): Settings {
  const settings: Settings = {
    queue: '',
    endpoints: [],
    leaseMs: 5000,
    multicast: true,
    backend: 'auto',
    staticHosts: [],
    linkNames: MAX_NAMES,
    maxClockSkewMs: 120_000,
    maxHosts: 256,
    onProblem: () => undefined,
    onRevocations: () => undefined,
    ...options,
    time: options.time ?? { clock: nodeClock(), wallNow, random: nodeRandom },
  };
  const { leaseMs, endpoints, queue, staticHosts } = settings;
  check(
    Number.isInteger(leaseMs) && leaseMs >= MIN_LEASE_MS && leaseMs <= MAX_LEASE_MS,
    'leaseMs',
    leaseMs,
    `a whole number of ms from ${MIN_LEASE_MS} to ${MAX_LEASE_MS}`,
  );
  check(isText(queue), 'queue', queue, 'at most 200 bytes of text');
  check(
    endpoints.length <= MAX_ENDPOINTS &&
      endpoints.every((endpoint) => isText(endpoint) && !hasCredentials(endpoint)),
    'endpoints',
    endpoints,
    `at most ${MAX_ENDPOINTS} addresses like amqps://10.0.0.5:5671, with neither user nor password`,
  );
  for (const { host } of staticHosts) {
    check(/^[\da-f]{32}$/.test(host), 'staticHosts', host, 'host ids of 32 hexadecimal digits');
  }
  check(
    Number.isInteger(settings.linkNames) && settings.linkNames >= 0 && settings.linkNames <= MAX_NAMES,
    'linkNames',
    settings.linkNames,
    `a whole number from 0 to ${MAX_NAMES}`,
  );
  check(settings.maxClockSkewMs > 0, 'maxClockSkewMs', settings.maxClockSkewMs, 'a number of ms above 0');
  check(settings.maxHosts >= 1, 'maxHosts', settings.maxHosts, 'a whole number from 1');
  return settings;
}

function isText(text: string): boolean {
  return Buffer.byteLength(text) <= 200 && !/[\p{Cc}\p{Cs}]/u.test(text);
}

function hasCredentials(endpoint: string): boolean {
  try {
    const { username, password } = new URL(endpoint);
    return username !== '' || password !== '';
  } catch {
    return true;
  }
}

function check(holds: boolean, field: string, value: unknown, expected: string): void {
  if (holds) return;
  throw new HostError('host_unfit', `Discovery takes as \`${field}\` ${expected}`, {
    field,
    value,
    remedy: `Give ${expected}.`,
  });
}
