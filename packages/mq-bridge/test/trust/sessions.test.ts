import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { createKeyPair, revokeHosts, openRevocations } from '@espalier/core/identity';
import { encodeEnvelope, decodeEnvelope } from '../../src/wire/envelopes.js';
import { ALPHA, BETA, keyOf, memberOf, ROOT } from './known-keys.js';
import { settle, TestPeer, type Posted } from './world.js';

const QUEUE = 'espalier.mailbox';
const FRAME = Buffer.from('a frame');

function pair(): [TestPeer, TestPeer] {
  return [new TestPeer(ALPHA, 'a1'), new TestPeer(BETA, 'b1')];
}

function acquainted(): [TestPeer, TestPeer] {
  const both = pair();
  for (const peer of both) peer.say('hello');
  settle(both);
  return both;
}

function sealed(from: TestPeer, to: TestPeer, queue = QUEUE): Buffer {
  const body = from.sessions.seal(to.incarnation, queue, FRAME);
  if (body === undefined) throw new Error('there is no session');
  return body;
}

describe('two incarnations', () => {
  test.each([
    [0, 1],
    [1, 0],
  ])('see each other after a handshake, whoever came first (%i)', (first, second) => {
    const both = pair();
    for (const which of [first, second]) {
      both[which]?.say('hello');
      settle(both);
    }
    const [alpha, beta] = both;
    expect(alpha.sees).toEqual(['b1']);
    expect(beta.sees).toEqual(['a1']);
    expect([...alpha.refused, ...beta.refused]).toEqual([]);
    for (const [from, to] of [
      [alpha, beta],
      [beta, alpha],
    ] as const) {
      const opened = to.sessions.open(QUEUE, sealed(from, to));
      expect(opened?.bytes).toEqual(FRAME);
      expect(opened?.sender).toBe(`${from.membership.host}/${from.incarnation}/`);
    }
  });

  test('come to a session whatever gets lost, as soon as enough gets through', () => {
    fc.assert(
      fc.property(fc.array(fc.boolean(), { maxLength: 40 }), (losses) => {
        const both = pair();
        const left = [...losses];
        const isLost = (): boolean => left.shift() ?? false;
        for (const peer of both) peer.say('hello');
        for (let beat = 0; beat < losses.length + 4; beat++) {
          settle(both, isLost);
          for (const peer of both) peer.say('alive');
        }
        settle(both);
        const [alpha, beta] = both;
        expect(alpha.sees).toEqual(['b1']);
        expect(beta.sees).toEqual(['a1']);
        expect(beta.sessions.open(QUEUE, sealed(alpha, beta))?.bytes).toEqual(FRAME);
        expect(alpha.sessions.open(QUEUE, sealed(beta, alpha))?.bytes).toEqual(FRAME);
      }),
      { numRuns: 60 },
    );
  });

  test('have one handshake, however often it is asked for before anybody reads what was asked and answered', () => {
    const [alpha, beta] = pair();
    for (let beat = 0; beat < 3; beat++) for (const peer of [alpha, beta]) peer.say('alive');
    const said = [...alpha.posted.splice(0), ...beta.posted.splice(0)];
    for (const one of said) for (const peer of [alpha, beta]) peer.get(one);
    const asked = alpha.posted.splice(0);
    expect(asked).toHaveLength(3);
    for (const one of asked) beta.get(one);
    const answered = beta.posted.splice(0);
    expect(new Set(answered.map(({ body }) => body.toString('hex'))).size).toBe(1);
    for (const one of answered) alpha.get(one);
    settle([alpha, beta]);
    expect([alpha.sees, beta.sees]).toEqual([['b1'], ['a1']]);
    expect([...alpha.refused, ...beta.refused]).toEqual([]);
    expect(beta.sessions.open(QUEUE, sealed(alpha, beta))?.bytes).toEqual(FRAME);
  });

  test('are not spoilt by what somebody throws in between', () => {
    const [alpha, beta] = pair();
    const garbage = encodeEnvelope({ kind: 'answers', incarnation: 'b1', message: Buffer.alloc(48, 7) });
    for (const peer of [alpha, beta]) peer.say('hello');
    const both = [alpha, beta];
    // Before each message that goes to an inbox somebody puts answers and questions of his own.
    for (;;) {
      const from = both.find(({ posted }) => posted.length > 0);
      const next = from?.posted.shift();
      if (next === undefined) break;
      alpha.get({ queue: alpha.inbox, body: garbage });
      if (next.queue === beta.inbox) {
        const asked = decodeEnvelope(next.body);
        if (asked.kind === 'asks')
          beta.get({ ...next, body: encodeEnvelope({ ...asked, message: Buffer.alloc(48, 9) }) });
      }
      for (const peer of both) if (next.queue === undefined || next.queue === peer.inbox) peer.get(next);
    }
    expect(alpha.sees).toEqual(['b1']);
    expect(beta.sees).toEqual(['a1']);
    expect(new Set(alpha.refused)).toEqual(new Set(['foreign', 'forged']));
    expect(new Set(beta.refused)).toEqual(new Set(['forged']));
  });
});

