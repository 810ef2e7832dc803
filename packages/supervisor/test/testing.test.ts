/** A tree spec in a simulation. */
import { fileURLToPath } from 'node:url';
import { expect, test } from '@jest/globals';
import type { TreeSpec } from '../src/index.js';
import { simulate, type SimulateOptions } from '../src/testing.js';

const base = new URL('./fixtures/test-clock/', import.meta.url);
const load = (module: string): Promise<unknown> => import(fileURLToPath(module));
const child = (module: string, fields: object = {}): object => ({
  id: module,
  module: `./${module}.ts`,
  ...fields,
});
const simulated = (children: readonly object[], fields: object = {}, options: SimulateOptions = {}) =>
  simulate({ children, ...fields } as TreeSpec, { base, load, ...options });

test('simulate: a tree runs as its spec says, under the real strategies', async () => {
  const backoff = { initialMs: 60_000, maxMs: 60_000, jitter: 0 };
  const fields = { name: 'shop', strategy: 'rest_for_one', intensity: 1, periodMs: 600_000 };
  const tree = await simulated([child('failing', { backoff }), child('stubborn')], fields);
  const { simulation } = tree;
  expect(simulation.alive).toEqual(['shop/failing', 'shop/stubborn']);
  await simulation.advance(200_000);
  const told = tree.events.map((event) => (event.kind === 'supervision' ? event.event : event));
  expect(told.map((event) => ('id' in event ? `${event.id} ${event.kind}` : event.kind))).toEqual([
    'failing started',
    'stubborn started',
    'failing failed',
    'failing restarting',
    'stubborn stopped',
    'failing restarted',
    'stubborn restarted',
    'failing failed',
    'failing escalated',
    'stubborn stopped',
    'tree-ended',
  ]);
  expect(told[2]).toMatchObject({ reason: { tag: 'error', detail: { message: 'failed' } } });
  expect(simulation.alive).toEqual([]);
});

test('simulate: mailbox, arguments, names and bindings are those of the spec', async () => {
  const { simulation, context, ref } = await simulated([
    child('full', { name: 'narrow', sendTimeoutMs: 45_000, limits: { mailbox: 10, messageBytes: 1000 } }),
    child('diary'),
    child('patient', { args: 'diary' }),
  ]);
  await expect(simulation.settle(context.send('narrow', 'warm'))).resolves.toBeUndefined();
  await simulation.quiet();
  const large = context.send('narrow', 'x'.repeat(1001)).catch((error: { code: string }) => error.code);
  expect(await simulation.settle(large)).toBe('too_large');
  const diary = ref<typeof import('./fixtures/test-clock/diary.js')>('diary');
  const filling = diary.with({ timeoutMs: Infinity }).call.fills('narrow');
  const [, code] = (await simulation.settle(filling)) as [number, string];
  expect(code).toBe('full');
  expect(simulation.clock.now()).toBe(45_000);
  await simulation.advance(20_000);
  expect(await simulation.settle(diary.call.entries())).toMatchObject([[{}, 'nothing in minute 1']]);
});

test('simulate: a seed is one order of events, and gives it again', async () => {
  const run = async (seed: number): Promise<string> => {
    const children = ['a', 'b', 'c', 'd'].map((id) => child('diary', { id }));
    const { simulation, context, stop } = await simulated(children, {}, { seed });
    const order: string[] = [];
    await simulation.settle(
      Promise.all(
        children.map((_child, at) => {
          const id = 'abcd'.charAt(at);
          return context.call(id, 'entries', []).then(() => order.push(id));
        }),
      ),
    );
    await stop();
    return order.join('');
  };
  const runs: string[] = [];
  for (const seed of [1, 2, 3, 4, 5, 6]) runs.push(await run(seed));
  expect(new Set(runs).size).toBeGreaterThan(1);
  expect(await run(4)).toBe(runs[3]);
});

test('simulate: stopping lets pass what time it takes', async () => {
  const { simulation, events, stop } = await simulated([child('stubborn', { shutdown: 30_000 })]);
  expect(events).toHaveLength(1);
  await stop();
  expect(simulation.clock.now()).toBe(30_000);
});

test('simulate: what cannot be simulated is refused', async () => {
  const pool = { id: 'p', pool: { module: './tasks.ts' } };
  const nested = { id: 'inner', children: [pool] };
  await expect(simulated([child('diary'), nested])).rejects.toMatchObject({
    code: 'spec_not_built',
    path: 'children[1].children[0].pool',
  });
  await expect(simulated([child('tasks')])).rejects.toMatchObject({ code: 'module_unfit' });
  await expect(simulated([child('broken')])).rejects.toMatchObject({
    code: 'start_failed',
    reason: { tag: 'shutdown' },
  });
});
