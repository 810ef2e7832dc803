import { expect, test } from '@jest/globals';
import type { BesideContext } from '../../src/guest/beside.js';
import { environment } from '../../src/index.js';
import { Simulation } from '../../src/testing/index.js';

test('receive: without time to wait it gets everything that lies there, however long each item takes', async () => {
  const simulation = new Simulation();
  const busy = (): void => {
    simulation.clock.moveTo(simulation.clock.now() + 20);
  };
  const emptying = environment(async (context) => {
    let taken = 0;
    // Its timer was armed, and is due long before the loop turns.
    let item = await context.receive({ timeoutMs: 5 });
    while (item !== undefined) {
      taken++;
      busy();
      item = await context.receive({ timeoutMs: 0 });
    }
    await context.send('application', taken);
  });
  await simulation.settle(simulation.context.register('application'));
  await simulation.start([simulation.child('a', { behaviour: emptying })]);
  for (let n = 0; n < 8; n++) void simulation.context.send('a', n);
  expect(await simulation.settle(simulation.context.receive())).toMatchObject({ value: 8 });
});

test('a call that is handed on for another is given up by whoever was told how', async () => {
  const simulation = new Simulation();
  const context = simulation.context as BesideContext;
  const told: unknown[] = [];
  const keeping = environment(async (own) => {
    for (;;) {
      const item = await own.receive();
      if (item.type !== 'call') continue;
      if (item.operation === 'add') item.reply((item.arguments[0] as number) + 1);
      else item.onCancel(() => told.push(item.operation));
    }
  });
  await simulation.start([simulation.child('a', { behaviour: keeping })]);
  const nothing = (): void => undefined;
  expect(await simulation.settle(context.callCancellable('a', 'add', [1], nothing))).toBe(2);
  let cancel = nothing;
  const call = context.callCancellable('a', 'keep', [], (how) => (cancel = how));
  await simulation.settle(context.callCancellable('a', 'add', [1], nothing));
  cancel();
  await expect(simulation.settle(call)).rejects.toMatchObject({ code: 'cancelled' });
  await simulation.settle(context.callCancellable('a', 'add', [1], nothing));
  expect(told).toEqual(['keep']);
});

test('sendNow, castNow: nothing to wait for where it is sent at once, and otherwise what to wait for', async () => {
  const simulation = new Simulation();
  const sender = environment(async (context) => {
    const { self } = context;
    const beside = context as BesideContext;
    const first = beside.sendNow('application', 1);
    await first;
    // By then it is known who is there.
    await context.receive({ timeoutMs: 10 });
    const second = beside.sendNow('application', 2);
    const third = beside.castNow('application', 'three', [3]);
    const refused = await beside.sendNow(self, () => undefined)?.catch((error: unknown) => error);
    await context.send('application', [first === undefined, second, third, refused]);
  });
  await simulation.settle(simulation.context.register('application'));
  await simulation.start([simulation.child('a', { behaviour: sender })]);
  const received = async (): Promise<unknown> => simulation.settle(simulation.context.receive());
  expect(await received()).toMatchObject({ value: 1 });
  expect(await received()).toMatchObject({ value: 2 });
  expect(await received()).toMatchObject({ operation: 'three', arguments: [3] });
  const refusal = expect.objectContaining({ code: 'value_refused' });
  expect(await received()).toMatchObject({ value: [false, undefined, undefined, refusal] });
});
