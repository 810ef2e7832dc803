/** Below an isolating supervisor each child has names of its own, and what it is granted: nothing else is there. */
import { describe, expect, test } from '@jest/globals';
import type { Address } from '../../src/index.js';
import type { ChildSpec } from '../../src/kernel/index.js';
import { nameIn } from '../../src/kernel/names.js';
import { Simulation } from '../../src/testing/index.js';
import puppetBehaviour from '../conformance/modules/puppet.js';
import { endOf, errorOf, Puppet } from '../conformance/puppets.js';
import { restarting } from '../conformance/restarting.js';

const HOUSES = ['blue', 'green'] as const;

/** Where the isolated children run. */
type Place = 'threads' | 'cells' | 'one cell';

/**
 * tree ─┬─ store                                  in the tree's namespace
 *       └─ tenants (isolate) ─┬─ blue  ── app, db  in one of its own each
 *                             └─ green ── app, db
 */
class World {
  readonly simulation: Simulation;
  readonly at: Place;

  constructor(seed: number, at: Place) {
    this.simulation = new Simulation({ seed, logic: restarting });
    this.at = at;
  }

  async start(): Promise<void> {
    const { simulation, at } = this;
    const leaf = (id: string): ChildSpec =>
      simulation.child(id, { behaviour: puppetBehaviour }, { restart: 'permanent' });
    const houses = HOUSES.map((id) => {
      const house = simulation.group(id, [leaf('app'), leaf('db')], { intensity: 100 });
      return at === 'cells' ? simulation.inCell(house) : house;
    });
    const tenants = simulation.group('tenants', houses, { siblings: 'isolate', intensity: 100 });
    const all = [leaf('store'), at === 'one cell' ? simulation.inCell(tenants) : tenants];
    expect(await simulation.start(all, { intensity: 100 })).toBeUndefined();
  }

  settle<T>(promise: Promise<T>): Promise<T> {
    return this.simulation.settle(promise);
  }

  get context() {
    return this.simulation.context;
  }

  /** By what administrators have: the path. The application is in no namespace of theirs. */
  async puppet(path: string): Promise<Puppet> {
    return new Puppet(this, await this.address(path));
  }

  address(path: string): Promise<Address> {
    return this.settle(this.simulation.address(`tree/${path}`));
  }

  grant(house: string, name: string, path: string, space = '', held = path): Promise<unknown> {
    const target = nameIn(space === '' ? '' : `tree/${space}`, held.slice(held.lastIndexOf('/') + 1));
    const full = nameIn(house === '' ? '' : `tree/${house}`, name);
    return this.settle(this.simulation.supervise({ op: 'grant', name: full, target, path: `tree/${path}` }));
  }

  /** And all have heard of it. */
  async revoke(house: string, name: string): Promise<void> {
    await this.settle(this.simulation.supervise({ op: 'revoke', name: nameIn(`tree/${house}`, name) }));
    await this.simulation.quiet();
  }
}

const PLACES: readonly Place[] = ['threads', 'cells', 'one cell'];

