/** The news that a name is taken may come later than what its holder says: nobody is lost in between. */
import { expect, test } from '@jest/globals';
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
