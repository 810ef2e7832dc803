/** The vector of `Noise_KK_25519_AESGCM_SHA256` in cacophony's published test vectors. */
import { describe, expect, test } from '@jest/globals';
import { seal, unseal } from '../../src/trust/cipher.js';
import { dhKeyOf, newDhKey } from '../../src/trust/dh-key.js';
import { KkHandshake } from '../../src/trust/noise-kk.js';

const hex = (text: string): Buffer => Buffer.from(text, 'hex');
const prologue = hex('4a6f686e2047616c74');
const INIT_STATIC = dhKeyOf(hex('e61ef9919cde45dd5f82166404bd08e38bceb5dfdfded0a34c8df7ed542214d1'));
const INIT_EPHEMERAL = dhKeyOf(hex('893e28b9dc6ca8d611ab664754b8ceb7bac5117349a4439a6b0569da977c464a'));
const RESP_STATIC = dhKeyOf(hex('4a3acbfdb163dec651dfa3194dece676d437029c62a408b4c5ea9114246e4893'));
const RESP_EPHEMERAL = dhKeyOf(hex('bbdb4cdbd309f1a1f2e1456967fe288cadd6f712d65dc7b7793d5e63da6b375b'));
const HASH = 'c03693acd830588fac76dd414c9e100e8c601d27511de855100239f7705fa3f2';
/** Payload, then message. The first two shake hands, the others are sealed by turns. */
const MESSAGES = [
  [
    '4c756477696720766f6e204d69736573',
    'ca35def5ae56cec33dc2036731ab14896bc4c75dbb07a61f879f8e3afa4c79448564738a841228e693caeec4c497a8bd562231c3e51a1f03c4fd45dfe3a67870',
  ],
  [
    '4d757272617920526f746862617264',
    '95ebc60d2b1fa672c1f46a8aa265ef51bfe38e7ccb39ec5be34069f144808843b94504c4d83506f5dd2568b68490eba8ed6f9cf2cca194a273c56d7ae3c558',
  ],
  ['462e20412e20486179656b', '6a5c10a201d4e3a08f79f64949e55731f774913a4d949bda3fcebf'],
  ['4361726c204d656e676572', '4e8a1bf06926fdd74e2f516e2b0c11cc1dc3387fadeb75389d4342'],
  [
    '4a65616e2d426170746973746520536179',
    'c1df7194ca8ea51d4dd99059bc9b90288112d47237d8481f1773fb26a31629a05c',
  ],
  [
    '457567656e2042f6686d20766f6e2042617765726b',
    '3edba4feaf590ee88dd8f5fba51db4bee651cf41afd410fe476c524ac9b1db24252fc55ff8',
  ],
].map(([payload = '', message = '']) => ({ payload: hex(payload), message: hex(message) }));

function pair() {
  const initiator = new KkHandshake({
    isInitiator: true,
    own: INIT_STATIC,
    peer: RESP_STATIC.publicKey,
    ephemeral: INIT_EPHEMERAL,
    prologue,
  });
  const responder = new KkHandshake({
    isInitiator: false,
    own: RESP_STATIC,
    peer: INIT_STATIC.publicKey,
    ephemeral: RESP_EPHEMERAL,
    prologue,
  });
  return { initiator, responder };
}

describe('Noise_KK_25519_AESGCM_SHA256', () => {
  test('gives and takes what the published vector has', () => {
    const { initiator, responder } = pair();
    const [first, second, ...sealed] = MESSAGES;
    expect(initiator.write(first?.payload)).toEqual(first?.message);
    expect(responder.read(first?.message ?? prologue)).toEqual(first?.payload);
    expect(responder.write(second?.payload)).toEqual(second?.message);
    expect(initiator.read(second?.message ?? prologue)).toEqual(second?.payload);
    expect(initiator.hash.toString('hex')).toBe(HASH);
    expect(responder.hash.toString('hex')).toBe(HASH);
    const keys = [initiator.split(), responder.split()] as const;
    const none = Buffer.alloc(0);
    for (const [n, { payload, message }] of sealed.entries()) {
      const [from, to] = n % 2 === 0 ? keys : [keys[1], keys[0]];
      const counter = Math.floor(n / 2);
      expect(seal(from.send, counter, none, payload)).toEqual(message);
      expect(unseal(to.receive, counter, none, message)).toEqual(payload);
    }
  });

  test('fails for another static key, another prologue, and each damaged byte', () => {
    const first = MESSAGES[0]?.message ?? prologue;
    const other = new KkHandshake({
      isInitiator: false,
      own: RESP_STATIC,
      peer: newDhKey().publicKey,
      ephemeral: newDhKey(),
      prologue,
    });
    expect(other.read(first)).toBeUndefined();
    const elsewhere = new KkHandshake({
      isInitiator: false,
      own: RESP_STATIC,
      peer: INIT_STATIC.publicKey,
      ephemeral: newDhKey(),
      prologue: Buffer.of(1),
    });
    expect(elsewhere.read(first)).toBeUndefined();
    for (let at = 0; at < first.length; at++) {
      const damaged = Buffer.from(first);
      damaged.writeUInt8(damaged.readUInt8(at) ^ 1, at);
      expect(pair().responder.read(damaged)).toBeUndefined();
    }
    expect(pair().responder.read(first.subarray(0, 40))).toBeUndefined();
    expect(pair().responder.read(Buffer.alloc(48))).toBeUndefined();
  });
});
