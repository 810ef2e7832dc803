/** Names of what runs in cells, through deaths and restarts of the cells, and what is left of them. */
import { describe, expect, test } from '@jest/globals';
import { environment, server, type Context } from '../../src/index.js';
import type { ChildSpec } from '../../src/kernel/index.js';
import { Simulation } from '../../src/testing/index.js';
import { restarting } from '../conformance/restarting.js';

const taken: unknown[] = [];
const logging = environment(async (context) => {
  for (;;) {
    const item = await context.receive();
    if (item.type === 'message') taken.push(item.value);
  }
});
const registering = server({
  init: () => undefined,
  calls: {
    async register(context: Context, name: string): Promise<string> {
      return context.register(name).then(
        () => 'registered',
        (error: { code: string }) => error.code,
      );
    },
  },
});
/** Spawns a named child in its first life only. */
let lives = 0;
const spawning = server({
  init: async (_: undefined, context) => {
    if (++lives === 1) await context.spawn({ module: 'child', name: 'spawned' });
  },
});

function start(seed: number, fields: Partial<ChildSpec> = {}) {
  const simulation = new Simulation({ seed, logic: restarting });
  taken.length = 0;
  lives = 0;
  simulation.module('child', { behaviour: logging });
  const cell = (children: readonly ChildSpec[]) =>
    simulation.inCell({ ...simulation.group('c', children), restart: 'permanent', ...fields });
  const child = (id: string, behaviour: typeof logging | typeof registering) =>
    simulation.child(id, { behaviour });
  const up = async (children: readonly ChildSpec[]) => {
    expect(await simulation.start(children, { intensity: 10 })).toBeUndefined();
  };
  return { simulation, cell, child, up, context: simulation.context };
}

describe.each([1, 2, 3, 4, 5])('names of cells, seed %i', (seed) => {
  test('name: messages to one in a cell that is being restarted wait, in order, and nobody else can take it', async () => {
    const { simulation, cell, child, up, context } = start(seed);
    await up([child('other', registering), cell([child('x', logging)])]);
    await simulation.settle(context.send('x', 0));
    await simulation.quiet();
    const monitor = await simulation.settle(context.monitor('x'));
    simulation.crashCell('tree/c');
    const down = await simulation.settle(context.receive());
    expect(down).toEqual({ type: 'down', monitor, reason: { tag: 'cell', detail: 'SIGKILL' } });
    expect(await simulation.settle(context.call('other', 'register', ['x']))).toBe('name_taken');
    for (let n = 1; n <= 5; n++) await simulation.settle(context.send('x', n));
    await simulation.quiet();
    expect(taken).toEqual([0, 1, 2, 3, 4, 5]);
    expect(await simulation.settle(context.whereis('x'))).toBeDefined();
  });

  test('name: those of a cell that does not run again are free', async () => {
    const { simulation, cell, child, up, context } = start(seed, { restart: 'temporary' });
    await up([child('other', registering), cell([child('x', logging)])]);
    simulation.crashCell('tree/c');
    await simulation.quiet();
    expect(await simulation.settle(context.whereis('x'))).toBeUndefined();
    expect(await simulation.settle(context.call('other', 'register', ['x']))).toBe('registered');
  });

  test('name: one that the next life of a cell does not have is free when that runs', async () => {
    const { simulation, cell, child, up, context } = start(seed);
    await up([child('other', registering), cell([simulation.child('x', { behaviour: spawning })])]);
    expect(await simulation.settle(context.whereis('spawned'))).toBeDefined();
    simulation.crashCell('tree/c');
    await simulation.quiet();
    expect(lives).toBe(2);
    expect(await simulation.settle(context.whereis('spawned'))).toBeUndefined();
    expect(await simulation.settle(context.call('other', 'register', ['spawned']))).toBe('registered');
  });

  test('name: one that is taken outside keeps a node of a cell from starting, as anywhere', async () => {
    const { simulation, cell, child } = start(seed);
    const failure = await simulation.start([child('x', logging), cell([child('x', logging)])], {
      intensity: 0,
    });
    expect(failure).toEqual({ tag: 'error', detail: "the name 'x' is taken" });
    await simulation.advance(100);
    expect(simulation.cells).toEqual([]);
  });

  test('cell: after many deaths in it nothing is left of the dead, above or in it', async () => {
    const { simulation, cell, child, up, context } = start(seed);
    await up([cell([child('x', logging)])]);
    const guest = () => {
      const { guest: found } = simulation.kernel.tree.cell('tree/c') ?? {};
      if (found === undefined) throw new Error('no cell');
      return found;
    };
    // One restart is all that this supervisor's cell allows.
    for (let n = 0; n < 2; n++) {
      await simulation.settle(context.monitor('x'));
      if (n === 0) simulation.crash('tree/c/x');
      else simulation.crashCell('tree/c');
      expect(await simulation.settle(context.receive())).toMatchObject({ type: 'down' });
      await simulation.quiet();
      expect([...guest().presented.values()].map(({ alive }) => alive)).toEqual([true]);
      expect(guest().known).toBe(1);
    }
    let stopped = false;
    const last = guest();
    simulation.kernel.tree.stop(() => (stopped = true));
    await simulation.until(() => stopped);
    expect([simulation.threads, simulation.cells, last.presented.size, last.known]).toEqual([0, [], 0, 0]);
  });
});
