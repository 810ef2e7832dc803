/** X25519 keys (RFC 7748) as they go over the wire: the raw 32 bytes of the public half. */
import {
  createPrivateKey,
  createPublicKey,
  diffieHellman,
  generateKeyPairSync,
  type KeyObject,
} from 'node:crypto';

export interface DhKey {
  /** 32 bytes. */
  readonly publicKey: Buffer;
  readonly privateKey: KeyObject;
}

export type NewDhKey = () => DhKey;

export const DH_BYTES = 32;

/** What stands before the raw bytes in DER (RFC 8410). */
const PUBLIC_HEAD = Buffer.from('302a300506032b656e032100', 'hex');
const PRIVATE_HEAD = Buffer.from('302e020100300506032b656e04220420', 'hex');

export function newDhKey(): DhKey {
  return withPublicHalf(generateKeyPairSync('x25519').privateKey);
}

/** Of the raw 32 bytes of a private key; for test vectors. */
export function dhKeyOf(raw: Uint8Array): DhKey {
  const der = Buffer.concat([PRIVATE_HEAD, raw]);
  return withPublicHalf(createPrivateKey({ key: der, format: 'der', type: 'pkcs8' }));
}

/** Throws where the other half is none: a point of small order included. */
export function sharedSecret({ privateKey }: DhKey, publicKey: Uint8Array): Buffer {
  const der = Buffer.concat([PUBLIC_HEAD, publicKey]);
  return diffieHellman({ privateKey, publicKey: createPublicKey({ key: der, format: 'der', type: 'spki' }) });
}

function withPublicHalf(privateKey: KeyObject): DhKey {
  const der = createPublicKey(privateKey).export({ format: 'der', type: 'spki' });
  return { privateKey, publicKey: der.subarray(PUBLIC_HEAD.length) };
}
