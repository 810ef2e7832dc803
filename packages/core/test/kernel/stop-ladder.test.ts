/** The last rung of the stop ladder: a thread that does not end although it was told to. */
import { expect, test } from '@jest/globals';
import { environment } from '../../src/index.js';
import { Simulation } from '../../src/testing/index.js';

test('stop ladder: being killed again and again does not keep a stuck thread from being given up', async () => {
  const simulation = new Simulation();
  const waiting = environment(async (context) => {
    for (;;) await context.receive();
  });
  await simulation.start([simulation.child('a', { behaviour: waiting })]);
  simulation.jam('tree/a');
  for (let elapsed = 0; elapsed < 600; elapsed += 200) {
    simulation.context.kill('a');
    await simulation.advance(200);
  }
  expect(simulation.events).toContainEqual({ kind: 'stuck', path: 'tree/a' });
});
