/**
 * Hosts that belong to a cluster no more, because their key has leaked or their machine has gone: a list that the
 * root signs anew, as a whole, with each host that is added. It is numbered, so that an old one that is played back is
 * known for what it is; and only ever grows, for a key that leaked stays leaked.
 */
import { HostError } from '../errors.js';
import { fingerprint, isSignedBy, signBytes, type KeyPair } from './keys.js';

export interface Revocations {
  /** 1, 2, 3, …: of two lists the greater number is the newer one. */
  readonly number: number;
  /** Host ids: fingerprints of their keys. */
  readonly hosts: ReadonlySet<string>;
}

const PREFIX = 'espalier-revoked-1.';
const HOST = /^[\da-f]{32}$/;
/** Characters: it goes from host to host as one answer of 64 KiB at most. Room for some 1,200 hosts. */
const MAX_LIST = 60_000;

/**
 * Signs a list of revoked hosts: those of the list `previous`, where there is one, and `hosts`. It is no secret.
 *
 * @throws HostError `revocations_refused` when a host is no id, `previous` is not a list of this root, or they are more
 *   than a list has room for (some 1,200)
 */
export function revokeHosts(root: KeyPair, hosts: readonly string[], previous?: string): string {
  const former = previous === undefined ? undefined : openRevocations(previous, root.publicKey);
  for (const host of hosts) {
    if (HOST.test(host)) continue;
    throw new HostError('revocations_refused', 'What shall be revoked is no host id', {
      field: 'hosts',
      value: host,
      remedy: 'Give the fingerprints of host keys: 32 hexadecimal digits each.',
    });
  }
  const facts = {
    number: (former?.number ?? 0) + 1,
    hosts: [...new Set([...(former?.hosts ?? []), ...hosts])],
  };
  const signature = signBytes(root.privateKey, signedBytes(root.publicKey, facts.number, facts.hosts));
  const list = PREFIX + Buffer.from(JSON.stringify({ ...facts, signature })).toString('base64url');
  if (list.length <= MAX_LIST) return list;
  throw new HostError('revocations_refused', `a list has no room for ${facts.hosts.length} hosts`, {
    field: 'hosts',
    value: facts.hosts.length,
    remedy: 'Make a new root, and take in with it whoever is still to be a member.',
  });
}

/**
 * Reads a list, if that root has signed it.
 *
 * @throws HostError `revocations_refused` when it is no list, damaged, or of another root
 */
export function openRevocations(text: string, root: string): Revocations {
  const { number, hosts, signature } = readList(text) ?? {};
  if (!isCount(number) || !areHosts(hosts) || typeof signature !== 'string')
    throw refused('This is no list of revoked hosts');
  if (!isSignedBy(root, signedBytes(root, number, hosts), signature))
    throw refused('The list of revoked hosts is not signed by the root of this cluster');
  return { number, hosts: new Set(hosts) };
}

function signedBytes(root: string, number: number, hosts: readonly string[]): Buffer {
  return Buffer.from(`espalier revoked 1\n${fingerprint(root)}\n${number}\n${hosts.join('\n')}\n`);
}

function readList(text: string): Record<string, unknown> | undefined {
  if (!text.startsWith(PREFIX)) return undefined;
  try {
    const list: unknown = JSON.parse(Buffer.from(text.slice(PREFIX.length).trim(), 'base64url').toString());
    return typeof list === 'object' && list !== null ? (list as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}

function isCount(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 1;
}

function areHosts(value: unknown): value is string[] {
  return Array.isArray(value) && value.every((host) => typeof host === 'string' && HOST.test(host));
}

function refused(message: string): HostError {
  return new HostError('revocations_refused', message);
}
