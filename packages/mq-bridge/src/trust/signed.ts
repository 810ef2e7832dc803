/**
 * What a host says to whoever reads it: presence, and the frames of durable mailboxes. COSE_Sign1 (RFC 9052, section
 * 4.2) with EdDSA and Ed25519. Its `kid` is the host's public key, its header `grant` the root's signature over that key,
 * so a message can be judged alone, long after its sender has gone. Where it goes is signed along (`external_aad`):
 * nobody can put it into another queue.
 */
import { createPrivateKey, type KeyObject } from 'node:crypto';
import { fingerprint, isSignedBy, signBytes, type Members, type Membership } from '@espalier/core/identity';
import { CborDecoder } from '../wire/cbor-decode.js';
import { CborWriter, MAJOR } from '../wire/cbor-writer.js';
import { bytesOf } from '../wire/envelopes.js';
import type { Refusal } from './refusals.js';

const COSE_SIGN1 = 18;
const FIRST_BYTE = (MAJOR.tag << 5) | COSE_SIGN1;
const CONTEXT = 'Signature1';
/** { 1: -8, 4: h'…32 bytes' }: EdDSA, and the key. */
const PROTECTED_HEAD = Buffer.from('a20127045820', 'hex');
const KEY_BYTES = 32;
const GRANT = 'grant';

export interface Signed {
  /** The id of who has signed it. */
  readonly host: string;
  readonly payload: Uint8Array;
}

export class Signatures {
  readonly #members: Members;
  readonly #key: KeyObject;
  readonly #protected: Buffer;
  readonly #grant: Buffer;

  constructor({ key, grant }: Membership, members: Members) {
    this.#members = members;
    this.#key = createPrivateKey(key.privateKey);
    this.#protected = Buffer.concat([PROTECTED_HEAD, Buffer.from(key.publicKey, 'base64url')]);
    this.#grant = Buffer.from(grant, 'base64url');
  }

  sign(place: string, payload: Uint8Array): Buffer {
    const out = new CborWriter();
    out.head(MAJOR.tag, COSE_SIGN1);
    out.head(MAJOR.array, 4);
    out.bytes(this.#protected);
    out.head(MAJOR.map, 1);
    out.text(GRANT);
    out.bytes(this.#grant);
    out.bytes(payload);
    out.bytes(Buffer.from(signBytes(this.#key, signedBytes(this.#protected, place, payload)), 'base64url'));
    return out.finish();
  }

  /** What a member of the cluster has signed for that place, or why it is dropped. Throws `CallError` `malformed`. */
  read(place: string, body: Uint8Array): Signed | Refusal {
    if (body[0] !== FIRST_BYTE) return 'unsigned';
    const decoder = new CborDecoder(body.subarray(1));
    if (decoder.arrayLength() !== 4) return 'malformed';
    const head = bytesOf(decoder.value());
    const grant = (decoder.value() as Record<string, unknown> | null)?.[GRANT];
    const payload = bytesOf(decoder.value());
    const signature = bytesOf(decoder.value());
    const isKnownHead =
      head.length === PROTECTED_HEAD.length + KEY_BYTES &&
      PROTECTED_HEAD.equals(head.subarray(0, PROTECTED_HEAD.length));
    if (!isKnownHead || !decoder.atEnd) return 'malformed';
    const publicKey = base64url(head.subarray(PROTECTED_HEAD.length));
    const verdict = this.#members.judge(publicKey, grant instanceof ArrayBuffer ? base64url(grant) : '');
    if (verdict !== 'member') return verdict;
    if (!isSignedBy(publicKey, signedBytes(head, place, payload), base64url(signature))) return 'forged';
    return { host: fingerprint(publicKey), payload };
  }
}

/** The Sig_structure. */
function signedBytes(head: Uint8Array, place: string, payload: Uint8Array): Buffer {
  const out = new CborWriter();
  out.head(MAJOR.array, 4);
  out.text(CONTEXT);
  out.bytes(head);
  out.bytes(Buffer.from(place));
  out.bytes(payload);
  return out.finish();
}

function base64url(bytes: Uint8Array | ArrayBuffer): string {
  return Buffer.from(bytes as Uint8Array).toString('base64url');
}
