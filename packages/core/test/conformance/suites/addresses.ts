import { describe, expect } from '@jest/globals';
import type { Address } from '../../../src/index.js';
import type { Harness } from '../harness.js';
import { endOf, errorOf, Puppet } from '../puppets.js';

export function addresses(harness: Harness): void {
  const { test } = harness;
  const start = async () => {
    const grid = await harness.start([
      { id: 'a', module: 'puppet' },
      { id: 'b', module: 'puppet' },
      { id: 'c', module: 'puppet' },
    ]);
    return { grid, a: new Puppet(grid, 'a'), b: new Puppet(grid, 'b'), c: new Puppet(grid, 'c') };
  };

  describe('addresses', () => {
    test('address: is the same object for the same incarnation, by whatever way it came', async () => {
      const { grid, a, b, c } = await start();
      const toC = await c.address();
      expect(await grid.settle(grid.context.whereis('c'))).toBe(toC);
      await a.do(['send', 'b', [toC, toC]], ['send', 'b', new Map([[toC, 1]])]);
      const [pair, map] = (await b.values(2)) as [Address[], Map<Address, number>];
      expect(pair).toEqual([toC, toC]);
      expect(pair[0]).toBe(toC);
      expect(pair[1]).toBe(toC);
      expect(map.get(toC)).toBe(1);
    });

    test('address: a third party can be reached by it, and can answer', async () => {
      const { grid, a, b, c } = await start();
      await a.do(['send', await b.address(), { replyTo: await c.address() }]);
      const [{ replyTo }] = (await b.values(1)) as [{ replyTo: Address }];
      await b.do(['send', replyTo, { replyTo: grid.context.self }]);
      const [{ replyTo: back }] = (await c.values(1)) as [{ replyTo: Address }];
      expect(back).toBe(grid.context.self);
    });

    test('address: the own one can be sent to oneself and passed on', async () => {
      const { a, b } = await start();
      const toA = await a.address();
      await a.do(['send', '@self', { me: toA }]);
      expect(await a.values(1)).toEqual([{ me: toA }]);
      await b.do(['send', 'a', toA]);
      expect((await a.values(2))[1]).toBe(toA);
    });

    test('address: messages with addresses and without keep their order', async () => {
      const { a, b, c } = await start();
      const [toB, toC] = [await b.address(), await c.address()];
      await a.do(
        ...Array.from(
          { length: 30 },
          (_, n) => ['send', 'b', n % 4 === 0 ? [n, toC] : n % 4 === 1 ? [n, toB, toC] : [n]] as const,
        ),
      );
      const values = (await b.values(30)) as [number, ...unknown[]][];
      expect(values.map(([n]) => n)).toEqual(Array.from({ length: 30 }, (_, n) => n));
    });

    test('address: of a dead environment is still the same to everybody, and leads nowhere', async () => {
      const { grid, a, b, c } = await start();
      const toC = await c.address();
      await b.do(['whereis', 'c']);
      await endOf(grid, 'c', () => c.tell(['exit', { tag: 'normal' }]));
      await a.do(['send', 'b', toC], ['send', 'b', { again: toC }]);
      const [first, second] = (await b.values(2)) as [Address, { again: Address }];
      expect(first).toBe(toC);
      expect(second.again).toBe(first);
      await b.do(['send', first, 1]);
      expect(await b.code('call', first, 'x', [])).toBe('noproc');
      expect(await errorOf(grid.settle(grid.context.call(first, 'x', [])))).toMatchObject({ code: 'noproc' });
    });

    test('address: 300 different ones can be passed in one message and in many, and used again', async () => {
      const { grid, a, b } = await start();
      // Tasks, which end at once: no host has to carry 300 threads for this.
      const all: Address[] = [];
      for (let n = 0; n < 23; n++) {
        const spawned = await a.do(
          ...Array.from({ length: 13 }, () => ['spawn', { module: './twice.ts', args: n }] as const),
        );
        all.push(...spawned.map((one) => ('value' in one ? (one.value as Address) : (undefined as never))));
      }
      all.push((await a.get('spawn', { module: './adder.ts', args: 9 })) as Address);
      expect(new Set(all).size).toBe(300);
      await a.do(['send', 'b', all], ...all.map((one) => ['send', 'b', one] as const), [
        'send',
        'b',
        [...all].reverse(),
      ]);
      const values = await b.values(302);
      expect(values[0]).toEqual(all);
      expect((values[0] as Address[]).every((one, n) => one === all[n])).toBe(true);
      expect(values.slice(1, 301).every((one, n) => one === all[n])).toBe(true);
      expect((values[301] as Address[]).every((one, n) => one === all[299 - n])).toBe(true);
      expect(await grid.settle(grid.context.call(all[299] as Address, 'add', [1]))).toBe(10);
      // Only that it happens at all: 300 threads start and end here.
    }, 120_000);

    test('address: says nothing that could be counted or compared', async () => {
      const { a, b } = await start();
      const [toA, toB] = [await a.address(), await b.address()];
      expect(Object.isFrozen(toA)).toBe(true);
      expect(Reflect.ownKeys(toA)).toEqual([]);
      expect(String(toA)).toBe(String(toB));
      expect(JSON.stringify(toA)).toBe(JSON.stringify(toB));
    });
  });
}
