/** Keys that are the same in every run, and in docs/wire.md: made of 32 equal bytes each. */
import { createPrivateKey } from 'node:crypto';
import {
  issueJoinTicket,
  openJoinTicket,
  publicKeyOf,
  type KeyPair,
  type Membership,
} from '@espalier/core/identity';
import { dhKeyOf, type DhKey } from '../../src/trust/dh-key.js';

/** The private key of these bytes, as PEM (RFC 8410). */
export function keyOf(byte: number): KeyPair {
  const der = Buffer.concat([Buffer.from('302e020100300506032b657004220420', 'hex'), Buffer.alloc(32, byte)]);
  const privateKey = createPrivateKey({ key: der, format: 'der', type: 'pkcs8' })
    .export({ type: 'pkcs8', format: 'pem' })
    .toString();
  return { privateKey, publicKey: publicKeyOf(privateKey) ?? '' };
}

export const ROOT = keyOf(1);

export function memberOf(key: KeyPair, root = ROOT): Membership {
  return openJoinTicket(issueJoinTicket(root, { publicKey: key.publicKey }), key);
}

/** The smaller id of the two, so the one that begins the handshake. */
export const ALPHA = memberOf(keyOf(2));
export const BETA = memberOf(keyOf(3));

/** X25519 keys, each of so many equal bytes, one after the other. */
export function dhKeys(...bytes: readonly number[]): () => DhKey {
  const left = [...bytes];
  return () => dhKeyOf(Buffer.alloc(32, left.shift() ?? 0));
}