describe.each(PLACES)('namespaces, in %s', (at) => {
  const start = async (seed = 1) => {
    const world = new World(seed, at);
    await world.start();
    const [blue, green, store] = [
      await world.puppet('tenants/blue/app'),
      await world.puppet('tenants/green/app'),
      await world.puppet('store'),
    ];
    return { world, blue, green, store };
  };

  test('names: siblings use the same ones, and each means its own', async () => {
    const { world, blue, green } = await start();
    await blue.do(['send', 'db', 'of blue']);
    await green.do(['send', 'db', 'of green']);
    expect(await (await world.puppet('tenants/blue/db')).values(1)).toEqual(['of blue']);
    expect(await (await world.puppet('tenants/green/db')).values(1)).toEqual(['of green']);
    await blue.get('register', 'mine');
    await green.get('register', 'mine');
  });

  test('names: what is outside is not there, and a name that nobody has is no different', async () => {
    const { world, blue } = await start();
    const outcomes = async (name: string) => [
      await blue.do(['whereis', name]),
      (await blue.code('call', name, 'state', [])).toString(),
      await blue.do(
        ['monitor', name],
        ['send', name, 1],
        ['sendExit', name, { tag: 'error' }],
        ['kill', name],
      ),
    ];
    const [absent, outside] = [await outcomes('stare'), await outcomes('store')];
    expect(JSON.stringify(outside).replaceAll('store', 'stare')).toBe(
      // Each monitor has a number of its own.
      JSON.stringify(absent).replace('[{"value":0}', '[{"value":1}'),
    );
    const downs = (await blue.items(2)).map((item) => item.type === 'down' && item.reason);
    expect(downs).toEqual([{ tag: 'noproc' }, { tag: 'noproc' }]);
    expect(await world.settle(world.context.whereis('store'))).toBe(await world.address('store'));
  });

  test('grants: one leads to what was spawned at its path, too, and to nobody else who takes the name', async () => {
    const { world, blue, store } = await start();
    world.simulation.module('helper', { behaviour: puppetBehaviour });
    await world.grant('tenants/blue', 'help', 'store', '', 'helper');
    expect(await blue.code('call', 'help', 'state', [])).toBe('noproc');
    await world.settle(world.context.register('helper'));
    expect(await blue.code('call', 'help', 'state', [])).toBe('noproc');
    await world.settle(world.context.unregister('helper'));
    await store.do(['spawn', { module: 'helper', name: 'helper' }]);
    expect(await blue.get('call', 'help', 'state', [])).toBe(0);
    await store.do(['kill', 'helper']);
    await world.simulation.quiet();
    expect(await blue.code('call', 'help', 'state', [])).toBe('noproc');
  });

  test('names: nothing inside is found from outside', async () => {
    const { world, store } = await start();
    for (const name of ['app', 'db']) {
      expect(await store.get('whereis', name)).toBeUndefined();
      expect(await errorOf(world.settle(world.context.call(name, 'state', [])))).toMatchObject({
        code: 'noproc',
      });
    }
    await store.get('register', 'db');
  });

  test('address: one that comes in a message is the same to everybody, and gives no right to use it', async () => {
    const { world, blue, store } = await start();
    const toStore = await world.address('store');
    await blue.do(['trapExits', true]);
    expect(await blue.code('call', toStore, 'state', [])).toBe('noproc');
    await blue.do(['send', toStore, 'hello'], ['kill', toStore], ['monitor', toStore], ['link', toStore]);
    expect((await blue.items(2)).map((item) => 'reason' in item && item.reason.tag)).toEqual([
      'noproc',
      'noproc',
    ]);
    expect(await store.get('call', '@self', 'state', [])).toBe(0);
    // It went in with a call, and comes back as the same.
    await blue.do(['send', 'db', { toStore }]);
    const db = await world.puppet('tenants/blue/db');
    expect(await db.values(1)).toEqual([{ toStore }]);
    // Nor has who is called by somebody a way to him.
    const self = world.context.self;
    await blue.do(['send', self, 'hello'], ['kill', self]);
    expect(await world.settle(world.context.receive({ timeoutMs: 100 }))).toBeUndefined();
  });

  test('grant: a name leads to one mailbox outside, for messages, calls, monitors and links, and back only answers', async () => {
    const { world, blue, green, store } = await start();
    await world.grant('tenants/blue', 'shop', 'store');
    expect(await blue.get('call', 'shop', 'state', [])).toBe(0);
    await blue.do(['send', 'shop', 'from blue'], ['monitor', 'shop']);
    expect(await store.values(1)).toEqual(['from blue']);
    expect(await green.get('whereis', 'shop')).toBeUndefined();
    const toBlue = await world.address('tenants/blue/app');
    expect(await store.code('call', toBlue, 'state', [])).toBe('noproc');
    await store.do(['kill', toBlue], ['send', toBlue, 'no']);
    // It may be watched and linked, but not killed.
    await blue.do(['kill', 'shop']);
    expect(await store.get('call', '@self', 'state', [])).toBe(1);
    await blue.do(['trapExits', true], ['link', await blue.get('whereis', 'shop')]);
    await blue.do(['whereis', 'shop']);
    await store.tell(['exit', { tag: 'error', detail: 'closed' }]);
    // How it has ended is the outside's business.
    expect((await blue.items(2)).map((item) => 'reason' in item && item.reason)).toEqual([
      { tag: 'noproc' },
      { tag: 'noproc' },
    ]);
  });

  const ENDS: readonly (readonly [string, (world: World, store: Puppet) => Promise<unknown>])[] = [
    ['it is through', (_, store) => store.tell(['exit', { tag: 'normal' }])],
    ['it shuts down', (_, store) => store.tell(['exit', { tag: 'shutdown', detail: 'at night' }])],
    ['it fails', (_, store) => store.tell(['exit', { tag: 'error', detail: 'closed' }])],
    ['it is killed', async (world) => world.context.kill(await world.address('store'))],
    ['its thread ends', async (world) => world.simulation.crash('tree/store')],
    ['the grant is revoked', (world) => world.revoke('tenants/blue', 'shop')],
  ];
  test('down, exit, calls: a granted one that is not there any more is the same to who had it, whyever that is', async () => {
    const transcripts = [];
    for (const [, end] of ENDS) {
      const { world, blue, store } = await start();
      await world.grant('tenants/blue', 'shop', 'store');
      await blue.do(['trapExits', true], ['monitor', 'shop']);
      const shop = await blue.get('whereis', 'shop');
      await blue.do(['link', shop], ['whereis', 'shop']);
      const call = blue.start(['call', 'shop', 'items', [1000]]);
      await world.simulation.quiet();
      await end(world, store);
      const items = (await blue.items(2)).map((item) => ('reason' in item ? [item.type, item.reason] : item));
      // The address is that of a dead one now, or of one that may not be reached.
      const old = await blue.do(['call', shop, 'state', []], ['monitor', shop]);
      transcripts.push(JSON.stringify([await world.settle(call), items, old, (await blue.items(3))[2]]));
    }
    expect(transcripts[0]).toContain('noproc');
    expect(new Set(transcripts).size).toBe(1);
  });

  test('down: who administers the tree, and who lives with it, is told the cause', async () => {
    const { world, store } = await start();
    const [near, far] = [await world.puppet('tenants/green/db'), await world.puppet('tenants/green/app')];
    await near.do(['monitor', 'app']);
    const seen = endOf(world, await world.address('tenants/green/app'), () =>
      far.tell(['exit', { tag: 'error', detail: 'own' }]),
    );
    expect(await seen).toEqual({ tag: 'error', detail: 'own' });
    expect(await near.items(1)).toMatchObject([{ reason: { tag: 'error', detail: 'own' } }]);
    expect(await store.get('call', '@self', 'state', [])).toBe(0);
  });

  test('grant: from outside to inside, by the same kind of line', async () => {
    const { world, store } = await start();
    await world.grant('', 'blue-db', 'tenants/blue/db', 'tenants/blue');
    await store.do(['send', 'blue-db', 'inside']);
    expect(await (await world.puppet('tenants/blue/db')).values(1)).toEqual(['inside']);
    expect(await world.settle(world.context.call('blue-db', 'state', []))).toBe(1);
  });

  test('grant: between siblings, with the same name on both sides', async () => {
    const { world, blue } = await start();
    await world.grant('tenants/blue', 'green-db', 'tenants/green/db', 'tenants/green');
    await blue.do(['send', 'green-db', 'to green'], ['send', 'db', 'to blue']);
    expect(await (await world.puppet('tenants/green/db')).values(1)).toEqual(['to green']);
    expect(await (await world.puppet('tenants/blue/db')).values(1)).toEqual(['to blue']);
  });

  test('grant: a name that somebody has cannot be granted, and one that is granted cannot be taken', async () => {
    const { world, blue } = await start();
    await expect(world.grant('tenants/blue', 'db', 'store')).rejects.toMatchObject({ code: 'name_taken' });
    await world.grant('tenants/blue', 'shop', 'store');
    await expect(world.grant('tenants/blue', 'shop', 'store')).rejects.toMatchObject({ code: 'name_taken' });
    expect(await blue.code('register', 'shop')).toBe('name_taken');
  });

  test('grant: outlives restarts of both sides; meanwhile senders park', async () => {
    const { world, blue } = await start();
    await world.grant('tenants/blue', 'shop', 'store');
    await blue.do(['send', 'shop', 1]);
    world.simulation.crash('tree/store');
    await world.simulation.quiet();
    await blue.do(['send', 'shop', 2]);
    expect(await (await world.puppet('store')).values(1)).toEqual([2]);
    world.simulation.crash('tree/tenants/blue/app');
    await world.simulation.quiet();
    await (await world.puppet('tenants/blue/app')).do(['send', 'shop', 3]);
    expect(await (await world.puppet('store')).values(2)).toEqual([2, 3]);
  });

  test('grant: leads to what runs at the path, not to whoever has the name', async () => {
    const { world, blue, green } = await start();
    await world.grant('tenants/blue', 'ledger', 'tenants/green/ledger', 'tenants/green');
    await green.get('register', 'ledger');
    expect(await blue.get('whereis', 'ledger')).toBeUndefined();
    expect(await blue.code('call', 'ledger', 'state', [])).toBe('noproc');
  });

  test('revoke: from then on nobody is there: for names, addresses, monitors, links and calls under way', async () => {
    const { world, blue, store } = await start();
    await world.grant('tenants/blue', 'shop', 'store');
    const toStore = (await blue.get('whereis', 'shop')) as Address;
    await blue.do(['trapExits', true], ['monitor', toStore], ['link', toStore], ['send', 'shop', 1]);
    await store.items(1);
    const under = blue.start(['call', 'shop', 'items', [99], { timeoutMs: 60_000 }]);
    await blue.do(['call', 'shop', 'state', []]);
    await world.revoke('tenants/blue', 'shop');
    expect(await world.settle(under)).toMatchObject([{ code: 'noproc' }]);
    expect((await blue.items(2)).map((item) => 'reason' in item && item.reason)).toEqual([
      { tag: 'noproc' },
      { tag: 'noproc' },
    ]);
    for (const target of ['shop', toStore])
      expect(await blue.code('call', target, 'state', [])).toBe('noproc');
    expect(await blue.get('whereis', 'shop')).toBeUndefined();
    await blue.do(['send', toStore, 2], ['send', 'shop', 2]);
    // Until who holds the name is answered, a send may still be before the next grant or after it.
    await world.simulation.quiet();
    // The other side has lost nothing but the channel.
    expect(await store.get('call', '@self', 'state', [])).toBe(1);
    await world.grant('tenants/blue', 'shop', 'store');
    expect(await blue.get('call', 'shop', 'state', [])).toBe(1);
    expect(await blue.get('call', toStore, 'state', [])).toBe(1);
  });

  test('revoke: one of two grants of the same mailbox leaves the other', async () => {
    const { world, blue } = await start();
    await world.grant('tenants/blue', 'shop', 'store');
    await world.grant('tenants/blue', 'store', 'store');
    expect(await blue.get('call', 'shop', 'state', [])).toBe(0);
    expect(await blue.get('call', 'store', 'state', [])).toBe(0);
    await world.revoke('tenants/blue', 'shop');
    expect(await blue.code('call', 'shop', 'state', [])).toBe('noproc');
    expect(await blue.get('call', 'store', 'state', [])).toBe(0);
  });

  test('revoke: where both sides are granted each other, the other direction goes on', async () => {
    const { world, blue, store } = await start();
    await world.grant('tenants/blue', 'shop', 'store');
    await world.grant('', 'blue', 'tenants/blue/app', 'tenants/blue');
    expect(await blue.get('call', 'shop', 'state', [])).toBe(0);
    expect(await store.get('call', 'blue', 'state', [])).toBe(0);
    await world.revoke('tenants/blue', 'shop');
    expect(await blue.code('call', 'shop', 'state', [])).toBe('noproc');
    expect(await store.get('call', 'blue', 'state', [])).toBe(0);
    await store.do(['send', 'blue', 'still']);
    expect(await blue.values(1)).toEqual(['still']);
  });

  test('revoke: under load, nothing arrives afterwards, and what arrived came in order', async () => {
    for (let seed = 1; seed <= 10; seed++) {
      const { world, blue, green, store } = await start(seed);
      for (const house of HOUSES) await world.grant(`tenants/${house}`, 'shop', 'store');
      const sending = blue.start(['sendMany', 'shop', 300]);
      const other = green.start(['sendMany', 'shop', 30]);
      for (let n = 0; n < seed * 40; n++) await world.simulation.step();
      await world.revoke('tenants/blue', 'shop');
      const count = (await store.get('call', '@self', 'state', [])) as number;
      await world.settle(Promise.all([sending, other]));
      await blue.do(['send', 'shop', 'late']);
      await world.simulation.quiet();
      const values = await store.values(count);
      expect(values).not.toContain('late');
      // What green has sent went on; by each, in the order sent.
      const of = values as number[];
      expect(of.filter((n) => n < 30).length).toBeGreaterThanOrEqual(30);
    }
  });

  test('sibling: one that is killed, with all of its kind, is nothing to the other', async () => {
    const { world, blue, green } = await start();
    const before = await green.get('call', 'db', 'state', []);
    await blue.do(['sendMany', 'db', 5]);
    if (at === 'cells') world.simulation.crashCell('tree/tenants/blue');
    else for (const id of ['app', 'db']) world.simulation.crash(`tree/tenants/blue/${id}`);
    await world.simulation.quiet();
    expect(await green.get('call', 'db', 'state', [])).toBe(before);
    const again = await world.puppet('tenants/blue/app');
    expect(await again.get('call', 'db', 'state', [])).toBe(0);
  });
});
