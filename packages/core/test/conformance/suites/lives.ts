import { describe, expect } from '@jest/globals';
import type { Address } from '../../../src/index.js';
import type { Harness } from '../harness.js';
import { endOf, errorOf, ofKind, Puppet } from '../puppets.js';

export function lives(harness: Harness): void {
  const { test } = harness;
  /** What needs a namespace that all have together. */
  const shared = harness.isolated === true ? () => undefined : test;
  describe('starts and ends', () => {
    test('init: a throw, now or later, fails the start with the error', async () => {
      for (const how of ['now', 'later']) {
        const grid = await harness.start([{ id: 'f', module: 'failing', args: how }]);
        // As OTP: what the supervisor makes of it says which child it was.
        expect(grid.failure).toMatchObject({
          tag: expect.stringMatching(/^(error|shutdown)$/),
          detail: expect.anything(),
        });
      }
    });

    test('init: `ignore` is no failure; the child is not there', async () => {
      const grid = await harness.start([
        { id: 'f', module: 'failing', args: 'ignore' },
        { id: 'a', module: 'puppet' },
      ]);
      expect(grid.failure).toBeUndefined();
      expect(await grid.settle(grid.context.whereis('f'))).toBeUndefined();
      expect(await grid.settle(grid.context.whereis('a'))).toBe(await new Puppet(grid, 'a').address());
    });

    test('environment: a throw before its first wait fails the start', async () => {
      const grid = await harness.start([{ id: 'f', module: 'loop-failing' }]);
      expect(grid.failure).toMatchObject({ tag: expect.stringMatching(/^(error|shutdown)$/) });
    });

    test('terminate: runs when the supervisor stops the server, and what it sends arrives', async () => {
      const grid = await harness.start([{ id: 't', module: 'terminating' }]);
      await grid.settle(grid.context.call('t', 'watch', [grid.context.self]));
      const monitor = await grid.settle(grid.context.monitor('t'));
      await grid.close();
      const [first, second] = [
        await grid.settle(grid.context.receive()),
        await grid.settle(grid.context.receive()),
      ];
      expect(first).toMatchObject({ type: 'message', value: { terminated: 'shutdown' } });
      expect(second).toMatchObject({ type: 'down', monitor, reason: { tag: 'shutdown' } });
    });

    test('stop: children end in reverse order', async () => {
      const grid = await harness.start([
        { id: 'one', module: 'adder' },
        { id: 'two', module: 'puppet' },
      ]);
      const one = await grid.settle(grid.context.monitor('one'));
      const two = await grid.settle(grid.context.monitor('two'));
      await grid.close();
      const downs = [await grid.settle(grid.context.receive()), await grid.settle(grid.context.receive())];
      expect(downs.map((item) => item.type === 'down' && item.monitor)).toEqual([two, one]);
    });

    test('stop: a server without `terminate` ends in the middle of what it is handling', async () => {
      const grid = await harness.start([{ id: 'adder', module: 'adder', shutdown: 60_000 }]);
      const call = errorOf(
        grid.context.call('adder', 'hangTelling', [grid.context.self], { timeoutMs: 60_000 }),
      );
      expect(await grid.settle(grid.context.receive())).toMatchObject({ value: 'hanging' });
      await grid.close();
      expect(await grid.settle(call)).toMatchObject({ code: 'down', reason: { tag: 'shutdown' } });
    });

    test('stop: one that does not look is killed after its shutdown time', async () => {
      const grid = await harness.start([{ id: 'p', module: 'pondering', shutdown: 100 }]);
      const call = errorOf(grid.context.call('p', 'hangTelling', [grid.context.self], { timeoutMs: 60_000 }));
      expect(await grid.settle(grid.context.receive())).toMatchObject({ value: 'hanging' });
      await grid.close();
      expect(await grid.settle(call)).toMatchObject({ code: 'down', reason: { tag: 'killed' } });
    });

    test('exit: an environment ends with the reason that it chose', async () => {
      for (const reason of [
        { tag: 'normal' },
        { tag: 'shutdown', detail: 'done' },
        { tag: 'error', detail: { n: 1 } },
      ]) {
        const grid = await harness.start([{ id: 'a', module: 'puppet' }]);
        const a = new Puppet(grid, 'a');
        expect(await endOf(grid, 'a', () => a.tell(['exit', reason]))).toEqual(reason);
      }
    });

    test('exit: a tag that only the kernel gives becomes `error`', async () => {
      const grid = await harness.start([{ id: 'a', module: 'puppet' }]);
      const reason = await endOf(grid, 'a', () => new Puppet(grid, 'a').tell(['exit', { tag: 'killed' }]));
      expect(reason.tag).toBe('error');
    });
  });

  describe('names', () => {
    shared('register: gives a name, once; unregister gives it back', async () => {
      const grid = await harness.start([
        { id: 'a', module: 'puppet' },
        { id: 'b', module: 'puppet' },
      ]);
      const [a, b] = [new Puppet(grid, 'a'), new Puppet(grid, 'b')];
      await a.get('register', 'extra');
      expect(await grid.settle(grid.context.whereis('extra'))).toBe(await a.address());
      expect(await b.code('register', 'extra')).toBe('name_taken');
      expect(await b.code('unregister', 'extra')).toBe('noproc');
      await a.get('unregister', 'extra');
      expect(await grid.settle(grid.context.whereis('extra'))).toBeUndefined();
      await b.get('register', 'extra');
      expect(await grid.settle(grid.context.whereis('extra'))).toBe(await b.address());
    });

    shared('name: a message goes to who holds it when it is sent', async () => {
      const grid = await harness.start([
        { id: 'a', module: 'puppet' },
        { id: 'b', module: 'puppet' },
      ]);
      const [a, b] = [new Puppet(grid, 'a'), new Puppet(grid, 'b')];
      await a.get('register', 'shared');
      await grid.settle(grid.context.send('shared', 'to a'));
      expect(await a.values(1)).toEqual(['to a']);
      await a.get('unregister', 'shared');
      await b.get('register', 'shared');
      await grid.settle(grid.context.whereis('shared'));
      await grid.settle(grid.context.send('shared', 'to b'));
      expect(await b.values(1)).toEqual(['to b']);
    });

    shared('name: is free before anybody hears of the end', async () => {
      const grid = await harness.start([
        { id: 'a', module: 'puppet' },
        { id: 'b', module: 'puppet' },
      ]);
      const [a, b] = [new Puppet(grid, 'a'), new Puppet(grid, 'b')];
      await a.get('register', 'mine');
      await endOf(grid, 'a', () => a.tell(['exit', { tag: 'normal' }]));
      await b.get('register', 'mine');
      await b.get('register', 'a');
      expect(await grid.settle(grid.context.whereis('a'))).toBe(await b.address());
    });

    test('name: a restarted child keeps the name of its spec, and not those it took', async () => {
      const grid = await harness.start([{ id: 'a', module: 'puppet', restart: 'permanent' }]);
      const a = new Puppet(grid, 'a');
      const before = await a.address();
      await a.get('register', 'mine');
      await endOf(grid, 'a', () => a.tell(['exit', { tag: 'error' }]));
      // Answered by the next life, so that is there.
      expect(await a.get('whereis', 'mine')).toBeUndefined();
      const after = await a.address();
      expect(after).not.toBe(before);
      expect(await grid.settle(grid.context.whereis('a'))).toBe(after);
      expect(await grid.settle(grid.context.whereis('mine'))).toBeUndefined();
    });

    test('name: one that is too long or empty is refused, and the caller goes on', async () => {
      const grid = await harness.start([{ id: 'a', module: 'puppet' }]);
      const a = new Puppet(grid, 'a');
      for (const name of ['', 'x'.repeat(256)]) {
        for (const operation of ['register', 'unregister', 'whereis', 'monitor']) {
          expect(await a.code(operation, name)).toBe('operation_refused');
        }
      }
      expect(await a.get('register', 'x'.repeat(255))).toBeUndefined();
    });
  });

  describe('spawn', () => {
    test('spawn: gives the address of a child that runs', async () => {
      const grid = await harness.start([{ id: 'a', module: 'puppet' }]);
      const child = await new Puppet(grid, 'a').get('spawn', { module: './adder.ts', args: 40 });
      expect(await grid.settle(grid.context.call(child as string, 'add', [2]))).toBe(42);
    });

    shared('spawn: can give the child a name', async () => {
      const grid = await harness.start([{ id: 'a', module: 'puppet' }]);
      const a = new Puppet(grid, 'a');
      const child = await a.get('spawn', { module: './adder.ts', args: 1, name: 'kid' });
      expect(await grid.settle(grid.context.whereis('kid'))).toBe(child);
      expect(await a.code('spawn', { module: './adder.ts', name: 'kid' })).toBe('start_failed');
      await endOf(grid, 'kid', () => {
        grid.context.kill('kid');
      });
      expect(await a.code('spawn', { module: './failing.ts', name: 'kid' })).toBe('start_failed');
      expect(await a.get('spawn', { module: './adder.ts', name: 'kid' })).toBe(
        await grid.settle(grid.context.whereis('kid')),
      );
    });

    test('spawn: a task ends with its result as the detail', async () => {
      const grid = await harness.start([{ id: 'a', module: 'puppet' }]);
      const a = new Puppet(grid, 'a');
      await a.get('spawn', { module: './twice.ts', args: 21 }, { monitor: true });
      expect(await a.items(1)).toMatchObject([{ type: 'down', reason: { tag: 'normal', detail: 42 } }]);
    });

    test('spawn: a start that fails rejects with `start_failed` and the reason', async () => {
      const grid = await harness.start([{ id: 'a', module: 'puppet' }]);
      const [outcome] = await new Puppet(grid, 'a').do([
        'spawn',
        { module: './failing.ts' },
        { monitor: true },
      ]);
      expect(outcome).toMatchObject({
        code: 'start_failed',
        reason: { tag: 'error', detail: { message: 'init failed' } },
      });
      expect(await new Puppet(grid, 'a').code('spawn', { module: './failing.ts', args: 'ignore' })).toBe(
        'start_failed',
      );
    });

    test('spawn: a module that is not there rejects with `module_missing`', async () => {
      const grid = await harness.start([{ id: 'a', module: 'puppet' }]);
      expect(await new Puppet(grid, 'a').code('spawn', { module: './no-such-module.js' })).toBe(
        'module_missing',
      );
    });

    test('spawn: with link, parent and child share fate', async () => {
      const grid = await harness.start([{ id: 'a', module: 'puppet' }]);
      const a = new Puppet(grid, 'a');
      const child = (await a.get('spawn', { module: './puppet.ts' }, { link: true })) as string;
      const reason = await endOf(grid, 'a', () =>
        new Puppet(grid, child).tell(['exit', { tag: 'error', detail: 'kid' }]),
      );
      expect(reason).toEqual({ tag: 'error', detail: 'kid' });
    });

    test('spawn: who has spawned an environment ends it with any reason; nobody else does', async () => {
      const grid = await harness.start([
        { id: 'a', module: 'puppet' },
        { id: 'b', module: 'puppet' },
      ]);
      const a = new Puppet(grid, 'a');
      const reasons = [
        { tag: 'noconnection' },
        { tag: 'limit', detail: 'theirs' },
        { tag: 'killed' },
      ] as const;
      for (const [n, reason] of reasons.entries()) {
        const child = (await a.get('spawn', { module: './adder.ts' }, { monitor: true })) as Address;
        for (const target of ['b', child])
          expect(() => grid.context.sendExit(target, reason)).toThrow(
            expect.objectContaining({ code: 'operation_refused', field: 'reason' }),
          );
        await a.get('sendExit', child, reason);
        expect((await a.items(n + 1)).at(-1)).toMatchObject({ type: 'down', reason });
      }
    });

    test('spawn: children end with their parent', async () => {
      const grid = await harness.start([{ id: 'a', module: 'puppet' }]);
      const a = new Puppet(grid, 'a');
      const child = (await a.get('spawn', { module: './adder.ts' })) as string;
      const monitor = await grid.settle(grid.context.monitor(child));
      await a.tell(['exit', { tag: 'normal' }]);
      expect(await grid.settle(grid.context.receive())).toMatchObject({
        type: 'down',
        monitor,
        reason: { tag: 'killed' },
      });
    });

    test('spawn: a parent is restarted only after its children and theirs have ended', async () => {
      const grid = await harness.start([{ id: 'n', module: 'nester', args: 3, restart: 'permanent' }]);
      await grid.reported((events) => ofKind(events, 'spawned').length === 3);
      grid.crash('n');
      await grid.reported((events) => ofKind(events, 'spawned').length === 6);
      const kinds = grid.events
        .map(({ kind }) => kind)
        .filter((kind) => kind === 'spawned' || kind === 'spawn-ended');
      expect(kinds).toEqual([
        ...Array.from({ length: 3 }, () => 'spawned'),
        ...Array.from({ length: 3 }, () => 'spawn-ended'),
        ...Array.from({ length: 3 }, () => 'spawned'),
      ]);
    });
  });

  describe('suspension', () => {
    test('suspend: the mailbox fills and delivers nothing until it is resumed', async () => {
      const grid = await harness.start([
        { id: 'a', module: 'puppet' },
        { id: 'adder', module: 'adder' },
      ]);
      grid.inspect('adder', 'suspend');
      const call = grid.context.call('adder', 'add', [1], { timeoutMs: 60_000 });
      const early = await errorOf(grid.settle(grid.context.call('adder', 'add', [1], { timeoutMs: 50 })));
      expect(early).toMatchObject({ code: 'timeout' });
      grid.inspect('adder', 'resume');
      expect(await grid.settle(call)).toBe(1);
    });

    test('suspend: a suspended environment can be stopped', async () => {
      const grid = await harness.start([{ id: 'adder', module: 'adder' }]);
      grid.inspect('adder', 'suspend');
      const monitor = await grid.settle(grid.context.monitor('adder'));
      await grid.close();
      expect(await grid.settle(grid.context.receive())).toMatchObject({
        type: 'down',
        monitor,
        reason: { tag: 'shutdown' },
      });
    });
  });
}
