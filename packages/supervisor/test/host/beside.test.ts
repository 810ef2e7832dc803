/** Environments that share a thread with who has spawned them: each is one of its own to everybody else. */
import { describe, expect, test } from '@jest/globals';
import type { Address, ExitReason } from '@espalier/core';
import { errorOf, fixture, hostStarter, type Running } from './embedded.js';

const startHost = hostStarter();
const INN = { id: 'inn', module: fixture('inn'), restart: 'temporary' } as const;

/** Calls a name as soon as it is somebody's. */
async function reach(host: Running['host'], name: string, operation: string): Promise<unknown> {
  for (;;) {
    if ((await host.context.whereis(name)) !== undefined) return await host.context.call(name, operation, []);
    await new Promise((resolve) => setImmediate(resolve));
  }
}

/** Resolves with the reason when it ends. */
async function watch({ context }: Running['host'], name: string): Promise<() => Promise<ExitReason>> {
  const monitor = await context.monitor(name);
  return async () => {
    const item = await context.receive({ match: (one) => one.type === 'down' && one.monitor === monitor });
    return (item as { readonly reason: ExitReason }).reason;
  };
}

async function inn(...lodgers: readonly string[]): Promise<Running> {
  const running = await startHost([INN]);
  for (const name of lodgers) {
    await running.host.context.call('inn', 'take', [name]);
    await reach(running.host, name, 'thread');
  }
  return running;
}

test('they run in one thread, and each has its own name and its own mailbox', async () => {
  const { host, events } = await inn('a', 'b');
  const thread = await host.context.call('inn', 'thread', []);
  expect(await Promise.all(['a', 'b'].map((name) => host.context.call(name, 'thread', [])))).toEqual([
    thread,
    thread,
  ]);
  await host.context.send('a', 'one');
  await host.context.send('a', 'two');
  expect(await host.context.call('a', 'heard', [])).toEqual(['a: one', 'a: two']);
  expect(
    events.filter(({ kind }) => kind === 'spawned').map((event) => 'path' in event && event.path),
  ).toEqual(['tree/inn/beside-1', 'tree/inn/beside-2']);
});

test('one ends alone, with its own reason, and its calls end with it', async () => {
  const { host } = await inn('a', 'b', 'c', 'd');
  const { context } = host;
  const call = errorOf(context.call('a', 'never', []));
  const ends = [await watch(host, 'a'), await watch(host, 'b'), await watch(host, 'c')];
  await context.call('inn', 'send out', ['a', 'the host is away']);
  await errorOf(context.call('b', 'throw', ['it is over']));
  await errorOf(context.call('c', 'leave', ['no more']));
  const reasons: ExitReason[] = [];
  for (const end of ends) reasons.push(await end());
  expect(reasons[0]).toEqual({ tag: 'noconnection', detail: 'the host is away' });
  expect(reasons[1]).toMatchObject({ tag: 'error', detail: { message: 'it is over' } });
  expect(reasons[2]).toEqual({ tag: 'normal', detail: 'no more' });
  expect(await call).toMatchObject({ code: 'down' });
  expect(await context.whereis('a')).toBeUndefined();
  expect(typeof (await context.call('d', 'thread', []))).toBe('number');
});

test('one is killed alone, and takes nothing more from its mailbox', async () => {
  const { host } = await inn('a', 'b');
  const down = await watch(host, 'a');
  await host.context.cast('a', 'wait', []);
  await host.context.send('a', 'late');
  for (let turn = 0; turn < 3; turn++) await host.context.call('b', 'thread', []);
  host.context.kill('a');
  expect(await down()).toEqual({ tag: 'killed' });
  // Its mailbox holds what was sent to it; its loop goes on, and finds nothing there.
  await host.context.call('inn', 'go on', []);
  await host.context.call('b', 'thread', []);
  const heard = (await host.context.call('inn', 'heard', [])) as string[];
  expect(heard).not.toContain('a: late');
  expect(typeof (await host.context.call('b', 'thread', []))).toBe('number');
});

test('all end with the thread', async () => {
  const { host } = await inn('a', 'b');
  const downs = [await watch(host, 'a'), await watch(host, 'b')];
  await host.kill('tree/inn');
  expect(await downs[0]!()).toEqual({ tag: 'killed' });
  expect(await downs[1]!()).toEqual({ tag: 'killed' });
  expect(await host.context.whereis('a')).toBeUndefined();
});

