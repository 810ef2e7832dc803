/**
 * Ed25519 keys as they go over the wire: the raw 32 bytes of the public key in base64url (43 characters). A host
 * is named by its key's fingerprint and nothing else, so nobody can take its name without its key.
 */
import {
  createHash,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  sign,
  verify,
  type KeyObject,
} from 'node:crypto';

/** A key pair; `privateKey` (PKCS #8, PEM) is the secret that makes a host that host, or a root that root. */
export interface KeyPair {
  /** Raw Ed25519 public key, base64url, 43 characters. */
  readonly publicKey: string;
  readonly privateKey: string;
}

const PUBLIC_KEY = /^[\w-]{43}$/;
const SIGNATURE = /^[\w-]{86}$/;

/** Makes the key of a host, at its first start, or of a cluster's root. Keep `privateKey` where only it can read. */
export function createKeyPair(): KeyPair {
  const { publicKey, privateKey } = generateKeyPairSync('ed25519');
  return {
    publicKey: rawPublicKey(publicKey),
    privateKey: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
  };
}

/** 32 hexadecimal digits: the first half of SHA-256 over the raw public key. */
export function fingerprint(publicKey: string): string {
  return createHash('sha256').update(Buffer.from(publicKey, 'base64url')).digest('hex').slice(0, 32);
}

/** The public key of a private one, or nothing if that is no Ed25519 key. */
export function publicKeyOf(privateKey: string): string | undefined {
  try {
    const key = createPrivateKey(privateKey);
    return key.asymmetricKeyType === 'ed25519' ? rawPublicKey(createPublicKey(key)) : undefined;
  } catch {
    return undefined;
  }
}

export function isPublicKey(text: unknown): text is string {
  return typeof text === 'string' && PUBLIC_KEY.test(text);
}

/** 86 characters of base64url. Who signs often hands in a key that is read already. */
export function signBytes(privateKey: string | KeyObject, bytes: Uint8Array): string {
  return sign(null, bytes, privateKey).toString('base64url');
}

/** False for whatever is no signature by that key over these bytes, malformed ones included. */
export function isSignedBy(publicKey: string, bytes: Uint8Array, signature: string): boolean {
  if (!PUBLIC_KEY.test(publicKey) || !SIGNATURE.test(signature)) return false;
  try {
    return verify(null, bytes, importedKey(publicKey), Buffer.from(signature, 'base64url'));
  } catch {
    return false;
  }
}

function importedKey(publicKey: string): KeyObject {
  return createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x: publicKey }, format: 'jwk' });
}

function rawPublicKey(key: KeyObject): string {
  return key.export({ format: 'jwk' }).x ?? '';
}
