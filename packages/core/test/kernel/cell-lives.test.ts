/** Lives of cells: to the kernel above, a process is started, ends and is restarted as a thread is. */
import { describe, expect, test } from '@jest/globals';
import { environment, IGNORE, server, task, type Context } from '../../src/index.js';
import type { ChildSpec, TreeSnapshot } from '../../src/kernel/index.js';
import { Simulation } from '../../src/testing/index.js';
import { restarting } from '../conformance/restarting.js';

const idle = environment(async (context) => {
  for (;;) await context.receive();
});
const ending = server({
  init: () => undefined,
  casts: {
    end(context: Context) {
      context.exit({ tag: 'error', detail: 'as planned' });
    },
  },
});

class World {
  readonly simulation: Simulation;

  constructor(seed: number) {
    this.simulation = new Simulation({ seed, logic: restarting });
  }

  leaf(
    id: string,
    fields: Partial<ChildSpec> = {},
    behaviour: typeof idle | typeof ending = idle,
  ): ChildSpec {
    return this.simulation.child(id, { behaviour }, fields);
  }

  group(id: string, children: readonly ChildSpec[], intensity = 3): ChildSpec {
    return this.simulation.group(id, children, { intensity });
  }

  cell(id: string, children: readonly ChildSpec[], intensity = 3): ChildSpec {
    return this.simulation.inCell(this.group(id, children, intensity));
  }

  /** Runs to its end before anybody above can have heard of it. */
  quick(id: string): ChildSpec {
    const behaviour = task(() => 42);
    return this.simulation.child(id, { behaviour, name: id }, { restart: 'temporary' });
  }

  async stop(): Promise<void> {
    let stopped = false;
    this.simulation.kernel.tree.stop(() => (stopped = true));
    await this.simulation.until(() => stopped);
  }

  /** Brings one of a cell to a sudden end, and waits until everything has happened that follows at once. */
  async crash(path: string): Promise<void> {
    this.simulation.crash(path);
    await this.simulation.quiet();
  }

  async paths(): Promise<readonly string[]> {
    const list = (node: TreeSnapshot | undefined): string[] =>
      node === undefined ? [] : [`${node.path} ${node.kind} ${node.state}`, ...node.children.flatMap(list)];
    return list(await this.simulation.settle(this.simulation.kernel.tree.snapshot()));
  }

  /** What happened at a node, as `id kind`. */
  history(path: string): readonly string[] {
    return this.simulation.events.flatMap((event) =>
      event.kind === 'supervision' && event.path === path ? [`${event.event.id} ${event.event.kind}`] : [],
    );
  }
}

