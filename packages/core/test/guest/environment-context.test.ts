import { expect, test } from '@jest/globals';
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
