/** Real threads that hang in real ways, and some that only look as if they did. */
import { afterEach, describe, expect, test } from '@jest/globals';
import { start, type EnvironmentSpec, type Host, type TreeEvent } from '../src/index.js';
import type { Hang } from './fixtures/unresponsive/hanging.js';

type Hanging = typeof import('./fixtures/unresponsive/hanging.js');

/** Less would be a hang already on a machine that is busy with other things. */
const UNRESPONSIVE_MS = 400;
const FIXTURES = new URL('./fixtures/unresponsive/', import.meta.url);

let host: Host | undefined;
let events: TreeEvent[] = [];
let heard: () => void = () => undefined;

afterEach(async () => {
  await host?.stop();
  host = undefined;
  events = [];
});

async function startTree(...children: readonly Partial<EnvironmentSpec>[]): Promise<Host> {
  const specs = children.map((child, n) => ({
    id: `child-${String(n)}`,
    module: './hanging.ts',
    limits: { unresponsiveMs: UNRESPONSIVE_MS, heapMb: 64 },
    ...child,
  }));
  host = await start(
    { name: 'tree', intensity: 10, children: specs },
    {
      embedded: true,
      base: FIXTURES,
      onEvent: (event) => {
        events.push(event);
        heard();
      },
    },
  );
  return host;
}

/** Resolves with the first event that is so. */
function event(matches: (event: TreeEvent) => boolean): Promise<TreeEvent> {
  return new Promise((resolve) => {
    heard = () => {
      const found = events.find(matches);
      if (found !== undefined) resolve(found);
    };
    heard();
  });
}

const ofChild =
  (kind: string, id: string, incarnation: number) =>
  (event: TreeEvent): boolean =>
    event.kind === 'supervision' &&
    event.event.kind === kind &&
    event.event.id === id &&
    event.event.incarnation === incarnation;

describe('unresponsive', () => {
  test.each<Hang>([
    'an endless loop',
    'Atomics.wait',
    'a regular expression',
    'promises that never let go',
    'ticks that never let go',
  ])('unresponsive: %s is ended and restarted with that reason', async (how) => {
    const tree = await startTree({ id: 'a' });
    const child = tree.ref<Hanging>('a');
    await child.cast.hang(how);
    const failed = await event(ofChild('failed', 'a', 1));
    expect(failed).toMatchObject({
      event: { phase: 'run', reason: { tag: 'unresponsive' }, willRestart: true },
    });
    expect(await child.call.count()).toBe(1);
    expect(events.filter(({ kind }) => kind === 'stuck')).toEqual([]);
  });

  test('unresponsive: one that waits for a child process cannot be ended, and is replaced as stuck', async () => {
    const tree = await startTree({ id: 'a' });
    const child = tree.ref<Hanging>('a');
    await child.cast.hang('a child process that is waited for');
    await event(ofChild('restarted', 'a', 2));
    expect(events).toContainEqual({ kind: 'stuck', path: 'tree/a' });
    expect(await child.call.count()).toBe(1);
  });

  test('unresponsive: an init that hangs is a start that has failed with that reason', async () => {
    const starting = startTree({ id: 'a', args: { inInit: 'an endless loop' } });
    await expect(starting).rejects.toMatchObject({
      code: 'start_failed',
      reason: { tag: 'shutdown', detail: { failedToStart: 'a', reason: { tag: 'unresponsive' } } },
    });
  });

  test('unresponsive: so is a module that hangs while it is evaluated', async () => {
    const starting = startTree({ id: 'a', module: './hanging-module.ts' });
    await expect(starting).rejects.toMatchObject({
      reason: { detail: { failedToStart: 'a', reason: { tag: 'unresponsive' } } },
    });
  });

  test('unresponsive: one that is suspended, or waits in a handler for ever, is not', async () => {
    const tree = await startTree(
      { id: 'hangs' },
      { id: 'suspended' },
      { id: 'waits', shutdown: 'brutal_kill' },
    );
    await tree.suspend('tree/suspended');
    const waiting = tree.ref<Hanging>('waits').with({ timeoutMs: Infinity }).call.never();
    waiting.catch(() => undefined);
    // Each life of the one that hangs is longer than the limit of the others.
    for (const life of [1, 2, 3]) {
      await tree.ref<Hanging>('hangs').cast.hang('Atomics.wait');
      await event(ofChild('restarted', 'hangs', life + 1));
    }
    const failed = events.filter((event) => event.kind === 'supervision' && event.event.kind === 'failed');
    expect(failed).toHaveLength(3);
    await tree.resume('tree/suspended');
    expect(await tree.ref<Hanging>('suspended').call.count()).toBe(1);
  });

  test.each(['./busy.ts', './busy-loop.ts'])(
    'unresponsive: nor is one with much to do (%s)',
    async (module) => {
      const tree = await startTree({ id: 'busy', module });
      const messages = 200;
      for (let n = 0; n < messages; n++) void tree.send('busy', 5);
      const done = await tree.call('busy', 'done', [], { timeoutMs: 30_000 });
      expect(done).toBe(messages);
      expect(events.filter((event) => event.kind === 'supervision' && event.event.kind === 'failed')).toEqual(
        [],
      );
    },
  );

  test.each(['./busy.ts', './busy-loop.ts'])('stop: one with much to do hears of it (%s)', async (module) => {
    const tree = await startTree({ id: 'busy', module, shutdown: 2000 });
    for (let n = 0; n < 300; n++) void tree.send('busy', 10).catch(() => undefined);
    await tree.context.whereis('busy');
    await tree.stop();
    const stopped = await event(ofChild('stopped', 'busy', 1));
    expect(stopped).toMatchObject({ event: { reason: { tag: 'shutdown' }, expected: true } });
  });
});
