/** AES-256-GCM as Noise (section 12.4) uses it: a number that never comes twice under a key is the nonce. */
import { createCipheriv, createDecipheriv } from 'node:crypto';

const ALGORITHM = 'aes-256-gcm';
const NONCE_BYTES = 12;
export const TAG_BYTES = 16;

export function seal(key: Uint8Array, counter: number, bound: Uint8Array, plain: Uint8Array): Buffer {
  const cipher = createCipheriv(ALGORITHM, key, nonceOf(counter));
  cipher.setAAD(bound);
  // As a mode of counters it keeps nothing back: `final` gives no bytes.
  const encrypted = cipher.update(plain);
  cipher.final();
  const sealed = Buffer.allocUnsafe(encrypted.length + TAG_BYTES);
  sealed.set(encrypted);
  sealed.set(cipher.getAuthTag(), encrypted.length);
  return sealed;
}

/** Undefined where key, counter, what it is bound to or a bit of it is another. */
export function unseal(
  key: Uint8Array,
  counter: number,
  bound: Uint8Array,
  sealed: Uint8Array,
): Buffer | undefined {
  if (sealed.length < TAG_BYTES) return undefined;
  const end = sealed.length - TAG_BYTES;
  const decipher = createDecipheriv(ALGORITHM, key, nonceOf(counter), { authTagLength: TAG_BYTES });
  decipher.setAAD(bound);
  decipher.setAuthTag(sealed.subarray(end));
  try {
    const plain = decipher.update(sealed.subarray(0, end));
    decipher.final();
    return plain;
  } catch {
    return undefined;
  }
}

function nonceOf(counter: number): Buffer {
  const nonce = Buffer.allocUnsafe(NONCE_BYTES);
  nonce.writeUInt32BE(0, 0);
  nonce.writeUInt32BE(Math.floor(counter / 2 ** 32), 4);
  nonce.writeUInt32BE(counter % 2 ** 32, 8);
  return nonce;
}
