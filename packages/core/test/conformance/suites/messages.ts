import { describe, expect } from '@jest/globals';
import { FIRST_WINDOW_BYTES } from '../../../src/channel/first-window.js';
import type { Received } from '../../../src/index.js';
import type { Harness } from '../harness.js';
import { errorOf, Puppet } from '../puppets.js';

const values = (items: readonly (Received | undefined)[]): unknown[] =>
  items.map((item) => (item?.type === 'message' ? item.value : item?.type));

export function messages(harness: Harness): void {
  const { test } = harness;
  describe('messages', () => {
    test('order: messages from one environment to another arrive in the order sent', async () => {
      const grid = await harness.start([
        { id: 'a', module: 'puppet' },
        { id: 'b', module: 'puppet' },
      ]);
      const a = new Puppet(grid, 'a');
      await a.do(['sendMany', 'b', 500]);
      const b = new Puppet(grid, 'b');
      expect(await b.values(500)).toEqual(Array.from({ length: 500 }, (_, n) => n));
    });

    test('order: it does not depend on whether the receiver is named or addressed, from the first message on', async () => {
      const grid = await harness.start([
        { id: 'a', module: 'puppet' },
        { id: 'c', module: 'puppet' },
        { id: 'd', module: 'puppet' },
        { id: 'b', module: 'puppet' },
      ]);
      const b = new Puppet(grid, 'b');
      const address = await b.address();
      const all = Array.from({ length: 60 }, (_, n) => n);
      /** Steps `from` to `to`; those that `named` says go to the name. */
      const steps = (from: number, to: number, named: (n: number) => boolean) =>
        all.slice(from, to).map((n) => ['send', named(n) ? 'b' : address, n] as const);
      // By turns; the name first and the address when it is known; the address first. Between two senders
      // there is no order: the next one begins when all of the one before has arrived.
      await new Puppet(grid, 'a').do(...steps(0, 20, (n) => n % 3 === 0));
      await b.values(20);
      await new Puppet(grid, 'c').do(...steps(20, 25, () => true));
      await new Puppet(grid, 'c').do(...steps(25, 40, (n) => n % 2 === 0));
      await b.values(40);
      await new Puppet(grid, 'd').do(...steps(40, 60, (n) => n > 41 && n % 2 === 0));
      expect(await b.values(60)).toEqual(all);
    });

    test('order: it holds, too, if the first contact begins with a message too large for the first window', async () => {
      const grid = await harness.start([
        { id: 'a', module: 'puppet' },
        { id: 'c', module: 'puppet' },
        { id: 'b', module: 'puppet' },
      ]);
      const b = new Puppet(grid, 'b');
      const address = await b.address();
      const steps = [
        ['sendTransferring', address, 4 * FIRST_WINDOW_BYTES],
        ['send', address, 1],
        ['send', 'b', 2],
        ['send', address, 'l'.repeat(FIRST_WINDOW_BYTES + 1)],
        ['send', 'b', 4],
        ['send', address, 5],
      ] as const;
      // With the name known before, and with both at first contact.
      const a = new Puppet(grid, 'a');
      await a.do(['send', 'b', 0]);
      await a.do(...steps);
      // Between two senders there is no order: c begins when all of a's has arrived.
      await b.values(7);
      await new Puppet(grid, 'c').do(['send', 'b', 0], ...steps);
      const got = (await b.values(14)).map((value) => (typeof value === 'number' ? value : typeof value));
      const sent = [0, 'object', 1, 2, 'string', 4, 5];
      expect(got).toEqual([...sent, ...sent]);
    });

    test('order: it holds, too, if what waited behind one first contact is let go to another', async () => {
      const grid = await harness.start([
        { id: 'a', module: 'puppet' },
        { id: 'c', module: 'puppet' },
        { id: 'b', module: 'puppet' },
      ]);
      const b = new Puppet(grid, 'b');
      const address = await b.address();
      await new Puppet(grid, 'a').do(
        ['send', 'b', 0],
        ['send', 'c', 'elsewhere'],
        ['send', 'b', 1],
        ['send', address, 2],
        ['send', 'b', 3],
        ['send', address, 4],
      );
      expect(await b.values(5)).toEqual([0, 1, 2, 3, 4]);
    });

    test('order: a first contact that leads nowhere holds up nothing for ever', async () => {
      const grid = await harness.start([
        { id: 'a', module: 'puppet' },
        { id: 'b', module: 'puppet' },
      ]);
      const a = new Puppet(grid, 'a');
      await a.do(
        ['send', 'b', 0],
        ['send', 'nobody', 1],
        ['send', 'b', 2],
        ['send', 'nobody else', 3],
        ['send', 'b', 4],
      );
      expect(await new Puppet(grid, 'b').values(3)).toEqual([0, 2, 4]);
    });

    test('order: messages, casts and calls share one order', async () => {
      const grid = await harness.start([
        { id: 'a', module: 'puppet' },
        { id: 'adder', module: 'adder' },
      ]);
      const a = new Puppet(grid, 'a');
      const outcomes = await a.do(
        ['cast', 'adder', 'set', [10]],
        ['call', 'adder', 'add', [1]],
        ['cast', 'adder', 'set', [20]],
        ['call', 'adder', 'add', [2]],
      );
      expect([outcomes[1], outcomes[3]]).toEqual([{ value: 11 }, { value: 22 }]);
    });

    test('send: what the sender changes afterwards is not sent, and two messages never share an object', async () => {
      const grid = await harness.start([
        { id: 'a', module: 'puppet' },
        { id: 'b', module: 'puppet' },
      ]);
      await new Puppet(grid, 'a').do(['sendChanging', 'b'], ['sendChanging', 'b']);
      const [one, two, three, four] = await new Puppet(grid, 'b').values(4);
      expect([one, two, three, four]).toEqual([
        { list: [1], n: 1 },
        { list: [1, 2], n: 2 },
        { list: [1], n: 1 },
        { list: [1, 2], n: 2 },
      ]);
    });

    test('send: two messages to the application never share an object', async () => {
      const grid = await harness.start([{ id: 'a', module: 'puppet' }]);
      await new Puppet(grid, 'a').do(['sendChanging', grid.context.self]);
      const one = await grid.settle(grid.context.receive());
      const two = await grid.settle(grid.context.receive());
      if (one.type !== 'message' || two.type !== 'message') throw new Error('not messages');
      expect((one.value as { list: unknown }).list).not.toBe((two.value as { list: unknown }).list);
    });

    test('send: to oneself it arrives as a copy, after the running handler', async () => {
      const grid = await harness.start([{ id: 'a', module: 'puppet' }]);
      const a = new Puppet(grid, 'a');
      await a.do(['sendChanging', '@self'], ['send', '@self', 'last']);
      expect(await a.values(3)).toEqual([{ list: [1], n: 1 }, { list: [1, 2], n: 2 }, 'last']);
      const shared = { n: 1 };
      await grid.settle(grid.context.send(grid.context.self, shared));
      const item = await grid.settle(grid.context.receive());
      expect(item.type === 'message' && item.value).toEqual({ n: 1 });
      expect(item.type === 'message' && item.value).not.toBe(shared);
    });

    test('send: a message to oneself does not run in the middle of the handler that sent it', async () => {
      const grid = await harness.start([{ id: 'a', module: 'reentrant' }]);
      expect(await grid.settle(grid.context.call('a', 'run', []))).toEqual(['before', 'after']);
      expect(await grid.settle(grid.context.call('a', 'log', []))).toEqual([
        'before',
        'after',
        'info one',
        'info two',
      ]);
    });

    test('transfer: a listed buffer is detached at send and arrives whole', async () => {
      const grid = await harness.start([
        { id: 'a', module: 'puppet' },
        { id: 'b', module: 'puppet' },
      ]);
      const a = new Puppet(grid, 'a');
      expect(await a.get('sendTransferring', 'b', 1000)).toBe(0);
      expect(await a.get('sendTransferring', 'b', 2000)).toBe(0);
      const got = (await new Puppet(grid, 'b').values(2)) as { buffer: ArrayBuffer }[];
      expect(got.map(({ buffer }) => buffer.byteLength)).toEqual([1000, 2000]);
      expect(new Uint8Array(got[1]?.buffer as ArrayBuffer).every((byte) => byte === 7)).toBe(true);
    });

    test('transfer: to oneself, too, the buffer is detached', async () => {
      const grid = await harness.start([{ id: 'a', module: 'puppet' }]);
      const a = new Puppet(grid, 'a');
      expect(await a.get('sendTransferring', '@self', 100)).toBe(0);
      const [got] = (await a.values(1)) as { buffer: ArrayBuffer }[];
      expect(got?.buffer.byteLength).toBe(100);
    });

    test('send: a refused value rejects with its path, and the stream goes on', async () => {
      const grid = await harness.start([{ id: 'b', module: 'puppet' }]);
      const { context } = grid;
      await grid.settle(context.send('b', { shape: 'one', n: 1 }));
      const error = await errorOf(grid.settle(context.send('b', { fresh: { deep: [1, () => 0] } })));
      expect(error).toMatchObject({ code: 'value_refused', path: 'message.fresh.deep[1]' });
      await grid.settle(context.send('b', { fresh: { deep: [1, 2] } }));
      await grid.settle(context.send('b', { shape: 'two', n: 2 }));
      expect(await new Puppet(grid, 'b').values(3)).toEqual([
        { shape: 'one', n: 1 },
        { fresh: { deep: [1, 2] } },
        { shape: 'two', n: 2 },
      ]);
    });

    test('send: a getter of a message that sends is refused, and no message is lost or torn', async () => {
      const grid = await harness.start([
        { id: 'a', module: 'puppet' },
        { id: 'b', module: 'puppet' },
      ]);
      const { context } = grid;
      await grid.settle(context.send('b', 0));
      await grid.settle(context.send('a', 0));
      let inner: Promise<void> | undefined;
      const tricky = (to: string) => ({
        get n(): number {
          inner = context.send(to, 'inner');
          return 1;
        },
      });
      await grid.settle(context.send('b', tricky('b')));
      expect(await errorOf(grid.settle(inner as Promise<void>))).toMatchObject({ code: 'operation_refused' });
      await grid.settle(context.send('b', { self: context.self, tricky: tricky('a') }));
      await grid.settle((inner as Promise<void>).catch(() => undefined));
      await grid.settle(context.send('b', 'last'));
      expect((await new Puppet(grid, 'b').values(4)).map((value) => typeof value)).toEqual([
        'number',
        'object',
        'object',
        'string',
      ]);
    });

    test('send: a target that is neither a name nor an address is refused each time', async () => {
      const grid = await harness.start([]);
      for (const target of [undefined, 5, {}, '', 'x'.repeat(256)]) {
        for (let attempt = 0; attempt < 2; attempt++) {
          const error = await errorOf(grid.settle(grid.context.send(target as string, 1)));
          expect(error).toMatchObject({ code: 'operation_refused', field: 'target' });
        }
      }
      expect(await grid.settle(grid.context.whereis('still-there'))).toBeUndefined();
    });

    test('system calls: what has the wrong shape is refused, and the caller goes on', async () => {
      const grid = await harness.start([]);
      const { context } = grid;
      const slips: Record<string, (() => unknown)[]> = {
        address: [() => context.link('name' as never), () => context.unlink(undefined as never)],
        name: [
          () => context.register(context.self as never),
          () => context.unregister(context.self as never),
          () => context.whereis(context.self as never),
        ],
        operation: [
          () => context.call(context.self, 5 as never, []),
          () => context.cast(context.self, undefined as never, []),
        ],
        parameters: [
          () => context.call(context.self, 'add', undefined as never),
          () => context.cast(context.self, 'add', 'one' as never),
        ],
        match: [() => context.receive({ match: 5 as never })],
        module: [
          () => context.spawn(undefined as never),
          () => context.spawn({} as never),
          () => context.spawn({ module: 7 } as never),
        ],
        on: [() => context.trapExits(undefined as never), () => context.trapExits('yes' as never)],
        reason: [
          () => context.sendExit(context.self, 'normal' as never),
          () => context.sendExit(context.self, { tag: 'killed' } as never),
          () => context.sendExit(context.self, undefined as never),
          () => context.exit('shutdown' as never),
        ],
      };
      for (const [field, calls] of Object.entries(slips)) {
        for (const slip of calls) {
          const error = await errorOf(grid.settle(Promise.resolve().then(slip)));
          expect(error).toMatchObject({ code: 'operation_refused', field });
        }
      }
      expect(await grid.settle(context.whereis('still-there'))).toBeUndefined();
    });
  });

  describe('receive', () => {
    test('receive: takes the first item that matches; what is skipped keeps its order', async () => {
      const grid = await harness.start([{ id: 'a', module: 'puppet' }]);
      const { context } = grid;
      await new Puppet(grid, 'a').do(['sendMany', context.self, 6]);
      const is = (n: number) => (item: Received) => item.type === 'message' && item.value === n;
      const taken = [
        await grid.settle(context.receive({ match: is(3) })),
        await grid.settle(context.receive({ match: is(1) })),
      ];
      for (let n = 0; n < 4; n++) taken.push(await grid.settle(context.receive()));
      expect(values(taken)).toEqual([3, 1, 0, 2, 4, 5]);
    });

    test('receive: a selective one waits for its item while others arrive', async () => {
      const grid = await harness.start([{ id: 'a', module: 'puppet' }]);
      const { context } = grid;
      const waiting = context.receive({ match: (item) => item.type === 'message' && item.value === 4 });
      await new Puppet(grid, 'a').do(['sendMany', context.self, 6]);
      const taken = [await grid.settle(waiting)];
      for (let n = 0; n < 5; n++) taken.push(await grid.settle(context.receive()));
      expect(values(taken)).toEqual([4, 0, 1, 2, 3, 5]);
    });

    test('receive: gives undefined after its timeout, and takes nothing', async () => {
      const grid = await harness.start([{ id: 'a', module: 'puppet' }]);
      const { context } = grid;
      expect(await grid.settle(context.receive({ timeoutMs: 20 }))).toBeUndefined();
      await new Puppet(grid, 'a').do(['send', context.self, 1]);
      expect(await grid.settle(context.receive({ match: () => false, timeoutMs: 20 }))).toBeUndefined();
      expect(values([await grid.settle(context.receive({ timeoutMs: 1000 }))])).toEqual([1]);
    });

    test('receive: with timeout 0 looks at what is there', async () => {
      const grid = await harness.start([]);
      const { context } = grid;
      await grid.settle(context.send(context.self, 1));
      expect(values([await grid.settle(context.receive({ timeoutMs: 0 }))])).toEqual([1]);
      expect(await grid.settle(context.receive({ timeoutMs: 0 }))).toBeUndefined();
    });

    test('receive: a second one while one waits is refused, and the first goes on', async () => {
      const grid = await harness.start([]);
      const { context } = grid;
      const first = context.receive();
      expect(await errorOf(grid.settle(context.receive()))).toMatchObject({ code: 'operation_refused' });
      await grid.settle(context.send(context.self, 'for the first'));
      expect(values([await grid.settle(first)])).toEqual(['for the first']);
    });

    test('receive: what its match throws rejects it, and loses nothing', async () => {
      const grid = await harness.start([{ id: 'a', module: 'puppet' }]);
      const { context } = grid;
      const match = (): boolean => {
        throw new RangeError('thrown by a match');
      };
      const waiting = errorOf(context.receive({ match }));
      await new Puppet(grid, 'a').do(['sendMany', context.self, 2]);
      expect(await grid.settle(waiting)).toBeInstanceOf(RangeError);
      expect(await errorOf(grid.settle(context.receive({ match })))).toBeInstanceOf(RangeError);
      expect(values([await grid.settle(context.receive()), await grid.settle(context.receive())])).toEqual([
        0, 1,
      ]);
    });
  });

  describe('timers', () => {
    test('sendAfter: the value of now arrives later, to oneself and to others', async () => {
      const grid = await harness.start([
        { id: 'a', module: 'puppet' },
        { id: 'b', module: 'puppet' },
      ]);
      await new Puppet(grid, 'a').do(['sendAfter', 30, '@self', 'to me'], ['sendAfter', 20, 'b', 'to you']);
      expect(await new Puppet(grid, 'a').values(1)).toEqual(['to me']);
      expect(await new Puppet(grid, 'b').values(1)).toEqual(['to you']);
    });

    test('sendAfter: one that is cancelled does not come; one that has fired cannot be cancelled', async () => {
      const grid = await harness.start([{ id: 'a', module: 'puppet' }]);
      const a = new Puppet(grid, 'a');
      await a.do(['sendAfter', 10, '@self', 'cancelled'], ['sendAfter', 20, '@self', 'fired'], ['cancel', 0]);
      expect(await a.values(1)).toEqual(['fired']);
      expect(await a.get('cancel', 1)).toBe(false);
      expect(await a.get('cancel', 0)).toBe(false);
    });

    test('sendAfter: a message to oneself that is sent again from its own handler does not stop the thread', async () => {
      const grid = await harness.start([{ id: 'a', module: 'ticking' }]);
      expect(await grid.settle(grid.context.call('a', 'ticks', [20]))).toBeGreaterThanOrEqual(20);
    });

    test('sendAfter: a value that is refused is refused at once', async () => {
      const grid = await harness.start([]);
      expect(() => grid.context.sendAfter(10, grid.context.self, () => 0)).toThrow(
        expect.objectContaining({ code: 'value_refused' }),
      );
    });
  });
}
