/** Between the application, threads and cells: messages, and what becomes of them when a process dies. */
import { describe, expect, test } from '@jest/globals';
import type { EnvironmentSpec } from '../../src/index.js';
import { cell, cellStarter, group, type Running } from './cells.js';

const startTree = cellStarter();
const mail = (id: string, fields: Partial<EnvironmentSpec> = {}): EnvironmentSpec => ({
  id,
  module: './mail.ts',
  ...fields,
});
const NAMES = ['a', 'w', 'x', 'y'] as const;
const PATHS = { a: 'tree/a', w: 'tree/w', x: 'tree/c/x', y: 'tree/c/d/y' };

/** A thread, a leaf in a process, a thread in a process, a thread in a process of that. */
const startMail = (): Promise<Running> =>
  startTree([mail('a'), mail('w', { wall: 'process' }), cell('c', [mail('x'), cell('d', [mail('y')])])]);

const call = (running: Running, whom: string, operation: string, ...parameters: unknown[]) =>
  running.host.call(whom, operation, parameters, { timeoutMs: 30_000 });

describe('messages', () => {
  test('messages: everybody calls everybody by name', async () => {
    const running = await startMail();
    for (const name of NAMES) {
      const pid = await running.pid(PATHS[name]);
      expect(await call(running, name, 'pid')).toBe(pid);
      for (const other of NAMES) {
        if (other !== name) expect(await call(running, other, 'ask', name)).toBe(pid);
      }
    }
  }, 60_000);

  test('messages: ten thousand arrive once each and in order, from the application and across two walls', async () => {
    const running = await startMail();
    const most = 10_000;
    for (let n = 0; n < most; n += 1) await running.host.context.cast('y', 'note', [n]);
    await running.host.call('w', 'count', ['x', most], { timeoutMs: 60_000 });
    const inOrder = Array.from({ length: most }, (_, n) => n);
    expect(await call(running, 'y', 'notes')).toEqual(inOrder);
    expect(await call(running, 'x', 'notes')).toEqual(inOrder);
  }, 120_000);

  test('messages: large values with buffers come out as they went in', async () => {
    const running = await startMail();
    const bytes = new Uint8Array(4_000_000).map((_, n) => n);
    const map = new Map([['x', 'y'.repeat(100_000)]]);
    for (const name of NAMES) {
      const back = (await call(running, name, 'echo', { bytes, map })) as { bytes: Uint8Array; map: unknown };
      expect(Buffer.compare(back.bytes, bytes)).toBe(0);
      expect(back.map).toEqual(map);
    }
  }, 60_000);

  test('messages: who does not read holds back who sends, and nothing is lost', async () => {
    const running = await startTree([
      cell('c', [mail('x', { limits: { mailbox: 10 }, sendTimeoutMs: 60_000 })]),
    ]);
    const { host } = running;
    await call(running, 'x', 'pid');
    await host.suspend('tree/c/x');
    let sent = 0;
    const sending = (async () => {
      for (; sent < 100; sent += 1) await host.context.cast('x', 'note', [sent]);
    })();
    await running.seen(() => running.events.find(({ kind }) => kind === 'blocked'));
    // What the mailbox holds, and what a first contact may send ahead.
    expect(sent).toBeLessThan(50);
    await host.resume('tree/c/x');
    await sending;
    expect(await call(running, 'x', 'notes')).toEqual(Array.from({ length: 100 }, (_, n) => n));
  }, 60_000);
});

describe('a process dies', () => {
  test('death: a call in flight ends, and one by name finds the next life', async () => {
    const running = await startMail();
    const first = await running.pid('tree/c/x');
    await running.host.suspend('tree/c/x');
    const inFlight = call(running, 'x', 'pid');
    const lost = expect(inFlight).rejects.toMatchObject({ code: 'down', reason: { tag: 'cell' } });
    await call(running, 'y', 'pid');
    process.kill(first, 'SIGKILL');
    await lost;
    // The name is kept for the next life: nobody is refused in between.
    const second = await call(running, 'x', 'pid');
    expect(second).not.toBe(first);
    expect(await call(running, 'a', 'ask', 'y')).toBe(await running.pid('tree/c/d/y', 2));
  }, 60_000);

  test('death: monitors and links across walls are told once, with the reason', async () => {
    const running = await startMail();
    const { host } = running;
    for (const name of ['a', 'w']) {
      await call(running, name, 'watch', 'y');
      await call(running, name, 'join', 'x');
    }
    await host.context.monitor('x');
    process.kill(await running.pid('tree/c/x'), 'SIGKILL');
    expect(await host.context.receive()).toMatchObject({ type: 'down', reason: { tag: 'cell' } });
    await running.happened('tree/c', 'restarted');
    for (const name of ['a', 'w']) {
      const noted = async () => (await call(running, name, 'notes')) as [string, { tag: string }][];
      // Who asks is not who tells of the end: the question may be there first.
      let notes = await noted();
      while (notes.length < 2) notes = await noted();
      expect(notes.map(([what, { tag }]) => `${what} ${tag}`).sort()).toEqual(['down cell', 'exit cell']);
    }
  }, 60_000);

  test('death: a thread that is killed in a cell is a down with that reason, and its name goes to its next life', async () => {
    const running = await startMail();
    const { host } = running;
    await call(running, 'w', 'watch', 'y');
    await host.kill('tree/c/d/y');
    await running.happened('tree/c/d/y', 'restarted');
    expect(await call(running, 'w', 'ask', 'y')).toBe(await running.pid('tree/c/d/y', 2));
    expect(await call(running, 'w', 'notes')).toEqual([['down', { tag: 'killed' }]]);
  }, 60_000);

  test('death: neighbours in other processes go on calling each other', async () => {
    const running = await startTree([
      cell('b', [mail('v')]),
      group('g', [cell('c', [mail('x')])], { intensity: 50 }),
      mail('a'),
    ]);
    let life = 1;
    for (; life <= 5; life += 1) {
      process.kill(await running.pid('tree/g/c/x', life), 'SIGKILL');
      const around = await Promise.all([call(running, 'a', 'ask', 'v'), call(running, 'v', 'pid')]);
      expect(new Set(around)).toEqual(new Set([await running.pid('tree/b/v')]));
      await running.happened('tree/g/c', 'restarted', life);
      expect(await call(running, 'v', 'ask', 'x')).toBe(await running.pid('tree/g/c/x', life + 1));
    }
    expect(running.pids('tree/b/v')).toHaveLength(1);
  }, 60_000);
});