describe.each([1, 2, 3])('cells, seed %i', (seed) => {
  test('cell: one that is over while its name is being taken has run: its start did not fail', async () => {
    const world = new World(seed);
    const { simulation } = world;
    const cells = [1, 2, 3].map((n) => world.cell(`c${n}`, [world.quick(`q${n}`)]));
    expect(await simulation.start(cells)).toBeUndefined();
    await world.stop();
  });

  test('cell: a subtree starts in a process, is seen from above, and stops in reverse order', async () => {
    const world = new World(seed);
    const { simulation } = world;
    const cell = world.cell('c', [world.leaf('x'), world.leaf('y')]);
    expect(await simulation.start([world.leaf('a'), cell])).toBeUndefined();
    expect(simulation.cells).toEqual(['tree/c']);
    expect(simulation.alive).toEqual(['tree/a', 'tree/c/x', 'tree/c/y']);
    expect(await world.paths()).toEqual([
      'tree supervisor running',
      'tree/a environment running',
      'tree/c supervisor running',
      'tree/c/x environment running',
      'tree/c/y environment running',
    ]);
    await world.stop();
    expect([simulation.alive, simulation.cells]).toEqual([[], []]);
    expect(simulation.events.at(-1)).toEqual({
      kind: 'tree-ended',
      path: 'tree',
      reason: { tag: 'shutdown', detail: undefined },
    });
    expect(simulation.events.filter(({ kind }) => kind === 'tree-ended')).toHaveLength(1);
  });

  test('cell: a crash of a thread in it is its own kernel’s business', async () => {
    const world = new World(seed);
    const { simulation } = world;
    await simulation.start([world.cell('c', [world.leaf('x')])], { intensity: 0 });
    await world.crash('tree/c/x');
    expect(simulation.alive).toEqual(['tree/c/x']);
    expect(simulation.cells).toEqual(['tree/c']);
    expect(simulation.events).toEqual([]);
    await world.stop();
  });

  test('cell: one whose supervisor gives up ends with its reason, and is started anew by the one above', async () => {
    const world = new World(seed);
    const { simulation } = world;
    await simulation.start([world.cell('c', [world.leaf('x'), world.leaf('y')], 0)]);
    await world.crash('tree/c/x');
    expect(simulation.alive).toEqual(['tree/c/x', 'tree/c/y']);
    expect(simulation.cells).toEqual(['tree/c']);
    await world.stop();
    expect(simulation.cells).toEqual([]);
  });

  test('cell: a kill of the process ends all in it, and it is started anew', async () => {
    const world = new World(seed);
    const { simulation } = world;
    await simulation.start([
      world.leaf('a'),
      world.cell('c', [world.leaf('x'), world.cell('d', [world.leaf('y')])]),
    ]);
    expect(simulation.cells).toEqual(['tree/c', 'tree/c/d']);
    simulation.crashCell('tree/c');
    await simulation.quiet();
    expect(simulation.cells).toEqual(['tree/c', 'tree/c/d']);
    expect(simulation.alive).toEqual(['tree/a', 'tree/c/x', 'tree/c/d/y']);
    simulation.crashCell('tree/c/d');
    await simulation.quiet();
    expect(simulation.cells).toEqual(['tree/c', 'tree/c/d']);
    expect(simulation.alive).toEqual(['tree/a', 'tree/c/x', 'tree/c/d/y']);
    await world.stop();
    expect([simulation.alive, simulation.cells]).toEqual([[], []]);
  });

  test('cell: the start of a tree fails with what went wrong inside', async () => {
    const world = new World(seed);
    const { simulation } = world;
    const failing = server({
      init: () => {
        throw new TypeError('as planned');
      },
    });
    const cell = world.cell('c', [world.leaf('x'), simulation.child('y', { behaviour: failing })]);
    expect(await simulation.start([world.leaf('a'), cell])).toMatchObject({ tag: 'error' });
    await world.stop();
    await simulation.advance(1000);
    expect(simulation.cells).toEqual([]);
  });

  test('cell: one that takes too long to start is killed, and that is the reason', async () => {
    const world = new World(seed);
    const { simulation } = world;
    const slow = server({ init: () => new Promise<undefined>(() => undefined) });
    const cell = world.cell('c', [simulation.child('x', { behaviour: slow })]);
    const failure = await simulation.start([{ ...cell, startTimeoutMs: 100 }]);
    expect(failure).toEqual({ tag: 'error', detail: 'the start took longer than startTimeoutMs' });
    expect([simulation.alive, simulation.cells]).toEqual([[], []]);
  });

  test('cell: one that does not stop in its time is killed', async () => {
    const world = new World(seed);
    const { simulation } = world;
    const deaf = server({ init: () => undefined, terminate: () => new Promise(() => undefined) });
    const inner = simulation.child('x', { behaviour: deaf }, { shutdown: 'infinity' });
    await simulation.start([{ ...world.cell('c', [inner]), shutdown: 100 }]);
    await world.stop();
    expect([simulation.alive, simulation.cells]).toEqual([[], []]);
    expect(simulation.clock.now()).toBe(100);
  });

  test('cell: a single environment may have one, and ends with the reason that it gives', async () => {
    const world = new World(seed);
    const { simulation } = world;
    const leaf = simulation.inCell(world.leaf('x', { restart: 'temporary' }, ending));
    expect(await simulation.start([leaf])).toBeUndefined();
    expect(await world.paths()).toEqual(['tree supervisor running', 'tree/x environment running']);
    expect(simulation.alive).toEqual(['tree/x']);
    await world.crash('tree/x');
    expect([simulation.alive, simulation.cells]).toEqual([[], []]);
  });

  test('cell: a single environment that wants not to run is no failure', async () => {
    const world = new World(seed);
    const { simulation } = world;
    const ignoring = server({ init: () => IGNORE });
    const leaf = simulation.inCell(simulation.child('x', { behaviour: ignoring }));
    expect(await simulation.start([leaf])).toBeUndefined();
    await simulation.quiet();
    expect([simulation.alive, simulation.cells]).toEqual([[], []]);
  });

  test('cell: operations on what is in it go there, to any depth', async () => {
    const world = new World(seed);
    const { simulation } = world;
    await simulation.start([world.cell('c', [world.cell('d', [world.cell('e', [world.leaf('x')])])])]);
    expect(await world.paths()).toContain('tree/c/d/e/x environment running');
    expect(simulation.cells).toEqual(['tree/c', 'tree/c/d', 'tree/c/d/e']);
    const cell = simulation.kernel.tree.cell('tree/c/d/e/x');
    expect(cell?.path).toBe('tree/c');
    const answers: unknown[] = [];
    for (const path of ['tree/c/d/e/x', 'tree/c/d/nobody', 'tree/c'])
      cell?.guest.supervise({ op: 'kill', path }, (answer) => answers.push(answer));
    await simulation.quiet();
    expect(answers).toHaveLength(3);
    expect(answers).toContainEqual({ ok: true, value: undefined });
    expect(simulation.alive).toEqual(['tree/c/d/e/x']);
    await world.stop();
    expect([simulation.alive, simulation.cells]).toEqual([[], []]);
  });

  test('cell: what happens in it is reported with its path', async () => {
    const world = new World(seed);
    const { simulation } = world;
    await simulation.start([world.cell('c', [world.cell('d', [world.leaf('x')])])]);
    simulation.jam('tree/c/d/x');
    simulation.kernel.tree
      .cell('tree/c/d/x')
      ?.guest.supervise({ op: 'kill', path: 'tree/c/d/x' }, () => undefined);
    await simulation.advance(300);
    expect(simulation.events).toContainEqual({ kind: 'stuck', path: 'tree/c/d/x' });
  });
});
