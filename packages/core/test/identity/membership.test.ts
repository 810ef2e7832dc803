import { describe, expect, it } from '@jest/globals';
import { createKeyPair, fingerprint } from '../../src/identity/keys.js';
import { isGranted, issueJoinTicket, openJoinTicket } from '../../src/identity/membership.js';

const refused = expect.objectContaining({ code: 'ticket_refused' });

function reticket(ticket: string, change: Record<string, unknown>): string {
  const [prefix = '', body = ''] = ticket.split('.');
  const facts = { ...JSON.parse(Buffer.from(body, 'base64url').toString()), ...change };
  return `${prefix}.${Buffer.from(JSON.stringify(facts)).toString('base64url')}`;
}

describe('join ticket', () => {
  const root = createKeyPair();
  const host = createKeyPair();
  const ticket = issueJoinTicket(root, { publicKey: host.publicKey, broker: 'user:secret' });

  it('makes its host a member: cluster and host are named by their keys', () => {
    const membership = openJoinTicket(` ${ticket}\n`.trim(), host);
    expect(membership).toMatchObject({
      cluster: fingerprint(root.publicKey),
      host: fingerprint(host.publicKey),
      broker: 'user:secret',
    });
    expect(isGranted(root.publicKey, host.publicKey, membership.grant)).toBe(true);
    expect(fingerprint(host.publicKey)).toMatch(/^[\da-f]{32}$/);
  });

  it('may say nothing of a broker', () => {
    const plain = issueJoinTicket(root, { publicKey: host.publicKey });
    expect(openJoinTicket(plain, host).broker).toBeUndefined();
  });

  it('is of no use to another host, nor to who has only the public key', () => {
    const other = createKeyPair();
    expect(() => openJoinTicket(ticket, other)).toThrow(refused);
    expect(() => openJoinTicket(ticket, { ...other, publicKey: host.publicKey })).toThrow(refused);
  });

  it('that was changed is refused, whatever was changed', () => {
    const other = createKeyPair();
    for (const change of [
      { root: other.publicKey },
      { host: other.publicKey },
      { grant: 'x'.repeat(86) },
      { root: 1 },
      { broker: 5 },
    ]) {
      expect(() => openJoinTicket(reticket(ticket, change), host)).toThrow(refused);
    }
    for (const text of [
      '',
      'espalier-join-1.',
      'espalier-join-1.e30',
      ticket.slice(0, -9),
      ticket.slice(3),
    ]) {
      expect(() => openJoinTicket(text, host)).toThrow(refused);
    }
  });

  it('is not issued for what is no key', () => {
    expect(() => issueJoinTicket(root, { publicKey: 'me' })).toThrow(
      expect.objectContaining({ code: 'ticket_refused', field: 'publicKey', value: 'me' }),
    );
  });
});
