import { describe, expect } from '@jest/globals';
import type { Harness } from '../harness.js';
import { endOf, errorOf, lost, Puppet } from '../puppets.js';

/** Longer than any restart takes, on whatever machine. */
const PATIENT = { sendTimeoutMs: 60_000 };
const PATIENT_CALL = { timeoutMs: 60_000 };
const numbers = (n: number, from = 0): number[] => Array.from({ length: n }, (_, at) => from + at);

export function parking(harness: Harness): void {
  const { test } = harness;
  const start = (restart: 'permanent' | 'temporary', intensity = 3) =>
    harness.start(
      [
        { id: 'a', module: 'puppet' },
        { id: 'b', module: 'puppet', restart, terms: PATIENT },
      ],
      { intensity },
    );

  describe('parking', () => {
    test('parking: messages to a name whose holder restarts wait, in order, and reach the next incarnation', async () => {
      const grid = await start('permanent');
      const [a, b] = [new Puppet(grid, 'a'), new Puppet(grid, 'b')];
      await a.do(['send', 'b', 'to the first']);
      await b.items(1);
      await a.do(['monitor', 'b']);
      // The application has heard of it, too, when it asks the next one.
      await endOf(grid, 'b', () => {
        grid.crash('b');
      });
      await a.items(1);
      await a.do(...numbers(8).map((n) => ['send', 'b', n] as const));
      await a.do(...numbers(8, 8).map((n) => ['send', 'b', n] as const));
      const values = await b.values(16);
      expect(values).toEqual(numbers(16));
    });

    test('parking: a call waits, too, and is answered by the next incarnation', async () => {
      const grid = await harness.start([
        { id: 'a', module: 'puppet' },
        { id: 'adder', module: 'adder', args: 1, restart: 'permanent' },
      ]);
      const a = new Puppet(grid, 'a');
      await a.do(['call', 'adder', 'add', [5]], ['monitor', 'adder']);
      grid.crash('adder');
      await a.items(1);
      expect(await a.get('call', 'adder', 'add', [1], PATIENT_CALL)).toBe(2);
    });

    test('parking: calls in flight end with `down`', async () => {
      const grid = await harness.start([{ id: 'adder', module: 'adder', restart: 'permanent' }]);
      const { context } = grid;
      await grid.settle(context.call('adder', 'add', [1]));
      const inFlight = errorOf(context.call('adder', 'hangTelling', [context.self], PATIENT_CALL));
      await grid.settle(context.receive());
      grid.crash('adder');
      expect(await grid.settle(inFlight)).toMatchObject({ code: 'down' });
      expect(await grid.settle(context.call('adder', 'add', [1], PATIENT_CALL))).toBe(1);
    });

    test('parking: what waited for room at the old incarnation goes before what is sent later', async () => {
      const grid = await harness.start([
        { id: 'a', module: 'puppet' },
        { id: 'h', module: 'holder', restart: 'permanent', terms: { ...PATIENT, capacity: 8 } },
      ]);
      const a = new Puppet(grid, 'a');
      const early = a.start(...numbers(24).map((n) => ['send', 'h', n] as const));
      await a.do(['monitor', 'h']);
      grid.crash('h');
      await a.items(1);
      const late = a.start(...numbers(2, 24).map((n) => ['send', 'h', n] as const));
      while ((await grid.settle(grid.context.whereis('h'))) === undefined);
      grid.near('h').sendExit('h', { tag: 'normal' });
      const outcomes = [...(await grid.settle(early)), ...(await grid.settle(late))];
      // Those that waited for room in too great a number were refused, and are not expected.
      const sent = outcomes.flatMap((one, n) => ('value' in one ? [n] : []));
      expect(sent.length).toBeGreaterThanOrEqual(24);
      const got = (await a.get('call', 'h', 'taken', [])) as number[];
      // What lay unread in the dead incarnation's mailbox is lost: its first window and its capacity at most.
      const [first = -1] = got;
      expect(first).toBeGreaterThanOrEqual(8);
      expect(first).toBeLessThanOrEqual(16);
      expect(got).toEqual(sent.filter((n) => n >= first));
    });

    test('parking: if the supervisor gives up, the parked become dead letters, and calls end `noproc`', async () => {
      const grid = await start('permanent', 0);
      const { context } = grid;
      await grid.settle(context.call('b', 'state', []));
      const monitor = await grid.settle(context.monitor('b'));
      grid.crash('b');
      // A thread that has not ended yet may still answer it.
      const call = context.call('b', 'state', [], { timeoutMs: 60_000 }).then(
        () => 'answered',
        (error: unknown) => (error as { code: string }).code,
      );
      await grid.settle(context.send('b', 1));
      await grid.settle(
        context.receive({ match: (item) => item.type === 'down' && item.monitor === monitor }),
      );
      expect(['noproc', 'down', 'answered']).toContain(await grid.settle(call));
      expect(await errorOf(grid.settle(context.call('b', 'state', [])))).toMatchObject({ code: 'noproc' });
    });

    test('parking: a message to the address of a dead incarnation is a dead letter', async () => {
      const grid = await start('permanent');
      const [a, b] = [new Puppet(grid, 'a'), new Puppet(grid, 'b')];
      const old = await b.address();
      await a.do(['monitor', 'b']);
      grid.crash('b');
      await a.items(1);
      await a.do(['send', old, 'too late'], ['send', 'b', 'in time']);
      expect(await b.values(1)).toEqual(['in time']);
      await grid.reported((events) => lost(events, 'dead') === 1);
    });

    test('parking: while a child boots for the first time, messages to its name wait', async () => {
      const grid = await start('temporary');
      const a = new Puppet(grid, 'a');
      const spawned = a.start(['spawn', { module: './adder.ts', args: 7, name: 'late' }]);
      await grid.settle(spawned);
      expect(await a.get('call', 'late', 'add', [1])).toBe(8);
    });
  });

  describe('dead letters', () => {
    test('dead letters: a message to a name that nobody holds is counted', async () => {
      const grid = await start('temporary');
      await new Puppet(grid, 'a').do(['sendMany', 'nobody', 5]);
      await grid.reported((events) => lost(events, 'no-such-name') === 5);
      expect(grid.events.find(({ kind }) => kind === 'undelivered')).toEqual({
        kind: 'undelivered',
        path: 'tree/a',
        target: "'nobody'",
        cause: 'no-such-name',
        count: 5,
      });
    });

    test('dead letters: what lay unread when an environment ended is counted', async () => {
      const grid = await harness.start([
        { id: 'a', module: 'puppet' },
        { id: 'q', module: 'quitter' },
      ]);
      await new Puppet(grid, 'a').do(['sendMany', 'q', 5], ['whereis', 'q']);
      await endOf(grid, 'q', () => {
        grid.near('q').sendExit('q', { tag: 'normal' });
      });
      await grid.reported((events) => lost(events, 'unread') === 5);
      expect(lost(grid.events, 'unread')).toBe(5);
    });
  });

  describe('ends in the turn of its sends', () => {
    test('end: a sender that ends in the turn of its sends has sent them, at first contact', async () => {
      const grid = await start('temporary');
      const b = new Puppet(grid, 'b');
      await new Puppet(grid, 'a').tell(['sendMany', 'b', 8], ['exit', { tag: 'normal' }]);
      expect(await b.values(8)).toEqual(numbers(8));
    });

    test('end: and later', async () => {
      const grid = await start('temporary');
      const [a, b] = [new Puppet(grid, 'a'), new Puppet(grid, 'b')];
      await a.do(['sendMany', 'b', 8]);
      await b.items(8);
      // The answer comes behind the credit for those: more than half of a first window.
      await a.do(['call', 'b', 'state', []]);
      await a.tell(...numbers(4, 8).map((n) => ['send', 'b', n] as const), ['exit', { tag: 'error' }]);
      expect(await b.values(12)).toEqual(numbers(12));
    });

    test('end: and with addresses in them', async () => {
      const grid = await harness.start([
        { id: 'a', module: 'puppet' },
        { id: 'b', module: 'puppet' },
        { id: 'c', module: 'puppet' },
      ]);
      const [a, b, c] = [new Puppet(grid, 'a'), new Puppet(grid, 'b'), new Puppet(grid, 'c')];
      const toC = await c.address();
      await a.tell(['send', 'b', [toC]], ['send', 'b', 'last'], ['exit', { tag: 'normal' }]);
      expect(await b.values(2)).toEqual([[toC], 'last']);
    });

    test('end: a task that sends and returns has sent', async () => {
      const grid = await start('temporary');
      const reason = await endOf(grid, 'a', () =>
        new Puppet(grid, 'a').tell(['send', grid.context.self, 'bye'], ['exit', { tag: 'normal' }]),
      );
      expect(reason.tag).toBe('normal');
      expect(await grid.settle(grid.context.receive())).toMatchObject({ type: 'message', value: 'bye' });
    });
  });
}
