/**
 * Who belongs to a cluster: a host whose key the cluster's root has signed (its _grant_). The grant comes to the
 * host in a join ticket, handed over out of band, and goes over the link in every host record.
 */
import { HostError } from '../errors.js';
import { fingerprint, isPublicKey, isSignedBy, publicKeyOf, signBytes, type KeyPair } from './keys.js';

/** What a host needs to take part: its own key, the root's public one, and the grant that ties them. */
export interface Membership {
  /** The cluster's id: the fingerprint of its root's key. */
  readonly cluster: string;
  /** The root's public key. */
  readonly root: string;
  /** The host's id: the fingerprint of its key. */
  readonly host: string;
  readonly key: KeyPair;
  /** The root's signature over cluster and host key. */
  readonly grant: string;
  /** How this host logs in at the broker, as the ticket says. A secret; it never goes over the link. */
  readonly broker: string | undefined;
}

export interface TicketRequest {
  /** The public key of the host that shall join. */
  readonly publicKey: string;
  /** Handed to the host as it is, e.g. a user and password for the broker; the ticket is then a secret. */
  readonly broker?: string;
}

const PREFIX = 'espalier-join-1.';

/**
 * Signs a host into the cluster of this root. The ticket is of use to the holder of that host key alone, but
 * shows what it says of the broker to whoever reads it.
 *
 * @throws HostError `ticket_refused` when `publicKey` is no Ed25519 public key
 */
export function issueJoinTicket(root: KeyPair, { publicKey, broker }: TicketRequest): string {
  if (!isPublicKey(publicKey)) {
    throw new HostError('ticket_refused', 'The host to be signed into the cluster has no such key', {
      field: 'publicKey',
      value: publicKey,
      remedy: 'Give the public key that the joining host shows (43 characters).',
    });
  }
  const grant = signBytes(root.privateKey, grantBytes(fingerprint(root.publicKey), publicKey));
  const ticket = {
    root: root.publicKey,
    host: publicKey,
    grant,
    ...(broker === undefined ? {} : { broker }),
  };
  return PREFIX + Buffer.from(JSON.stringify(ticket)).toString('base64url');
}

/**
 * Takes a ticket for the host that holds this key.
 *
 * @throws HostError `ticket_refused` when it is no ticket, damaged, for another host or not signed by the root it names
 */
export function openJoinTicket(text: string, key: KeyPair): Membership {
  const ticket = readTicket(text);
  if (ticket === undefined) throw refused('This is no join ticket of Espalier');
  const { root, host, grant, broker } = ticket;
  if (host !== key.publicKey || publicKeyOf(key.privateKey) !== host) {
    throw refused('The ticket was made for another host');
  }
  const cluster = fingerprint(root);
  if (!isGranted(root, host, grant)) throw refused('The ticket is not signed by the root that it names');
  return { cluster, root, host: fingerprint(host), key, grant, broker };
}

/** Whether that root has signed that host key into its cluster. */
export function isGranted(root: string, hostKey: string, grant: string): boolean {
  return isSignedBy(root, grantBytes(fingerprint(root), hostKey), grant);
}

function grantBytes(cluster: string, hostKey: string): Buffer {
  return Buffer.from(`espalier grant 1\n${cluster}\n${hostKey}\n`);
}

function readTicket(text: string) {
  if (!text.startsWith(PREFIX)) return undefined;
  let ticket: unknown;
  try {
    ticket = JSON.parse(Buffer.from(text.slice(PREFIX.length).trim(), 'base64url').toString());
  } catch {
    return undefined;
  }
  if (typeof ticket !== 'object' || ticket === null) return undefined;
  const { root, host, grant, broker } = ticket as Record<string, unknown>;
  if (!isPublicKey(root) || !isPublicKey(host) || typeof grant !== 'string') return undefined;
  if (broker !== undefined && typeof broker !== 'string') return undefined;
  return { root, host, grant, broker };
}

function refused(message: string): HostError {
  return new HostError('ticket_refused', message);
}
