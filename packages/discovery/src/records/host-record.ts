/**
 * What a host says of itself, as the TXT data of its instance `<host id>._espalier._tcp.local`. It is sealed anew
 * at each beat: its time only grows, so an old one that is played back is known for what it is.
 *
 *   v=1  c=cluster  k=host key  g=grant  e=epoch  t=sealed at  l=lease  d=page versions  o=served version
 *   r=number of its list of revoked hosts  q=queue  a0=… endpoints  s=signature
 */
import { fingerprint, isPublicKey, type Membership } from '@espalier/core/identity';
import { isUnsigned, signTxt, type Txt } from './txt.js';

/** One life of a host's discovery. Of two epochs of a host the later `startedAt` (wall clock, ms) is its present life. */
export interface Epoch {
  readonly startedAt: number;
  /** 16 hexadecimal digits, random. */
  readonly boot: string;
}

export interface HostRecord {
  /** The host's id: the fingerprint of its key. */
  readonly host: string;
  readonly publicKey: string;
  readonly grant: string;
  readonly epoch: Epoch;
  /** Wall clock of the host, ms. */
  readonly sealedAt: number;
  /** So long after it was heard the host counts as alive; 0 says that it leaves. */
  readonly leaseMs: number;
  /** The version of each page of names; 0 for a page that holds none. */
  readonly pages: readonly number[];
  /** Up to which version it has changes of names to tell over the broker; nothing where its names are on the link. */
  readonly served: number | undefined;
  /** The number of the list of revoked hosts that it follows; 0 if none. */
  readonly revocations: number;
  /** The queue where its mailboxes are reached; empty if it offers none. */
  readonly queue: string;
  /** Where the broker is reached, e.g. `amqps://10.0.0.5:5671`, without credentials. */
  readonly endpoints: readonly string[];
}

/** Why a record was dropped. */
export type Refusal =
  'malformed' | 'foreign' | 'unsigned' | 'forged' | 'revoked' | 'stale' | 'overflow' | 'clash' | 'early';

export const HOST_TYPE = '_espalier._tcp';
export const HOST_PURPOSE = 'espalier host 1';
export const MAX_PAGES = 24;
export const MAX_ENDPOINTS = 4;
export const MAX_LEASE_MS = 120_000;
export const MIN_LEASE_MS = 1000;

const VERSION = '1';
const EPOCH = /^(\d{1,15})\.([\da-f]{16})$/;
const NUMBER = /^\d{1,15}$/;
const VERSIONS = /^\d{1,9}(\.\d{1,9})*$/;

export type HostFacts = Pick<HostRecord, 'epoch' | 'sealedAt' | 'leaseMs' | 'pages' | 'queue' | 'endpoints'> &
  Partial<Pick<HostRecord, 'served' | 'revocations'>>;

export function sealHostRecord(facts: HostFacts, membership: Membership): Txt {
  const txt = new Map([
    ['v', VERSION],
    ['c', shortCluster(membership.cluster)],
    ['k', membership.key.publicKey],
    ['g', membership.grant],
    ['e', epochText(facts.epoch)],
    ['t', String(facts.sealedAt)],
    ['l', String(facts.leaseMs)],
    ['d', facts.pages.join('.')],
    ...(facts.served === undefined ? [] : [['o', String(facts.served)] as const]),
    ...(facts.revocations ? [['r', String(facts.revocations)] as const] : []),
    ['q', facts.queue],
    ...facts.endpoints.map((endpoint, i): [string, string] => [`a${i}`, endpoint]),
  ]);
  return signTxt(HOST_PURPOSE, membership.host, txt, membership.key.privateKey);
}

/** Reads, and checks everything but the signatures: grant and signature are for whoever wants to use it. */
export function readHostRecord(instance: string, txt: Txt, cluster: string): HostRecord | Refusal {
  if (txt.get('c') !== undefined && txt.get('c') !== shortCluster(cluster)) return 'foreign';
  if (isUnsigned(txt)) return 'unsigned';
  const epoch = readEpoch(txt.get('e'));
  const publicKey = txt.get('k');
  const sealedAt = readNumber(txt.get('t'));
  const leaseMs = readNumber(txt.get('l'));
  const pages = readPages(txt.get('d'));
  if (txt.get('v') !== VERSION || epoch === undefined || !isPublicKey(publicKey)) return 'malformed';
  const served = readNumber(txt.get('o'));
  if (served === undefined && txt.has('o')) return 'malformed';
  const revocations = txt.has('r') ? readNumber(txt.get('r')) : 0;
  if (revocations === undefined) return 'malformed';
  if (sealedAt === undefined || leaseMs === undefined || pages === undefined) return 'malformed';
  if (leaseMs !== 0 && (leaseMs < MIN_LEASE_MS || leaseMs > MAX_LEASE_MS)) return 'malformed';
  if (fingerprint(publicKey) !== instance) return 'forged';
  const endpoints = Array.from({ length: MAX_ENDPOINTS }, (_, i) => txt.get(`a${i}`));
  return {
    host: instance,
    publicKey,
    grant: txt.get('g') ?? '',
    epoch,
    sealedAt,
    leaseMs,
    pages,
    served,
    revocations,
    queue: txt.get('q') ?? '',
    endpoints: endpoints.filter((endpoint) => endpoint !== undefined),
  };
}

export function epochText({ startedAt, boot }: Epoch): string {
  return `${startedAt}.${boot}`;
}

export function sameEpoch(a: Epoch, b: Epoch): boolean {
  return epochText(a) === epochText(b);
}

export function readEpoch(text: string | undefined): Epoch | undefined {
  const [, startedAt, boot] = EPOCH.exec(text ?? '') ?? [];
  return startedAt === undefined || boot === undefined ? undefined : { startedAt: Number(startedAt), boot };
}

/** On the link a cluster shows half of its id: enough to tell clusters apart. */
function shortCluster(cluster: string): string {
  return cluster.slice(0, 16);
}

function readNumber(text: string | undefined): number | undefined {
  return text !== undefined && NUMBER.test(text) ? Number(text) : undefined;
}

function readPages(text: string | undefined): number[] | undefined {
  if (text === '' || text === undefined) return text === '' ? [] : undefined;
  if (!VERSIONS.test(text)) return undefined;
  const versions = text.split('.').map(Number);
  return versions.length <= MAX_PAGES ? versions : undefined;
}
