/**
 * The lease of a single holder, from the broker to the mailbox of the server: whatever comes together, no message is begun by
 * who was the holder once.
 */
import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { HOSTS, TwoHolders, type Host } from './two-holders.js';

test('what lies behind other work for longer than a lease is begun in its turn, for the lease is renewed', async () => {
  const world = await TwoHolders.start(1);
  world.local(0, 20_000);
  await world.pass(10);
  world.send(1, 10);
  await world.pass(100);
  world.local(0, 10);
  await world.pass(30_000);
  expect(world.begun.map(({ host, n }) => [host, n])).toEqual([
    [0, undefined],
    [0, 0],
    [0, undefined],
  ]);
});

test.each([1, 2])(
  'what lies behind other work is not begun by who has lost the name meanwhile, though his driver cannot say so (%d in a frame)',
  async (messages) => {
    const world = await TwoHolders.start(1);
    world.local(0, 6000);
    await world.pass(10);
    world.send(messages, 10);
    await world.pass(10);
    world.hosts[0]?.stall(true);
    await world.pass(10_000);
    expect(world.begun.filter(({ n }) => n !== undefined).map(({ host }) => host)).toEqual(
      Array(messages).fill(1),
    );
    await world.heal();
    expect(world.late).toEqual([]);
  },
);

test('who loses the connection while he has one in hand waits how that ends, and does not handle it again', async () => {
  const world = await TwoHolders.start(1);
  world.hosts[1]?.cut(true);
  await world.pass(6000);
  world.send(1, 1000);
  await world.pass(10);
  world.hosts[0]?.reset();
  await world.pass(10_000);
  expect(world.begun.map(({ host, n }) => [host, n])).toEqual([[0, 0]]);
});

const which = fc.nat(1);
const step = fc.oneof(
  { arbitrary: fc.record({ do: fc.constant('wait' as const), ms: fc.nat(4000), host: which }), weight: 6 },
  { arbitrary: fc.record({ do: fc.constant('local' as const), ms: fc.nat(10_000), host: which }), weight: 3 },
  { arbitrary: fc.record({ do: fc.constant('send' as const), ms: fc.nat(600), host: which }), weight: 5 },
  {
    arbitrary: fc.record({
      do: fc.constantFrom('cut', 'heal', 'stall', 'go on', 'reset', 'suspend', 'resume'),
      ms: fc.constant(0),
      host: which,
    }),
    weight: 6,
  },
);

test('no message is begun by who was the holder once; all are handled, and in order', async () => {
  const given = fc.record({
    seed: fc.nat(0xffff),
    messages: fc.integer({ min: 1, max: 4 }),
    steps: fc.array(step, { minLength: 5, maxLength: 40 }),
  });
  await fc.assert(
    fc.asyncProperty(given, async ({ seed, messages, steps }) => {
      const world = await TwoHolders.start(seed);
      for (const { do: what, ms, host } of steps) {
        const one = world.hosts[host] as Host;
        if (what === 'wait') await world.pass(ms);
        else if (what === 'local') world.local(host, ms);
        else if (what === 'send') world.send(messages, ms);
        else if (what === 'cut' || what === 'heal') one.cut(what === 'cut');
        else if (what === 'stall' || what === 'go on') one.stall(what === 'stall');
        else if (what === 'reset') one.reset();
        else world.simulation.inspect(`tree/${String(HOSTS[host])}`, what);
        await world.simulation.quiet();
      }
      await world.heal();
      expect(world.late).toEqual([]);
      expect(world.handled).toEqual(Array.from({ length: world.sent }, (_, n) => n));
    }),
    { numRuns: 300 },
  );
}, 120_000);
