/** Erlang's reference manual, chapter "Processes": links, monitors, exit signals. */
import { describe, expect } from '@jest/globals';
import type { Harness } from '../harness.js';
import { endOf, Puppet } from '../puppets.js';

export function signals(harness: Harness): void {
  const { test } = harness;
  const start = async () => {
    const grid = await harness.start([
      { id: 'a', module: 'puppet' },
      { id: 'b', module: 'puppet' },
      { id: 'c', module: 'puppet' },
    ]);
    const [a, b, c] = [new Puppet(grid, 'a'), new Puppet(grid, 'b'), new Puppet(grid, 'c')];
    return { grid, a, b, c };
  };

  /** What others hear of an end: from beyond a namespace all ends are one. */
  const told = <R>(reason: R): R | { readonly tag: 'noproc' } =>
    harness.isolated === true ? { tag: 'noproc' } : reason;

  describe('monitors', () => {
    test('monitor: one `down` with the reason for each, exactly once', async () => {
      const { grid, a, b } = await start();
      await a.do(['monitor', 'b'], ['monitor', 'b'], ['monitor', await b.address()]);
      await b.tell(['exit', { tag: 'error', detail: 'why' }]);
      const items = await a.items(3);
      expect(items.map((item) => item.type === 'down' && item.monitor)).toEqual([0, 1, 2]);
      for (const item of items) expect(item).toMatchObject({ reason: told({ tag: 'error', detail: 'why' }) });
      await grid.settle(grid.context.send('a', 'after'));
      expect((await a.items(4)).map(({ type }) => type)).toEqual(['down', 'down', 'down', 'message']);
    });

    test('monitor: more system calls than the kernel reads at a time leave in order, the last one of a life too', async () => {
      const { grid, a, b } = await start();
      await b.do(['trapExits', true]);
      const address = await b.address();
      await endOf(grid, 'a', () =>
        a.tell(
          ...Array.from(
            { length: 3000 },
            (_, n) => ['sendExit', address, { tag: 'error', detail: n }] as const,
          ),
          ['exit', { tag: 'normal' }],
        ),
      );
      const items = await b.items(3000);
      expect(items.map((item) => item.type === 'exit' && item.reason.detail)).toEqual(
        Array.from({ length: 3000 }, (_, n) => n),
      );
    });

    test('monitor: of nobody gives `noproc` at once', async () => {
      const { grid, a, b } = await start();
      const address = await b.address();
      await endOf(grid, 'b', () => b.tell(['exit', { tag: 'normal' }]));
      await a.do(['monitor', 'nobody'], ['monitor', address]);
      expect((await a.items(2)).map((item) => item.type === 'down' && item.reason.tag)).toEqual([
        'noproc',
        'noproc',
      ]);
    });

    test('demonitor: no `down` comes any more, and one that lies in the mailbox is removed', async () => {
      const { grid, b, c } = await start();
      const { context } = grid;
      const monitor = await grid.settle(context.monitor('b'));
      const other = await grid.settle(context.monitor('b'));
      const third = await grid.settle(context.monitor('c'));
      context.demonitor(other);
      await b.tell(['exit', { tag: 'normal' }]);
      // The next `down` says that b's has come; it is skipped by looking for another.
      await c.tell(['exit', { tag: 'normal' }]);
      const match = (item: { type: string; monitor?: unknown }): boolean =>
        item.type === 'down' && item.monitor === third;
      await grid.settle(context.receive({ match }));
      await grid.settle(
        context.receive({ match: (item) => item.type === 'down' && item.monitor === monitor }),
      );
      expect(await grid.settle(context.receive({ timeoutMs: 0 }))).toBeUndefined();
    });

    test('demonitor: flushes', async () => {
      const { grid, b } = await start();
      const { context } = grid;
      const kept = await grid.settle(context.monitor('b'));
      const dropped = await grid.settle(context.monitor('b'));
      await b.tell(['exit', { tag: 'normal' }]);
      await grid.settle(context.receive({ match: (item) => item.type === 'down' && item.monitor === kept }));
      context.demonitor(dropped);
      expect(await grid.settle(context.receive({ timeoutMs: 0 }))).toBeUndefined();
    });

    test('monitor: a `down` never overtakes what the dead one had sent', async () => {
      const { grid, a, b } = await start();
      await b.do(['monitor', 'a']);
      await a.tell(['sendMany', 'b', 8], ['exit', { tag: 'error' }]);
      const items = await b.items(9);
      expect(items.map((item) => (item.type === 'message' ? item.value : item.type))).toEqual([
        0,
        1,
        2,
        3,
        4,
        5,
        6,
        7,
        'down',
      ]);
      expect(grid.failure).toBeUndefined();
    });

    test('monitor: a `down` never overtakes 1000 messages in flight', async () => {
      const { a, b } = await start();
      await b.do(['monitor', 'a']);
      // The window grows with use: then that many can be under way at once.
      for (let n = 0; n < 6; n++) await a.do(['sendMany', 'b', 500]);
      const before = (await b.items(3000)).length;
      await a.tell(['sendMany', 'b', 1000], ['exit', { tag: 'error' }]);
      let items = await b.items(before + 1);
      while (items.at(-1)?.type !== 'down') items = await b.items(items.length + 1);
      const got = items.slice(before).map((item) => (item.type === 'message' ? item.value : item.type));
      expect(got.pop()).toBe('down');
      expect(got).toEqual(Array.from({ length: got.length }, (_, n) => n));
      expect(got.length).toBeGreaterThanOrEqual(8);
    });
  });

  describe('links', () => {
    test('link: an exit with a reason other than normal ends a linked environment that does not trap exits', async () => {
      const { grid, a, b } = await start();
      await a.do(['link', await b.address()], ['whereis', 'b']);
      const reason = await endOf(grid, 'a', () => b.tell(['exit', { tag: 'error', detail: [1] }]));
      expect(reason).toEqual(told({ tag: 'error', detail: [1] }));
    });

    test('link: works both ways', async () => {
      const { grid, a, b } = await start();
      await a.do(['link', await b.address()], ['whereis', 'b']);
      const reason = await endOf(grid, 'b', () => a.tell(['exit', { tag: 'shutdown' }]));
      expect(reason).toEqual(told({ tag: 'shutdown' }));
    });

    test('link: an exit `normal` does not end the linked one, unless it is one of another namespace: that is no different there', async () => {
      const { grid, a, b } = await start();
      await a.do(['link', await b.address()], ['monitor', 'b']);
      if (harness.isolated === true) {
        expect(await endOf(grid, 'a', () => b.tell(['exit', { tag: 'normal' }]))).toEqual({ tag: 'noproc' });
        return;
      }
      await b.tell(['exit', { tag: 'normal' }]);
      expect((await a.items(1)).map(({ type }) => type)).toEqual(['down']);
      expect(await grid.settle(grid.context.whereis('a'))).toBe(await a.address());
    });

    test('link: one that traps exits gets each as an item, `normal` too, from the address that it linked', async () => {
      const { a, b, c } = await start();
      const [toB, toC] = [await b.address(), await c.address()];
      await a.do(['trapExits', true], ['link', toB], ['link', toC], ['whereis', 'b']);
      await b.tell(['exit', { tag: 'normal' }]);
      expect(await a.items(1)).toEqual([{ type: 'exit', from: toB, reason: told({ tag: 'normal' }) }]);
      await c.tell(['exit', { tag: 'error', detail: 'x' }]);
      const [first, second] = await a.items(2);
      expect(first?.type === 'exit' && first.from).toBe(toB);
      expect(second?.type === 'exit' && second.from).toBe(toC);
    });

    test('link: a death goes on along a chain, and stops at one that traps', async () => {
      const { grid, a, b, c } = await start();
      await b.do(['link', await a.address()], ['whereis', 'a']);
      await c.do(['trapExits', true], ['link', await b.address()], ['whereis', 'b']);
      const toB = await b.address();
      await a.tell(['exit', { tag: 'error', detail: 'first' }]);
      expect(await c.items(1)).toEqual([
        { type: 'exit', from: toB, reason: told({ tag: 'error', detail: 'first' }) },
      ]);
      expect(await grid.settle(grid.context.whereis('b'))).toBeUndefined();
    });

    test('link: with nobody is an exit signal `noproc`', async () => {
      const { grid, a, b, c } = await start();
      const gone = await b.address();
      await endOf(grid, 'b', () => b.tell(['exit', { tag: 'normal' }]));
      await a.do(['trapExits', true], ['link', gone]);
      expect(await a.items(1)).toEqual([{ type: 'exit', from: gone, reason: { tag: 'noproc' } }]);
      const reason = await endOf(grid, 'c', () => c.tell(['link', gone]));
      expect(reason).toEqual({ tag: 'noproc' });
    });

    test('unlink: no exit comes over the link any more', async () => {
      const { grid, a, b } = await start();
      const toB = await b.address();
      await a.do(['link', toB], ['link', toB]);
      await a.get('unlink', toB);
      await endOf(grid, 'b', () => b.tell(['exit', { tag: 'error' }]));
      expect(await grid.settle(grid.context.whereis('a'))).toBe(await a.address());
    });

    test('link: after the last exit was trapped, trapping no more does not end it', async () => {
      const { grid, a, b } = await start();
      await a.do(['trapExits', true], ['link', await b.address()], ['whereis', 'b']);
      await b.tell(['exit', { tag: 'error' }]);
      await a.items(1);
      await a.do(['trapExits', false]);
      await a.do(['sendAfter', 600, '@self', 'still here']);
      expect(await a.items(2)).toHaveLength(2);
      expect(grid.events.filter(({ kind }) => kind === 'violation')).toEqual([]);
    });

    test('link: a killed one is told as `killed`, and that can be trapped', async () => {
      const { grid, a, b, c } = await start();
      const toB = await b.address();
      await a.do(['trapExits', true], ['link', toB], ['whereis', 'b']);
      await c.do(['link', toB], ['whereis', 'b']);
      const reason = await endOf(grid, 'c', () => {
        grid.near('b').kill('b');
      });
      expect(reason).toEqual(told({ tag: 'killed' }));
      expect(await a.items(1)).toEqual([{ type: 'exit', from: toB, reason: told({ tag: 'killed' }) }]);
    });
  });

  describe('exit signals', () => {
    test('kill: ends an environment with `killed`, trapping or not; nobody of another namespace', async () => {
      for (const trapping of [false, true]) {
        const { grid, a, b } = await start();
        await b.do(['trapExits', trapping]);
        if (harness.isolated === true) {
          const address = await b.address();
          await a.do(['kill', 'b'], ['kill', address], ['call', 'b', 'state', []]);
          expect(await b.address()).toBe(address);
        } else expect(await endOf(grid, 'b', () => a.do(['kill', 'b']))).toEqual({ tag: 'killed' });
      }
    });

    test('sendExit: ends an environment that does not trap, with that reason', async () => {
      const { grid, a, b } = await start();
      const toB = await b.address();
      expect(await endOf(grid, 'b', () => a.do(['sendExit', toB, { tag: 'error', detail: 5 }]))).toEqual({
        tag: 'error',
        detail: 5,
      });
    });

    test('sendExit: `normal` to another is ignored, unless it traps', async () => {
      const { grid, a, b, c } = await start();
      await c.do(['trapExits', true]);
      await a.do(
        ['sendExit', 'b', { tag: 'normal' }],
        ['sendExit', 'c', { tag: 'normal', detail: 1 }],
        ['call', 'b', 'state', []],
      );
      expect(await c.items(1)).toEqual([
        { type: 'exit', from: await a.address(), reason: { tag: 'normal', detail: 1 } },
      ]);
      expect(await grid.settle(grid.context.whereis('b'))).toBe(await b.address());
    });

    test('sendExit: `normal` to oneself ends one that does not trap', async () => {
      const { grid, a, b } = await start();
      expect(await endOf(grid, 'a', () => a.tell(['sendExit', '@self', { tag: 'normal' }]))).toEqual({
        tag: 'normal',
      });
      await b.do(['trapExits', true], ['sendExit', '@self', { tag: 'normal' }]);
      expect(await b.items(1)).toEqual([
        { type: 'exit', from: await b.address(), reason: { tag: 'normal' } },
      ]);
    });

    test('sendExit: to nobody does nothing', async () => {
      const { grid, a } = await start();
      await a.do(['sendExit', 'nobody', { tag: 'error' }], ['kill', 'nobody'], ['whereis', 'a']);
      expect(grid.events.filter(({ kind }) => kind === 'violation')).toEqual([]);
    });

    test('sendExit: does not overtake messages, first contact and addresses in them included', async () => {
      const { grid, a, b, c } = await start();
      await b.do(['trapExits', true]);
      const toC = await c.address();
      await a.do(
        ['send', 'b', 1],
        ['send', 'b', { carries: toC }],
        ['sendExit', 'b', { tag: 'error', detail: 'last' }],
      );
      expect((await b.items(3)).map(({ type }) => type)).toEqual(['message', 'message', 'exit']);
      await grid.settle(grid.context.send('c', 1));
      grid.context.sendExit('b', { tag: 'error', detail: 'again' });
      await a.do(['send', 'b', { carries: [toC, await b.address()] }], ['sendExit', 'b', { tag: 'error' }]);
      const types = (await b.items(6)).slice(3).map(({ type }) => type);
      expect(types.indexOf('message')).toBeLessThan(types.lastIndexOf('exit'));
    });

    test('sendExit: is ordered with the end of its sender', async () => {
      const { a, b } = await start();
      await b.do(['trapExits', true], ['monitor', 'a']);
      await a.tell(['send', 'b', 1], ['sendExit', 'b', { tag: 'error' }], ['exit', { tag: 'normal' }]);
      expect((await b.items(3)).map(({ type }) => type)).toEqual(['message', 'exit', 'down']);
    });

    test('trapExits: a crash from outside is an exit like any other', async () => {
      const { grid, a, b } = await start();
      const toB = await b.address();
      await a.do(['trapExits', true], ['link', toB], ['whereis', 'b']);
      grid.crash('b');
      expect(await a.items(1)).toMatchObject([
        { type: 'exit', reason: told({ tag: expect.stringMatching(/^(error|killed)$/) }) },
      ]);
    });
  });
}
