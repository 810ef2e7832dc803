/** What docs/wire.md says of keys, signatures and sessions is what is written and read. */
import { readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { encodeFrame, encodeItem, type Presence } from '../../src/wire/frames.js';
import { QueueNames } from '../../src/wire/queue-names.js';
import { ALPHA, BETA, dhKeys, ROOT } from './known-keys.js';
import { TestPeer } from './world.js';

const PAGE = readFileSync(new URL('../../../../docs/wire.md', import.meta.url), 'utf8');
const A_INCARNATION = 'aaaaaaaaaaaaaaaa';
const B_INCARNATION = 'bbbbbbbbbbbbbbbb';
const names = new QueueNames(ROOT.publicKey);
const MAILBOX = names.mailbox(B_INCARNATION, 'db', 2);
const FRAME = encodeFrame(`${ALPHA.host}/${A_INCARNATION}/1`, 1, 1, [
  encodeItem({ kind: 'message', value: { a: 1 } }, 100),
]);

const onPage = (bytes: Uint8Array): string => `\`${Buffer.from(bytes).toString('hex')}\``;
const aliveOf = (host: string, incarnation: string, exports: { name: string; life: number }[]): Presence => ({
  kind: 'alive',
  host,
  incarnation,
  exports,
  ended: [],
});

describe('the page of the wire', () => {
  test('has the ids of hosts, and names of queues', () => {
    for (const text of [ROOT.publicKey, ALPHA.key.publicKey, BETA.key.publicKey, ALPHA.host, BETA.host])
      expect(PAGE).toContain(text);
    expect(PAGE).toContain(onPage(Buffer.from(ALPHA.grant, 'base64url')));
    expect(ALPHA.host < BETA.host).toBe(true);
    for (const name of [names.presenceExchange, names.inbox(B_INCARNATION), MAILBOX, names.durable('jobs')])
      expect(PAGE).toContain(`\`${name}\``);
  });

  test('has two who introduce themselves, shake hands, and send', () => {
    // Each takes its incarnation's key first, then one for the handshake.
    const alpha = new TestPeer(ALPHA, A_INCARNATION, dhKeys(0x11, 0x12));
    const beta = new TestPeer(BETA, B_INCARNATION, dhKeys(0x21, 0x22));
    const ofAlpha = alpha.sessions.say(aliveOf(ALPHA.host, A_INCARNATION, []));
    const ofBeta = beta.sessions.say(aliveOf(BETA.host, B_INCARNATION, [{ name: 'db', life: 2 }]));
    expect(PAGE).toContain(onPage(ofBeta));
    beta.get({ queue: undefined, body: ofAlpha });
    alpha.get({ queue: undefined, body: ofBeta });
    const asks = alpha.posted.shift();
    expect(asks?.queue).toBe(names.inbox(B_INCARNATION));
    beta.get(asks as never);
    const answers = beta.posted.shift();
    alpha.get(answers as never);
    const confirms = alpha.posted.shift();
    for (const one of [asks, answers, confirms]) expect(PAGE).toContain(onPage(one?.body as Buffer));
    beta.get(confirms as never);
    const sealed = alpha.sessions.seal(B_INCARNATION, MAILBOX, FRAME) as Buffer;
    expect(PAGE).toContain(onPage(FRAME));
    expect(PAGE).toContain(onPage(sealed));
    expect(beta.sessions.open(MAILBOX, sealed)?.bytes).toEqual(FRAME);
  });

  test('has a frame of a durable mailbox', () => {
    const alpha = new TestPeer(ALPHA, A_INCARNATION);
    const signed = alpha.signatures.sign(names.durable('jobs'), FRAME);
    expect(PAGE).toContain(onPage(signed));
  });
});
