/** A mailbox that takes no addresses: whoever sends one is told, before it counts as sent. */
import { describe, expect, test } from '@jest/globals';
import { Simulation } from '../../src/testing/index.js';
import puppet from '../conformance/modules/puppet.js';
import { Puppet } from '../conformance/puppets.js';
import { restarting } from '../conformance/restarting.js';

describe.each([1, 2, 3, 4, 5])('a mailbox that takes no addresses, seed %i', (seed) => {
  async function start() {
    const simulation = new Simulation({ seed, logic: restarting });
    const children = [
      simulation.child('a', { behaviour: puppet }),
      simulation.child('plain', { behaviour: puppet, terms: { addresses: false } }),
      simulation.child('any', { behaviour: puppet }),
    ];
    expect(await simulation.start(children)).toBeUndefined();
    const { context } = simulation;
    const grid = { context, settle: <T>(promise: Promise<T>) => simulation.settle(promise) };
    return {
      simulation,
      a: new Puppet(grid, 'a'),
      plain: new Puppet(grid, 'plain'),
      any: new Puppet(grid, 'any'),
    };
  }

  const outcomesOf = (outcomes: readonly object[]) =>
    outcomes.map((outcome) => ('code' in outcome ? outcome.code : 'sent'));

  test('refuses them at first contact and later, and what is sent beside them keeps its order', async () => {
    const { a, plain } = await start();
    const from = await a.address();
    const steps = [
      ['send', 'plain', 1],
      ['send', 'plain', { from }],
      ['send', 'plain', 2],
    ] as const;
    for (let round = 0; round < 2; round++)
      expect(outcomesOf(await a.do(...steps))).toEqual(['sent', 'value_refused', 'sent']);
    expect(await plain.values(4)).toEqual([1, 2, 1, 2]);
    expect(await a.code('call', 'plain', 'echo', [from])).toBe('value_refused');
  });

  test('counts nothing of it as lost, and concerns no other mailbox', async () => {
    const { simulation, a, any } = await start();
    const from = await a.address();
    await a.do(['send', 'plain', [from]], ['send', 'any', [from]]);
    expect(await any.values(1)).toEqual([[from]]);
    await simulation.quiet();
    expect(simulation.events.filter(({ kind }) => kind === 'undelivered')).toEqual([]);
  });
});
