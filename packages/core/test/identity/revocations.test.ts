import { describe, expect, it } from '@jest/globals';
import { createKeyPair, fingerprint } from '../../src/identity/keys.js';
import { openRevocations, revokeHosts } from '../../src/identity/revocations.js';

const refused = expect.objectContaining({ code: 'revocations_refused' });
const [one = '', two = ''] = [createKeyPair(), createKeyPair()].map((key) => fingerprint(key.publicKey));

describe('the list of revoked hosts', () => {
  const root = createKeyPair();

  it('grows, and its number with it', () => {
    const first = revokeHosts(root, [one]);
    const second = revokeHosts(root, [two, one], first);
    expect(openRevocations(first, root.publicKey)).toEqual({ number: 1, hosts: new Set([one]) });
    expect(openRevocations(`${second}\n`, root.publicKey)).toEqual({ number: 2, hosts: new Set([one, two]) });
  });

  it('is refused where it is damaged, of another root, or no list', () => {
    const list = revokeHosts(root, [one]);
    const [prefix = '', body = ''] = list.split('.');
    const facts = JSON.parse(Buffer.from(body, 'base64url').toString()) as Record<string, unknown>;
    const changed = (change: Record<string, unknown>): string =>
      `${prefix}.${Buffer.from(JSON.stringify({ ...facts, ...change })).toString('base64url')}`;
    expect(() => openRevocations(list, createKeyPair().publicKey)).toThrow(refused);
    for (const text of [
      changed({ number: 2 }),
      changed({ hosts: [] }),
      changed({ hosts: [two] }),
      changed({ signature: undefined }),
      changed({ hosts: 'all' }),
      'espalier-revoked-1.',
      'x',
    ]) {
      expect(() => openRevocations(text, root.publicKey)).toThrow(refused);
    }
    expect(() => revokeHosts(createKeyPair(), [one], list)).toThrow(refused);
  });

  it('has an end, for it goes from host to host as a whole', () => {
    const hosts = Array.from({ length: 1500 }, (_, n) => n.toString(16).padStart(32, '0'));
    expect(openRevocations(revokeHosts(root, hosts.slice(0, 1200)), root.publicKey).hosts.size).toBe(1200);
    expect(() => revokeHosts(root, hosts)).toThrow(
      expect.objectContaining({ code: 'revocations_refused', field: 'hosts', value: 1500 }),
    );
  });

  it('takes host ids and nothing else', () => {
    expect(() => revokeHosts(root, ['alpha'])).toThrow(
      expect.objectContaining({ field: 'hosts', value: 'alpha' }),
    );
  });
});
