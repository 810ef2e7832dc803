import { describe, expect, test } from '@jest/globals';
import { namespaceId } from '@espalier/core/identity';
import { normaliseSpec, type TreeSpec } from '@espalier/supervisor';
import { termsOfAll, type BridgeNamespace } from '../../src/cluster/bridge-namespace.js';
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
const BASE = { base: '/srv' };
const PLACE = { folder: '/var/lib/host', secret: 's' };
const bridged = (spec: TreeSpec, secret = 's') =>
  withBridge(spec, normaliseSpec(spec, BASE), { ...PLACE, secret });

describe('a tree with `cluster`', () => {
  test('gets the bridge, and who is granted an import is granted who holds its name here', () => {
    const given = bridged(SPEC);
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
    expect(() => normaliseSpec(given, BASE)).not.toThrow();
  });

  test('is left as it is where it is not to have a bridge', () => {
    expect(withBridge(SPEC, normaliseSpec(SPEC, BASE), undefined)).toBe(SPEC);
    const alone: TreeSpec = { children: [{ id: 'front', module: './front.js' }] };
    expect(bridged(alone)).toBe(alone);
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

describe('a tree with `cluster` in namespaces below the root', () => {
  const tenant = (id: string) => ({
    id,
    grants: { near: { send: '/front' } },
    cluster: { exports: { db: { durable: true } }, imports: { rates: { as: 'far', holders: 'many' } } },
    children: [{ id: 'db', module: './db.js' }],
  });
  const TENANTS = {
    children: [
      { id: 'front', module: './front.js' },
      { id: 'tenants', siblings: 'isolate', children: [tenant('blue'), tenant('green')] },
    ],
  } as TreeSpec;
  interface Made {
    readonly children: [
      unknown,
      { readonly children: { readonly grants: Record<string, { readonly send: string }> }[] },
      {
        readonly children: [
          {
            readonly args: { readonly terms: object; readonly namespaces: readonly BridgeNamespace[] };
            readonly grants: Record<string, { readonly send: string }>;
          },
        ];
      },
    ];
  }

  test('is wired by grants in both directions, and is what a host takes', () => {
    const given = bridged(TENANTS);
    expect(normaliseSpec(given, BASE)).not.toHaveProperty('namespaces');
    const [, tenants, { children }] = (given as unknown as Made).children;
    const [{ args, grants }] = children;
    expect(args.terms).toEqual({});
    for (const [i, path] of ['/tenants/blue', '/tenants/green'].entries()) {
      const { exports, imports, path: told } = args.namespaces[i] as BridgeNamespace;
      expect(told).toBe(path);
      expect(exports).toEqual({ db: { durable: true, to: expect.any(String) as unknown } });
      expect(grants[exports['db']?.to ?? '']).toEqual({ send: `${path}/db` });
      expect(imports).toEqual({ rates: { holders: 'many', as: expect.any(String) as unknown } });
      expect(tenants.children[i]?.grants).toEqual({
        near: { send: '/front' },
        far: { send: `/cluster/bridge/${imports['rates']?.as ?? ''}` },
      });
    }
    expect(Object.keys(grants)).toHaveLength(2);
  });

  test('names of the tree’s own namespace on the way are the same at each apply, and not to be guessed', () => {
    const names = (secret?: string): readonly string[] => {
      const [, , { children }] = (bridged(TENANTS, secret) as unknown as Made).children;
      return children[0].args.namespaces.flatMap(({ exports, imports }) => [
        ...Object.values(exports).map(({ to = '' }) => to),
        ...Object.values(imports).map(({ as = '' }) => as),
      ]);
    };
    expect(names()).toEqual(names());
    expect(new Set([...names(), ...names('t')]).size).toBe(8);
    for (const name of names()) expect(name).toMatch(/^cluster\.[0-9a-f]{32}$/);
  });

  test('the bridge publishes each name under the id of its namespace, beside those of the tree’s own', () => {
    const of = (to: string): BridgeNamespace => ({
      path: `/${to}`,
      exports: { db: { to } },
      imports: { db: { as: to } },
    });
    const [blue, green] = [namespaceId('root', '/blue'), namespaceId('root', '/green')];
    const own = { exports: { db: { to: 'own' } }, imports: { rates: {} }, replicated: true };
    expect(termsOfAll(own, [of('blue'), of('green')], 'root')).toEqual({
      exports: { db: { to: 'own' }, [`${blue}/db`]: { to: 'blue' }, [`${green}/db`]: { to: 'green' } },
      imports: { rates: {}, [`${blue}/db`]: { as: 'blue' }, [`${green}/db`]: { as: 'green' } },
      replicated: true,
    });
    expect(termsOfAll({}, [], 'root')).toEqual({ exports: {}, imports: {} });
  });
});
