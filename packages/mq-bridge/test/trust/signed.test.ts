import { describe, expect, test } from '@jest/globals';
import { createKeyPair, Members } from '@espalier/core/identity';
import { Signatures } from '../../src/trust/signed.js';
import { ALPHA, memberOf, ROOT } from './known-keys.js';

const PLACE = 'espalier.queue';
const PAYLOAD = Buffer.from('what is said');

function reader(): { readonly members: Members; readonly signatures: Signatures } {
  const members = new Members(ROOT.publicKey);
  return { members, signatures: new Signatures(ALPHA, members) };
}

describe('what is signed', () => {
  test('is read by every member, with its host', () => {
    const { signatures } = reader();
    const signed = signatures.read(PLACE, signatures.sign(PLACE, PAYLOAD));
    expect(signed).toEqual({ host: ALPHA.host, payload: new Uint8Array(PAYLOAD) });
  });

  test('is forged at another place, and with any byte of it changed it is never taken for the same', () => {
    const { signatures } = reader();
    const body = signatures.sign(PLACE, PAYLOAD);
    expect(signatures.read('espalier.other', body)).toBe('forged');
    for (let at = 0; at < body.length; at++) {
      const damaged = Buffer.from(body);
      damaged.writeUInt8(damaged.readUInt8(at) ^ 4, at);
      let outcome: unknown;
      try {
        outcome = signatures.read(PLACE, damaged);
      } catch (error) {
        outcome = (error as { readonly code?: unknown }).code;
      }
      expect(['forged', 'foreign', 'malformed', 'unsigned']).toContain(outcome);
    }
  });

  test('is foreign under another root, unsigned without a signature, and revoked once its host is', () => {
    const { members, signatures } = reader();
    const other = new Signatures(memberOf(createKeyPair(), createKeyPair()), members);
    expect(signatures.read(PLACE, other.sign(PLACE, PAYLOAD))).toBe('foreign');
    expect(signatures.read(PLACE, PAYLOAD)).toBe('unsigned');
    expect(signatures.read(PLACE, Buffer.alloc(0))).toBe('unsigned');
    const body = signatures.sign(PLACE, PAYLOAD);
    members.revoke(new Set([ALPHA.host]));
    expect(signatures.read(PLACE, body)).toBe('revoked');
  });
});
