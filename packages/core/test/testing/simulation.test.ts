import { describe, expect, test } from '@jest/globals';
import { environment, server, task, type Context, type LogRecord, type Received } from '../../src/index.js';
import { Simulation, SimulationStuck } from '../../src/testing/index.js';
import { restarting } from '../conformance/restarting.js';

const idle = environment(async (context) => {
  for (;;) await context.receive();
});

describe('simulation', () => {
  test('stuck: a thread that does not end when it is told to is reported and replaced', async () => {
    const simulation = new Simulation({ logic: restarting });
    await simulation.start([simulation.child('a', { behaviour: idle }, { restart: 'permanent' })]);
    const { context } = simulation;
    const first = await simulation.settle(context.whereis('a'));
    await simulation.settle(context.monitor('a'));
    simulation.jam('tree/a');
    context.kill('a');
    const down = await simulation.settle(context.receive());
    expect(down).toMatchObject({ type: 'down', reason: { tag: 'killed' } });
    expect(simulation.events.filter(({ kind }) => kind === 'stuck')).toEqual([
      { kind: 'stuck', path: 'tree/a' },
    ]);
    await simulation.quiet();
    const second = await simulation.settle(context.whereis('a'));
    expect(second).toBeDefined();
    expect(second).not.toBe(first);
  });

  test('simulation: time moves only when nothing else can happen', async () => {
    const simulation = new Simulation();
    await simulation.start([simulation.child('a', { behaviour: idle })]);
    expect(simulation.clock.now()).toBe(0);
    expect(await simulation.settle(simulation.context.receive({ timeoutMs: 1234 }))).toBeUndefined();
    expect(simulation.clock.now()).toBe(1234);
    await simulation.advance(1000);
    expect(simulation.clock.now()).toBe(2234);
  });

  test('simulation: what environments log is handed over', async () => {
    const logged: LogRecord[] = [];
    const simulation = new Simulation({ onLog: (record) => logged.push(record) });
    const behaviour = task((_args: unknown, context: Context) => {
      context.log('info', 'done', { in: 7n });
    });
    await simulation.start([simulation.child('a', { behaviour })]);
    expect(logged).toEqual([{ level: 'info', text: 'done', fields: { in: '7' } }]);
  });

  test('simulation: what a timer sets going happens at its time, however far time is to go', async () => {
    const simulation = new Simulation();
    const behaviour = server({ calls: { ask: () => true } });
    await simulation.start([simulation.child('a', { behaviour })]);
    const { context } = simulation;
    // Each wait begins when what followed the one before has gone to another environment and back.
    const waited = (async () => {
      for (let n = 0; n < 3; n++) {
        context.sendAfter(100, context.self, n);
        await context.receive();
        await context.call('a', 'ask', []);
      }
      return simulation.clock.now();
    })();
    await simulation.advance(1000);
    expect(await simulation.settle(waited)).toBe(300);
  });

  test('simulation: says its seed when nothing can happen any more', async () => {
    const simulation = new Simulation({ seed: 99 });
    const error: unknown = await simulation
      .settle(simulation.context.receive() as Promise<unknown>)
      .catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(SimulationStuck);
    expect(error).toMatchObject({ seed: 99 });
  });

  test('simulation: nothing runs on in a thread that has crashed', async () => {
    const simulation = new Simulation();
    let ticks = 0;
    const ticking = server({
      init: (_: undefined, context) => {
        context.sendAfter(10, context.self, 'tick');
      },
      info(context, _item: Received) {
        ticks++;
        context.sendAfter(10, context.self, 'tick');
      },
    });
    await simulation.start([simulation.child('a', { behaviour: ticking })]);
    await simulation.advance(100);
    expect(ticks).toBe(10);
    simulation.crash('tree/a');
    await simulation.advance(1000);
    expect(ticks).toBe(10);
    expect(simulation.threads).toBe(0);
  });

  test('simulation: different seeds give different orders of events, the same seed the same', async () => {
    const orderOf = async (seed: number): Promise<string> => {
      const simulation = new Simulation({ seed });
      const names = ['a', 'b', 'c', 'd'];
      const talker = environment(async (context) => {
        const item = await context.receive();
        if (item.type === 'message') await context.send(item.value as never, String(context.bindings['id']));
      });
      await simulation.start(
        names.map((id) => simulation.child(id, { behaviour: talker, bindings: { id } })),
      );
      for (const name of names) void simulation.context.send(name, simulation.context.self);
      let order = '';
      for (const _ of names) {
        const item = await simulation.settle(simulation.context.receive());
        if (item.type === 'message') order += String(item.value);
      }
      return order;
    };
    const orders = new Set<string>();
    for (let seed = 0; seed < 10; seed++) orders.add(await orderOf(seed));
    expect(orders.size).toBeGreaterThan(1);
    expect(await orderOf(5)).toBe(await orderOf(5));
  });
});
