/**
 * The handshake `Noise_KK_25519_AESGCM_SHA256` of the Noise Protocol Framework, revision 34: two messages between
 * two who know each other's static key already. Each then knows that the other holds his, and both hold two keys
 * that nobody who learns a static key later can find out. Names are those of the framework's text.
 *
 *   -> s          (known before, as is the other's)
 *   <- s
 *   ...
 *   -> e, es, ss
 *   <- e, ee, se
 */
import { createHash, createHmac } from 'node:crypto';
import { seal, TAG_BYTES, unseal } from './cipher.js';
import { DH_BYTES, sharedSecret, type DhKey } from './dh-key.js';

const PROTOCOL = 'Noise_KK_25519_AESGCM_SHA256';
const HASH_BYTES = 32;

export interface KkOptions {
  readonly isInitiator: boolean;
  /** Own static key. */
  readonly own: DhKey;
  /** The other's static public key, 32 bytes. */
  readonly peer: Uint8Array;
  /** Used for this handshake and never again. */
  readonly ephemeral: DhKey;
  /** What both must agree on besides. */
  readonly prologue: Uint8Array;
}

export interface SessionKeys {
  readonly send: Buffer;
  readonly receive: Buffer;
}

export class KkHandshake {
  readonly #options: KkOptions;
  #h: Buffer;
  #ck: Buffer;
  #key: Buffer = Buffer.alloc(0);
  #n = 0;
  #peerEphemeral: Uint8Array = Buffer.alloc(0);

  constructor(options: KkOptions) {
    this.#options = options;
    this.#h = Buffer.alloc(HASH_BYTES);
    this.#h.write(PROTOCOL);
    this.#ck = this.#h;
    const { isInitiator, own, peer, prologue } = options;
    this.#mixHash(prologue);
    this.#mixHash(isInitiator ? own.publicKey : peer);
    this.#mixHash(isInitiator ? peer : own.publicKey);
  }

  /** For the test vectors. */
  get hash(): Buffer {
    return this.#h;
  }

  write(payload: Uint8Array = Buffer.alloc(0)): Buffer {
    const { isInitiator, own, peer, ephemeral } = this.#options;
    this.#mixHash(ephemeral.publicKey);
    if (isInitiator) {
      this.#mixKey(sharedSecret(ephemeral, peer));
      this.#mixKey(sharedSecret(own, peer));
    } else {
      this.#mixKey(sharedSecret(ephemeral, this.#peerEphemeral));
      this.#mixKey(sharedSecret(ephemeral, peer));
    }
    const sealed = seal(this.#key, this.#n++, this.#h, payload);
    this.#mixHash(sealed);
    return Buffer.concat([ephemeral.publicKey, sealed]);
  }

  /** The payload; undefined where the other is not who he should be. This handshake is then of no more use. */
  read(message: Uint8Array): Buffer | undefined {
    if (message.length < DH_BYTES + TAG_BYTES) return undefined;
    const { isInitiator, own, peer, ephemeral } = this.#options;
    const theirs = message.subarray(0, DH_BYTES);
    const sealed = message.subarray(DH_BYTES);
    this.#peerEphemeral = theirs;
    this.#mixHash(theirs);
    try {
      if (isInitiator) {
        this.#mixKey(sharedSecret(ephemeral, theirs));
        this.#mixKey(sharedSecret(own, theirs));
      } else {
        this.#mixKey(sharedSecret(own, theirs));
        this.#mixKey(sharedSecret(own, peer));
      }
    } catch {
      return undefined;
    }
    const payload = unseal(this.#key, this.#n++, this.#h, sealed);
    this.#mixHash(sealed);
    return payload;
  }

  /** After both messages. */
  split(): SessionKeys {
    const [first, second] = hkdf(this.#ck, Buffer.alloc(0));
    return this.#options.isInitiator ? { send: first, receive: second } : { send: second, receive: first };
  }

  #mixHash(data: Uint8Array): void {
    this.#h = createHash('sha256').update(this.#h).update(data).digest();
  }

  #mixKey(secret: Uint8Array): void {
    [this.#ck, this.#key] = hkdf(this.#ck, secret);
    this.#n = 0;
  }
}

/** Two outputs of HKDF (RFC 5869), as section 4.3 has it. */
function hkdf(chainingKey: Uint8Array, material: Uint8Array): [Buffer, Buffer] {
  const hmac = (key: Uint8Array, ...parts: Uint8Array[]): Buffer => {
    const hash = createHmac('sha256', key);
    for (const part of parts) hash.update(part);
    return hash.digest();
  };
  const temporary = hmac(chainingKey, material);
  const first = hmac(temporary, Buffer.of(1));
  return [first, hmac(temporary, first, Buffer.of(2))];
}
