/** The news that a name is taken may come later than what its holder says: nobody is lost in between. */
import { expect, test } from '@jest/globals';
import { environment } from '../../src/index.js';
import { nameIn } from '../../src/kernel/names.js';
import { Simulation } from '../../src/testing/index.js';
import puppetBehaviour from '../conformance/modules/puppet.js';
import { Puppet } from '../conformance/puppets.js';

const SEEDS = Array.from({ length: 30 }, (_, n) => n + 1);

async function start(seed: number, siblings: 'group' | 'isolate') {
  const simulation = new Simulation({ seed });
  const leaf = (id: string) => simulation.inCell(simulation.child(id, { behaviour: puppetBehaviour }));
  const all = simulation.group('all', [leaf('a'), leaf('b')], { siblings });
  expect(await simulation.start([all])).toBeUndefined();
  const puppet = async (id: string) =>
    new Puppet(simulation, await simulation.settle(simulation.address(`tree/all/${id}`)));
  return { simulation, a: await puppet('a'), b: await puppet('b') };
}

test('names: one that was nobody’s leads to who has taken it, as soon as he says so', async () => {
  for (const seed of SEEDS) {
    const { a, b } = await start(seed, 'group');
    expect(await a.code('call', 'x', 'state', [])).toBe('noproc');
    await b.get('register', 'x');
    await a.do(['send', 'x', 'first'], ['send', 'x', 'second']);
    expect(await b.values(2)).toEqual(['first', 'second']);
  }
});

test.each([false, true])(
  'names: so does one that is being asked for since before it was taken (another first contact under way: %s)',
  async (another) => {
    for (const seed of Array.from({ length: 300 }, (_, n) => n)) {
      const simulation = new Simulation({ seed });
      const taken: unknown[] = [];
      const sender = environment(async (context) => {
        await context.receive();
        const early = context.send('x', 'early');
        await context.receive();
        if (another) void context.send('c', 'hello');
        await Promise.all([early, context.send('x', 'first'), context.send('x', 'second')]);
        await context.receive();
      });
      const holder = environment(async (context) => {
        await context.send('a', 'soon');
        for (let n = 0; n < seed % 4; n++) await context.whereis('a');
        await context.register('x');
        await context.send('a', 'it is mine');
        for (;;) {
          const item = await context.receive();
          if (item.type === 'message') taken.push(item.value);
        }
      });
      const idle = environment(async (context) => void (await context.receive({ match: () => false })));
      const child = (id: string, behaviour: typeof sender) => simulation.child(id, { behaviour });
      const all = simulation.group('all', [child('a', sender), child('b', holder), child('c', idle)]);
      expect(await simulation.start([all])).toBeUndefined();
      await simulation.advance(0);
      // Whether the early one finds it taken is open.
      expect(taken.filter((value) => value !== 'early')).toEqual(['first', 'second']);
    }
  },
);

test('names: and one that was not granted, as soon as the grant is answered', async () => {
  for (const seed of SEEDS) {
    const { simulation, a, b } = await start(seed, 'isolate');
    expect(await a.code('call', 'x', 'state', [])).toBe('noproc');
    const grant = { name: nameIn('tree/all/a', 'x'), target: nameIn('tree/all/b', 'b'), path: 'tree/all/b' };
    await simulation.settle(simulation.supervise({ op: 'grant', ...grant }));
    await a.do(['send', 'x', 'first'], ['send', 'x', 'second']);
    expect(await b.values(2)).toEqual(['first', 'second']);
  }
});
