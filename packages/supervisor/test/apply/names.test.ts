/** What becomes of names, and of messages to them, while a tree is changed. */
import { describe, expect, test } from '@jest/globals';
import type { LeafShape, NodeShape, SupervisorShape } from './shapes.js';
import { Simulated } from './simulated.js';

const leaf = (id: string, over: Partial<LeafShape> = {}): LeafShape => {
  return { kind: 'leaf', id, name: id, version: '1', shutdown: 50, temporary: false, ...over };
};

const tree = (...children: NodeShape[]): SupervisorShape => {
  return { kind: 'supervisor', id: 'tree', strategy: 'one_for_one', children };
};

const group = (id: string, ...children: NodeShape[]): SupervisorShape => ({ ...tree(...children), id });

async function up(seed: number, ...children: NodeShape[]): Promise<Simulated> {
  const real = new Simulated(seed);
  await real.start(tree(...children));
  real.news();
  return real;
}

/**
 * Sends the first note before the apply, the second when the sender has heard that the child has ended,
 * the last when the apply is over.
 */
async function sendingTo(real: Simulated, name: string, target: SupervisorShape): Promise<void> {
  const { simulation } = real;
  await simulation.settle(real.note(name, 1));
  await simulation.quiet();
  await simulation.settle(simulation.context.monitor(name));
  real.ask(target);
  await simulation.settle(simulation.context.receive());
  await simulation.settle(outcome(real.note(name, 2)));
  await simulation.until(() => real.results.length > 0);
  await simulation.quiet();
  await simulation.settle(outcome(real.note(name, 3)));
  await simulation.quiet();
}

function outcome(sent: Promise<void>): Promise<unknown> {
  return sent.then(
    () => 'sent',
    (error: { readonly code: unknown }) => error.code,
  );
}

function undelivered(real: Simulated): number {
  const counts = real.simulation.events.map((event) => (event.kind === 'undelivered' ? event.count : 0));
  return counts.reduce((sum, count) => sum + count, 0);
}

describe.each([1, 2, 3, 4, 5])('seed %i', (seed) => {
  test('messages to one that is replaced wait for the next, in order', async () => {
    const real = await up(seed, leaf('a'), leaf('b'));
    await sendingTo(real, 'a', tree(leaf('a', { version: '2' }), leaf('b')));
    expect(real.results).toEqual([{ ok: true, value: null }]);
    expect(real.notes).toEqual(['a, version 1: 1', 'a, version 2: 2', 'a, version 2: 3']);
  });

  test('messages to one whose new self does not start reach the old one again', async () => {
    const real = await up(seed, leaf('a'), leaf('b'));
    await sendingTo(real, 'a', tree(leaf('a', { version: 'bad' }), leaf('b')));
    expect(real.results).toMatchObject([{ ok: false, restored: true }]);
    expect(real.notes).toEqual(['a, version 1: 1', 'a, version 1: 2', 'a, version 1: 3']);
  });

  test('messages to one that is removed are dead letters', async () => {
    const real = await up(seed, leaf('a'), leaf('b'));
    await sendingTo(real, 'a', tree(leaf('b')));
    expect(real.notes).toEqual(['a, version 1: 1']);
    expect(undelivered(real)).toBe(2);
    expect(await real.simulation.settle(real.simulation.context.whereis('a'))).toBeUndefined();
  });

  test('two names can change places, between supervisors too, and back again when the apply fails', async () => {
    const real = await up(seed, group('x', leaf('a')), group('y', leaf('b')));
    const swapped = [group('x', leaf('a', { name: 'b' })), group('y', leaf('b', { name: 'a' }))];
    expect(await real.apply(tree(...swapped))).toMatchObject({ ok: true });
    await real.simulation.quiet();
    await real.simulation.settle(real.note('a', 1));
    await real.simulation.quiet();
    expect(
      await real.apply(tree(group('x', leaf('a')), group('y', leaf('b')), leaf('c', { version: 'bad' }))),
    ).toMatchObject({
      ok: false,
      restored: true,
    });
    await real.simulation.quiet();
    await real.simulation.settle(real.note('a', 2));
    await real.simulation.quiet();
    expect(real.notes).toEqual(['b, version 1: 1', 'b, version 1: 2']);
  });

  test('a child that moves takes its name along', async () => {
    const real = await up(seed, group('x', leaf('a'), leaf('b')), group('y'));
    expect(
      await real.apply(tree(group('x', leaf('b')), group('y', leaf('a', { version: '2' })))),
    ).toMatchObject({ ok: true });
    await real.simulation.quiet();
    await real.simulation.settle(real.note('a', 1));
    await real.simulation.quiet();
    expect(real.notes).toEqual(['a, version 2: 1']);
    expect(await real.running()).toEqual(['tree/x', 'tree/x/b', 'tree/y', 'tree/y/a']);
  });
});