test('its memory is told once, as that of who has the thread', async () => {
  const { host } = await inn('a', 'b');
  const facts = await host.facts();
  expect(facts.threads.map(({ title }) => title)).toEqual(['tree/inn']);
});

test('the terms of its mailbox are those that were asked for', async () => {
  const { host } = await inn('a');
  const fates = await Promise.allSettled(
    Array.from({ length: 2000 }, () => host.context.send('a', 'x'.repeat(100))),
  );
  expect(fates.some(({ status }) => status === 'rejected')).toBe(true);
});

describe.each(['thread', 'process'] as const)('one that stands for somebody elsewhere (wall: %s)', (wall) => {
  const door = async (
    how?: string,
  ): Promise<{ readonly host: Running['host']; readonly porter: Address }> => {
    const { host } = await startHost([{ ...INN, wall }]);
    await host.context.call('inn', 'watch the door', ['porter', how]);
    const porter = await host.context.whereis('porter');
    if (porter === undefined) throw new Error('nobody watches the door');
    return { host, porter };
  };
  const heard = async (host: Running['host'], count: number): Promise<unknown[]> => {
    for (;;) {
      const all = (await host.context.call('porter', 'heard', [])) as unknown[];
      if (all.length >= count) return all;
    }
  };

  test('hears who links with it, and tells an end from a signal that is sent', async () => {
    const { host, porter } = await door();
    const { context } = host;
    context.link(porter);
    context.link(porter);
    await context.unlink(porter);
    await context.unlink(porter);
    expect(await heard(host, 3)).toEqual(['linked', 'linked', 'unlinked']);
    await context.call('inn', 'take', ['a']);
    await reach(host, 'a', 'thread');
    await context.call('a', 'befriend', [porter]);
    await errorOf(context.call('a', 'take leave of', [porter]));
    expect((await heard(host, 6)).slice(3)).toEqual(['linked', 'sent shutdown', 'end normal']);
  });

  test('ends by a signal that it has trapped, with the reason, whatever that is', async () => {
    const { host } = await door();
    const down = await watch(host, 'porter');
    await host.context.call('inn', 'show out', ['porter', 'heapMb']);
    expect(await down()).toEqual({ tag: 'limit', detail: 'heapMb' });
  });

  test('hears of no links if its terms do not ask for it', async () => {
    const { host, porter } = await door('asleep');
    host.context.link(porter);
    await host.context.unlink(porter);
    host.context.sendExit(porter, { tag: 'normal' });
    expect(await heard(host, 1)).toEqual(['sent normal']);
  });
});

describe.each(['thread', 'process'] as const)('a name that is kept for the next one (wall: %s)', (wall) => {
  const expecting = async (): Promise<Running['host']> => {
    const { host } = await startHost([{ ...INN, wall }]);
    await host.context.call('inn', 'expect', ['x']);
    return host;
  };

  test('waits for it, and from one to the other: what is sent meanwhile comes in order, and calls are answered', async () => {
    const host = await expecting();
    const { context } = host;
    const early = context.call('x', 'thread', []);
    await context.call('inn', 'move in', []);
    expect(typeof (await early)).toBe('number');

    await context.call('inn', 'expect', ['x']);
    const down = await watch(host, 'x');
    await errorOf(context.call('x', 'leave', ['no more']));
    expect(await down()).toEqual({ tag: 'normal', detail: 'no more' });
    expect(await context.whereis('x')).toBeUndefined();
    for (let n = 0; n < 8; n++) await context.send('x', n);
    const heard = context.call('x', 'heard', [], { timeoutMs: 60_000 });
    await context.call('inn', 'move in', []);
    expect(await heard).toEqual(Array.from({ length: 8 }, (_, n) => `next: ${String(n)}`));
  });

  test('is nobody’s when all end', async () => {
    const host = await expecting();
    const { context } = host;
    const call = errorOf(context.call('x', 'thread', [], { timeoutMs: 60_000 }));
    await host.kill('tree/inn');
    expect(await call).toMatchObject({ code: 'noproc' });
  });

  test('can be awaited, and is answered at once where nobody comes', async () => {
    const { context } = await expecting();
    expect(await context.call('inn', 'holder', ['nobody'])).toEqual(['nobody']);
    expect(await context.call('inn', 'holder', ['x', 'move in'])).toEqual(['pending', 'somebody']);
    expect(await context.call('inn', 'holder', ['x'])).toEqual(['somebody']);
  });
});
