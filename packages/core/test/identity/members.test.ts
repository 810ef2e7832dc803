import { expect, test } from '@jest/globals';
import { createKeyPair, fingerprint } from '../../src/identity/keys.js';
import { Members } from '../../src/identity/members.js';
import { issueJoinTicket, openJoinTicket } from '../../src/identity/membership.js';

test('a host that was revoked stays so, whatever a later list leaves out', () => {
  const root = createKeyPair();
  const key = createKeyPair();
  const { grant } = openJoinTicket(issueJoinTicket(root, { publicKey: key.publicKey }), key);
  const members = new Members(root.publicKey);
  expect(members.judge(key.publicKey, grant)).toBe('member');
  members.revoke(new Set([fingerprint(key.publicKey)]));
  members.revoke(new Set(['f'.repeat(32)]));
  expect(members.judge(key.publicKey, grant)).toBe('revoked');
});
