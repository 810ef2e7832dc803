/** An environment with an `init` has started when that has resolved, and reads its mailbox before and after. */
import { expect, test } from '@jest/globals';
import { environment } from '../../src/index.js';
import { Simulation } from '../../src/testing/index.js';
import { restarting } from '../conformance/restarting.js';

test('an environment with an `init` has started when that has, and gets what it made', async () => {
  const simulation = new Simulation({ seed: 1, logic: restarting });
  const steps: string[] = [];
  const slow = environment({
    init: async (context) => {
      void context.send(context.self, 'to itself');
      const item = await context.receive();
      steps.push(`init ${item.type}`);
      return 'made';
    },
    run: async (context, _args, made) => {
      steps.push(`run ${made}`);
      await context.receive();
    },
  });
  const next = environment((context) => {
    steps.push('next');
    return context.receive();
  });
  const children = [
    simulation.child('slow', { behaviour: slow }),
    simulation.child('next', { behaviour: next }),
  ];
  expect(await simulation.start(children)).toBeUndefined();
  // The next child is started when it is ready, and not before.
  expect(steps).toEqual(['init message', 'run made', 'next']);
});

test('an `init` that throws is a start that has failed', async () => {
  const simulation = new Simulation({ seed: 1, logic: restarting });
  let ran = false;
  const broken = environment({
    init: () => Promise.reject(new Error('no key')),
    run: () => (ran = true),
  });
  const failure = await simulation.start([simulation.child('broken', { behaviour: broken })]);
  expect(failure).toMatchObject({ tag: 'error' });
  expect(ran).toBe(false);
});