describe('what is sealed', () => {
  test('is forged in another queue, with one bit changed, with another number, in the name of another', () => {
    const [alpha, beta] = acquainted();
    const gamma = new TestPeer(memberOf(keyOf(4)), 'c1');
    gamma.say('hello');
    settle([alpha, beta, gamma]);
    const body = sealed(alpha, beta);
    const envelope = decodeEnvelope(body);
    if (envelope.kind !== 'sealed') throw new Error('it is sealed');
    const damaged = Uint8Array.from(envelope.sealed);
    damaged[3] = (damaged[3] ?? 0) ^ 1;
    const forged = [
      { ...envelope, sealed: damaged },
      { ...envelope, counter: envelope.counter + 1 },
      { ...envelope, incarnation: 'c1' },
      { ...envelope, sealed: envelope.sealed.subarray(0, 10) },
    ].map((changed) => encodeEnvelope(changed));
    for (const one of forged) expect(beta.sessions.open(QUEUE, one)).toBeUndefined();
    expect(beta.sessions.open('espalier.other', body)).toBeUndefined();
    // Sealed for beta, and shown to gamma.
    expect(gamma.sessions.open(QUEUE, body)).toBeUndefined();
    expect(beta.refused).toEqual(Array(5).fill('forged'));
    expect(gamma.refused).toEqual(['forged']);
    expect(beta.sessions.open(QUEUE, body)?.bytes).toEqual(FRAME);
  });

  test('is foreign without a session, and of an earlier life of the receiver', () => {
    const [alpha, beta] = acquainted();
    const body = sealed(alpha, beta);
    const again = new TestPeer(BETA, 'b2');
    expect(again.sessions.open(QUEUE, body)).toBeUndefined();
    expect(again.refused).toEqual(['foreign']);
    expect(alpha.sessions.seal('b2', QUEUE, FRAME)).toBeUndefined();
  });

  test('is read for a while after its sender has ended, and then no more', () => {
    const [alpha, beta] = acquainted();
    const body = sealed(alpha, beta);
    beta.sessions.ended('a1');
    expect(beta.sessions.open(QUEUE, body)?.bytes).toEqual(FRAME);
    beta.clock.fireNext();
    expect(beta.sessions.open(QUEUE, body)).toBeUndefined();
    expect(beta.refused).toEqual(['foreign']);
  });
});

describe('a presence', () => {
  const said = (peer: TestPeer): Posted => {
    const last = peer.posted.pop();
    if (last === undefined) throw new Error('nothing was said');
    return last;
  };

  test('is not believed of who does not prove that he is there', () => {
    const [alpha] = pair();
    const gone = new TestPeer(BETA, 'b0');
    gone.say('hello');
    alpha.get(said(gone));
    alpha.say('hello');
    settle([alpha]);
    expect(alpha.sees).toEqual([]);
  });

  test('that was heard before is replayed', () => {
    const [alpha, beta] = acquainted();
    beta.say('alive', 'db');
    const old = said(beta);
    beta.say('alive');
    const newer = said(beta);
    for (const one of [old, newer, old]) alpha.get(one);
    expect(alpha.refused).toEqual(['replayed']);
    expect(alpha.believed.at(-1)).toMatchObject({ exports: [] });
  });

  test('is foreign, forged, unsigned or revoked where it is not what a member said of himself', () => {
    const [alpha, beta] = acquainted();
    const stranger = new TestPeer(memberOf(createKeyPair(), createKeyPair()), 's1');
    stranger.say('hello');
    // The place is another one, too: its root is.
    alpha.get(said(stranger));
    const gamma = new TestPeer(memberOf(keyOf(4)), 'c1');
    const pretended = { kind: 'bye', host: BETA.host, incarnation: 'b1' } as const;
    alpha.get({ queue: undefined, body: gamma.sessions.say(pretended) });
    beta.say('alive');
    const { body } = said(beta);
    const damaged = Buffer.from(body);
    damaged[damaged.length - 1] = (damaged.at(-1) ?? 0) ^ 1;
    alpha.get({ queue: undefined, body: damaged });
    alpha.get({ queue: undefined, body: Buffer.from('a0', 'hex') });
    expect(alpha.refused).toEqual(['foreign', 'forged', 'forged', 'unsigned']);
    const list = openRevocations(revokeHosts(ROOT, [BETA.host]), ROOT.publicKey);
    alpha.members.revoke(list.hosts);
    alpha.sessions.revoke(list.hosts);
    expect(alpha.sees).toEqual([]);
    alpha.get({ queue: undefined, body });
    expect(alpha.sessions.open(QUEUE, sealed(beta, alpha))).toBeUndefined();
    expect(alpha.refused.slice(4)).toEqual(['revoked', 'foreign']);
  });
});
