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

  it('takes host ids and nothing else', () => {
    expect(() => revokeHosts(root, ['alpha'])).toThrow(
      expect.objectContaining({ field: 'hosts', value: 'alpha' }),
    );
  });
});
