/**
 * Random trees of supervisors in the real kernel, under random ends, requests and orders of events. A
 * failing run is printed with its seeds, smallest first; give its `seed` and `path` to `check` to replay it.
 */
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { linesOfTree } from '../story.js';
import { check } from './check.js';
import { History } from './history.js';
import { Model } from './model.js';
import { command, tree, type Command } from './shapes.js';
import { World } from './world.js';

describe('against the model', () => {
  test('one thing after another: the same history, the same answers, the same children run', async () => {
    await check(
      fc.asyncProperty(
        tree,
        fc.array(command, { maxLength: 25 }),
        fc.nat(0xffff),
        async (shape, commands, seed) => {
          const model = new Model(shape);
          const world = new World(shape, { seed, slow: false });
          let failed: boolean | undefined;
          world.start((failure) => (failed = failure !== undefined));
          await world.simulation.quiet();
          expect(failed).toBe(model.over);
          const told: string[] = [];
          for (const one of [undefined, ...commands]) {
            if (model.over) break;
            if (one !== undefined) expect(await perform(world, model, one)).toEqual([]);
            told.push(...linesOfTree(world.news()));
            expect(inOrder(told)).toEqual(inOrder(model.log));
            expect(await running(world)).toEqual(model.leaves.map(({ path }) => path).sort());
          }
          if (!model.over) {
            const { context } = world.simulation;
            const paths = [...world.named];
            const holders = await world.simulation.settle(
              Promise.all(paths.map((path) => context.whereis(path))),
            );
            const held = paths.filter((_, n) => holders[n] !== undefined).sort();
            expect(held).toEqual((await running(world)).filter((path) => !path.includes('#')));
            model.root.stop();
            world.simulation.kernel.tree.stop(() => undefined);
            await world.simulation.quiet();
          }
          told.push(...linesOfTree(world.news()));
          expect(inOrder(told)).toEqual(inOrder(model.log));
          expect(world.simulation.threads).toBe(0);
          expect(world.simulation.clock.next()).toBe(Infinity);
        },
      ),
      { numRuns: 200 },
    );
  }, 120_000);
});

describe('in every order of events', () => {
  test('with slow starts, deaf leaves, requests and a stop meanwhile: the history is one that OTP could write', async () => {
    await check(
      fc.asyncProperty(
        tree,
        fc.array(fc.tuple(command, fc.nat(40), fc.constantFrom(0, 0, 30, 300)), { maxLength: 30 }),
        fc.option(fc.nat(30)),
        fc.boolean(),
        fc.nat(0xffff),
        async (shape, commands, stopAt, up, seed) => {
          const world = new World(shape, { seed, slow: true });
          const { simulation } = world;
          const history = new History(shape);
          const replies: number[] = [];
          let stopped = false;
          const read = () => {
            for (const event of world.news()) {
              if (event.kind === 'supervision') history.read(event.path, event.event);
              else if (event.kind === 'tree-ended') stopped = true;
              else expect(event.kind).toBe('undelivered');
            }
          };
          const stop = () => simulation.kernel.tree.stop(() => (stopped = true));
          world.start(() => undefined);
          if (up) await simulation.advance(500);
          for (const [at, [one, steps, ms]] of commands.entries()) {
            if (ms > 0) await simulation.advance(ms);
            for (let step = 0; step < steps; step++) await simulation.step(simulation.clock.now());
            read();
            if (at === stopAt) stop();
            await meddle(world, history, one, replies);
          }
          stop();
          await simulation.until(() => (read(), stopped));
          // Starts that were under way when their threads ended come to nothing, in their time.
          await simulation.advance(1000);
          read();
          expect(history.left).toEqual([]);
          expect(replies.filter((count) => count !== 1)).toEqual([]);
          expect(simulation.threads).toBe(0);
          expect(simulation.clock.next()).toBe(Infinity);
        },
      ),
      { numRuns: 200 },
    );
  }, 120_000);
});

/** Does it while anything may be under way. `replies` counts the answers to each request. */
async function meddle(world: World, history: History, one: Command, replies: number[]): Promise<void> {
  if (one.do === 'wait') {
    await world.simulation.advance(one.ms / 20);
  } else if (one.do === 'end') {
    const { leaves } = history;
    const path = leaves[one.pick % leaves.length];
    if (path !== undefined) world.end(path, one.tag, one.asked);
  } else {
    const { supervisors } = history;
    const path = supervisors[one.pick % supervisors.length];
    if (path === undefined) return;
    const request = replies.push(0) - 1;
    const count = (): void => {
      replies[request] = (replies[request] as number) + 1;
    };
    const id = [`n${one.child % 5}`, '#1', '#2', `x${request - 1}`][one.child % 4] as string;
    const added = `x${request}`;
    const operation =
      one.do !== 'startChild'
        ? { op: one.do, id }
        : one.child % 2 === 0
          ? { op: one.do, extra: undefined }
          : { op: one.do, child: world.leaf(`${path}/${added}`, added, one.added) };
    if (!world.ask(path, operation, count)) count();
  }
}

/** Does it in both; gives what differs between the answers. */
async function perform(world: World, model: Model, one: Command): Promise<readonly string[]> {
  if (one.do === 'wait') {
    model.advance(one.ms);
    await world.simulation.advance(one.ms);
    return [];
  }
  if (one.do === 'end') {
    const { leaves } = model;
    const leaf = leaves[one.pick % leaves.length];
    if (leaf === undefined) return [];
    world.end(leaf.path, one.tag, one.asked);
    model.end(leaf, one.tag);
    await world.simulation.quiet();
    return [];
  }
  const { supervisors } = model;
  const supervisor = supervisors[one.pick % supervisors.length];
  if (supervisor === undefined) return [];
  const { path, dynamic } = supervisor;
  const id = dynamic ? (['n0', '#1', '#2', '#3'][one.child % 4] as string) : `n${one.child % 5}`;
  const expected = one.do === 'startChild' ? supervisor.startChild(id, one.added) : supervisor[one.do](id);
  const child = () => world.leaf(`${path}/${id}`, id, one.added);
  const operation =
    one.do !== 'startChild'
      ? { op: one.do, id }
      : dynamic
        ? { op: 'startChild' as const, extra: undefined }
        : { op: 'startChild' as const, child: child() };
  const answers: string[] = [];
  const found = world.ask(path, operation, (result) => answers.push(result.ok ? 'ok' : result.error));
  await world.simulation.quiet();
  if (found && answers.length === 1 && answers[0] === expected) return [];
  return [`${path} ${one.do} ${id}: ${found ? answers.join() : 'not there'}, not ${expected}`];
}

/** Children of a template end all at once, in any order. */
function inOrder(lines: readonly string[]): readonly string[] {
  const sorted: string[] = [];
  let block: string[] = [];
  for (const line of lines) {
    if (/: #\d+#\d+ stopped/.test(line)) {
      block.push(line);
      continue;
    }
    sorted.push(...block.sort(), line);
    block = [];
  }
  return [...sorted, ...block.sort()];
}

/** Paths of the leaves that run. */
async function running(world: World): Promise<readonly string[]> {
  const paths: string[] = [];
  const walk = (node: Awaited<ReturnType<World['simulation']['kernel']['tree']['snapshot']>>): void => {
    if (node === undefined) return;
    if (node.kind === 'environment') paths.push(node.path);
    for (const child of node.children) walk(child);
  };
  walk(await world.simulation.kernel.tree.snapshot());
  return paths.sort();
}
