import { describe, expect } from '@jest/globals';
import type { Harness } from '../harness.js';
import { endOf, errorOf, Puppet } from '../puppets.js';

export function calls(harness: Harness): void {
  const { test } = harness;
  const start = () =>
    harness.start([
      { id: 'a', module: 'puppet' },
      { id: 'adder', module: 'adder', args: 5, shutdown: 100 },
    ]);

  describe('calls', () => {
    test('call: gives the reply, typed or not', async () => {
      const grid = await start();
      const { context } = grid;
      expect(await grid.settle(context.call('adder', 'add', [2]))).toBe(7);
      const adder = context.ref<typeof import('../modules/adder.js')>('adder');
      expect(await grid.settle(adder.call.add(3))).toBe(10);
      await grid.settle(adder.cast.set(100));
      expect(await grid.settle(adder.with({ timeoutMs: 1000 }).call.add(1))).toBe(101);
    });

    test('call: an unknown operation rejects, and the server goes on', async () => {
      const grid = await start();
      for (const operation of ['nothing', 'constructor', '__proto__', 'toString']) {
        const error = await errorOf(grid.settle(grid.context.call('adder', operation, [])));
        expect(error).toMatchObject({ code: 'no_such_operation' });
      }
      expect(await grid.settle(grid.context.call('adder', 'add', [0]))).toBe(5);
    });

    test('call: a Refusal rejects with message and detail, and the server goes on', async () => {
      const grid = await start();
      const error = await errorOf(grid.settle(grid.context.call('adder', 'refuse', [])));
      expect(error).toMatchObject({ code: 'refused', message: 'not today', cause: { until: 'tomorrow' } });
      expect(await grid.settle(grid.context.call('adder', 'add', [0]))).toBe(5);
    });

    test('call: a reply that is no value rejects at once, and the server goes on', async () => {
      const grid = await start();
      const error = await errorOf(grid.settle(grid.context.call('adder', 'unsendable', [])));
      expect(error).toMatchObject({ code: 'value_refused' });
      expect(await grid.settle(grid.context.call('adder', 'add', [0]))).toBe(5);
    });

    test('call: a throw ends the server, and the call rejects with `down` and the reason', async () => {
      for (const operation of ['crash', 'crashLater']) {
        const grid = await start();
        const error = await errorOf(grid.settle(grid.context.call('adder', operation, [])));
        expect(error).toMatchObject({
          code: 'down',
          reason: { tag: 'error', detail: { name: 'TypeError' } },
        });
      }
    });

    test('call: `exit` in a handler ends the server with the reason it chose', async () => {
      const grid = await start();
      const error = await errorOf(grid.settle(grid.context.call('adder', 'leave', [])));
      expect(error).toMatchObject({ code: 'down', reason: { tag: 'shutdown', detail: 'left' } });
    });

    test('call: to a name that nobody holds, or to a dead environment, rejects with `noproc`', async () => {
      const grid = await start();
      expect(await errorOf(grid.settle(grid.context.call('nobody', 'x', [])))).toMatchObject({
        code: 'noproc',
      });
      const address = await grid.settle(grid.context.whereis('adder'));
      if (address === undefined) throw new Error('no adder');
      await endOf(grid, 'adder', () => {
        grid.near('adder').kill('adder');
      });
      expect(await errorOf(grid.settle(grid.context.call(address, 'add', [1])))).toMatchObject({
        code: 'noproc',
      });
      expect(await errorOf(grid.settle(grid.context.call('adder', 'add', [1])))).toMatchObject({
        code: 'noproc',
      });
    });

    test('call: without a reply it ends by its timeout, and a late reply is dropped before the mailbox', async () => {
      const grid = await start();
      const { context } = grid;
      // There is a way to it by now: a call that ends before there is one is never sent, and nothing is late.
      await grid.settle(context.call('adder', 'add', [0]));
      const late = context.call('adder', 'waitAside', [], { timeoutMs: 20 });
      expect(await errorOf(grid.settle(late))).toMatchObject({
        code: 'timeout',
        field: 'timeoutMs',
        value: 20,
      });
      expect(await grid.settle(context.call('adder', 'release', ['late']))).toBe(1);
      expect(await grid.settle(context.call('adder', 'add', [0]))).toBe(5);
      expect(context.statistics()).toMatchObject({ mailbox: 0, pendingCalls: 0 });
      expect(await grid.settle(context.receive({ timeoutMs: 0 }))).toBeUndefined();
    });

    test('call: the timeout is 5 seconds by default, and can be without end', async () => {
      const grid = await start();
      const { context } = grid;
      const endless = context.call('adder', 'waitAside', [], { timeoutMs: Infinity });
      expect(await errorOf(grid.settle(context.call('adder', 'hangAside', [])))).toMatchObject({
        code: 'timeout',
        value: 5000,
      });
      await grid.settle(context.call('adder', 'release', ['at last']));
      expect(await grid.settle(endless)).toBe('at last');
    });

    test('call: an abort ends it with `cancelled`, before it is sent and after', async () => {
      const grid = await start();
      const { context } = grid;
      const before = context.call('adder', 'add', [1], { signal: AbortSignal.abort('no') });
      expect(await errorOf(grid.settle(before))).toMatchObject({ code: 'cancelled', cause: 'no' });
      const controller = new AbortController();
      const during = errorOf(context.call('adder', 'hangAside', [], { signal: controller.signal }));
      await grid.settle(context.call('adder', 'add', [0]));
      controller.abort('enough');
      expect(await grid.settle(during)).toMatchObject({ code: 'cancelled', cause: 'enough' });
      expect(await new Puppet(grid, 'a').code('callAborting', 'adder', 'hangAside')).toBe('cancelled');
      expect(await grid.settle(context.call('adder', 'add', [0]))).toBe(5);
      expect(context.statistics().pendingCalls).toBe(0);
    });

    test('call: each of many in flight ends exactly once when the server dies', async () => {
      const grid = await start();
      const { context } = grid;
      let endings = 0;
      const all = Array.from({ length: 100 }, (_, n) =>
        context
          .call('adder', n % 2 === 0 ? 'hangAside' : 'echo', [n], { timeoutMs: 30_000 })
          .then(
            (value) => value,
            (error: { code: string }) => error.code,
          )
          .finally(() => endings++),
      );
      const odd = await grid.settle(Promise.all(all.filter((_, n) => n % 2 === 1)));
      expect(odd).toEqual(Array.from({ length: 50 }, (_, n) => 2 * n + 1));
      grid.near('adder').kill('adder');
      const even = await grid.settle(Promise.all(all.filter((_, n) => n % 2 === 0)));
      expect(new Set(even)).toEqual(new Set(['down']));
      expect(endings).toBe(100);
    });

    test('call: ends with `down` when the server is killed from outside', async () => {
      const grid = await start();
      const call = errorOf(grid.context.call('adder', 'hangAside', []));
      // Behind the call: when this is answered, that has arrived.
      await grid.settle(grid.context.call('adder', 'echo', [1]));
      grid.crash('adder');
      expect(await grid.settle(call)).toMatchObject({ code: 'down' });
    });
  });

  describe('servers', () => {
    test('server: one message at a time, also with async handlers', async () => {
      const grid = await start();
      const all = Array.from({ length: 10 }, () => grid.context.call('adder', 'slowly', []));
      expect(await grid.settle(Promise.all(all))).toEqual(Array.from({ length: 10 }, () => 1));
    });

    test('server: a call marked concurrent does not hold up the next message', async () => {
      const grid = await start();
      const { context } = grid;
      const waiting = [context.call('adder', 'waitAside', []), context.call('adder', 'waitAside', [])];
      expect(await grid.settle(context.call('adder', 'add', [1]))).toBe(6);
      expect(await grid.settle(context.call('adder', 'release', ['go']))).toBe(2);
      expect(await grid.settle(Promise.all(waiting))).toEqual(['go', 'go']);
    });

    test('server: a call that is not marked does', async () => {
      const grid = await start();
      const hanging = errorOf(grid.context.call('adder', 'hang', [], { timeoutMs: 30 }));
      const behind = errorOf(grid.context.call('adder', 'add', [1], { timeoutMs: 60 }));
      expect(await grid.settle(hanging)).toMatchObject({ code: 'timeout' });
      expect(await grid.settle(behind)).toMatchObject({ code: 'timeout' });
    });

    test('server: everything that is neither call nor known cast goes to info', async () => {
      const grid = await start();
      const a = new Puppet(grid, 'a');
      await grid.settle(grid.context.send('a', 'message'));
      await grid.settle(grid.context.cast('a', 'unknown', [1, 2]));
      expect(await a.items(2)).toEqual([
        { type: 'message', value: 'message' },
        { type: 'cast', operation: 'unknown', arguments: [1, 2] },
      ]);
    });

    test('server: without info, what it does not know is dropped', async () => {
      const grid = await start();
      await grid.settle(grid.context.send('adder', 'what'));
      await grid.settle(grid.context.cast('adder', 'unknown', []));
      expect(await grid.settle(grid.context.call('adder', 'add', [0]))).toBe(5);
    });

    test('server: a throw in a cast ends it', async () => {
      const grid = await start();
      const reason = await endOf(grid, 'adder', () => grid.settle(grid.context.cast('adder', 'crash', [])));
      expect(reason).toMatchObject({ tag: 'error', detail: { message: 'crashed in a cast' } });
    });
  });
}
