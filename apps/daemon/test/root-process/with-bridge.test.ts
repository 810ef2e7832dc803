import { describe, expect, test } from '@jest/globals';
import { normaliseSpec, type TreeSpec } from '@espalier/supervisor';
import { withBridge, withImports } from '../../src/root-process/with-bridge.js';

const IMPORTS = { prices: { as: 'far' }, stock: { durable: true } };
const send = (name: string) => ({ send: `cluster.imports.${name}` });
const SPEC: TreeSpec = {
  name: 'shop',
  cluster: { imports: IMPORTS },
  children: [
    {
      id: 'tenants',
      siblings: 'isolate',
      children: [
        { id: 'blue', module: './blue.js', grants: { a: send('prices'), b: { send: '/tenants/green/app' } } },
        { id: 'green', grants: { stock: send('stock') }, children: [{ id: 'app', module: './app.js' }] },
      ],
    },
  ],
};

describe('a tree with `cluster`', () => {
  test('gets the bridge, and who is granted an import is granted who holds its name here', () => {
    normaliseSpec(SPEC, { base: '/srv' });
    const given = withBridge(SPEC, '/var/lib/host');
    expect(given).toMatchObject({
      children: [
        {
          children: [
            { grants: { a: { send: '/cluster/bridge/far' }, b: { send: '/tenants/green/app' } } },
            { grants: { stock: { send: '/cluster/bridge/stock' } } },
          ],
        },
        { id: 'cluster' },
      ],
    });
    expect(given).not.toHaveProperty('cluster');
    // It is what a host takes.
    expect(() => normaliseSpec(given, { base: '/srv' })).not.toThrow();
  });

  test('is left as it is where it is not to have a bridge', () => {
    expect(withBridge(SPEC, undefined)).toBe(SPEC);
    const { cluster: _, ...alone } = SPEC;
    expect(withBridge(alone, '/var/lib/host')).toBe(alone);
  });

  test('what is no spec stays what it is, for who reads it to refuse', () => {
    for (const odd of [
      null,
      'x',
      { grants: 'x' },
      { grants: ['x'] },
      { grants: { a: null, b: { send: 1 } }, children: [null] },
    ])
      expect(withImports<unknown>(odd, IMPORTS)).toEqual(odd);
    expect(withImports({ grants: { a: send('toString') } }, IMPORTS)).toEqual({
      grants: { a: send('toString') },
    });
  });
});
