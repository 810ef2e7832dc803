import { readFileSync } from 'node:fs';
import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { createKeyPair, namespaceId, namespaceOf, publishedName } from '../../src/identity/index.js';

const { publicKey: root } = createKeyPair();

test('a namespace has one id in a cluster, of which neither its path nor the cluster can be read', () => {
  const id = namespaceId(root, '/tenants/blue');
  expect(id).toMatch(/^[\w-]{22}$/);
  expect(namespaceId(root, '/tenants/blue')).toBe(id);
  const others = [
    namespaceId(root, '/tenants/green'),
    namespaceId(root, '/tenants/blue/deep'),
    namespaceId(createKeyPair().publicKey, '/tenants/blue'),
  ];
  expect(new Set([id, ...others]).size).toBe(4);
});

test('the id is that of the vector in docs/wire.md', () => {
  const page = readFileSync(new URL('../../../../docs/wire.md', import.meta.url), 'utf8');
  const [, of = ''] = /the root's public key \| `([\w-]{43})`/.exec(page) ?? [];
  const [, path = '', published] = /namespace `([^`]+)`[^|]*\| `([^`]+)`/.exec(page) ?? [];
  expect(publishedName(namespaceId(of, path), 'db')).toBe(published);
});

test('a published name is read as it was written, and a name of the tree’s own is none of them', () => {
  fc.assert(
    fc.property(fc.string(), fc.stringMatching(/^[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$/), (path, name) => {
      const id = namespaceId(root, path);
      expect(namespaceOf(publishedName(id, name))).toEqual({ id, name });
      expect(namespaceOf(name)).toBeUndefined();
    }),
  );
  for (const odd of ['', '/', 'x/y', `${'a'.repeat(22)}/`, `${'a'.repeat(22)}/b/c`, `${'é'.repeat(22)}/b`])
    expect(namespaceOf(odd)).toBeUndefined();
});
