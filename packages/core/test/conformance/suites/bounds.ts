import { describe, expect } from '@jest/globals';
import type { MailboxTerms } from '../../../src/protocol/notices.js';
import type { Harness } from '../harness.js';
import { endOf, errorOf, lost, ofKind, Puppet } from '../puppets.js';
import type { Outcome, Step } from '../modules/puppet.js';

const codes = (outcomes: readonly Outcome[]): string[] =>
  outcomes.map((one) => ('code' in one ? one.code : 'sent'));
const count = (outcomes: readonly Outcome[], what: string): number =>
  codes(outcomes).filter((code) => code === what).length;

/** `n` sends of numbers, each with an outcome of its own. */
const sends = (target: string, n: number): Step[] =>
  Array.from({ length: n }, (_, at) => ['send', target, at] as const);

export function bounds(harness: Harness): void {
  const { test } = harness;
  /** A puppet, and a holder that reads nothing until it gets an exit signal. */
  const start = async (terms: Partial<MailboxTerms>) => {
    const grid = await harness.start([
      { id: 'a', module: 'puppet' },
      { id: 'h', module: 'holder', terms },
    ]);
    const a = new Puppet(grid, 'a');
    const release = () => {
      grid.near('h').sendExit('h', { tag: 'normal' });
      return a.do(['whereis', 'h']);
    };
    /** As soon as it is so much. Who asks is not who has sent: the question may be there before what was sent. */
    const taken = async (atLeast = 0): Promise<unknown[]> => {
      for (;;) {
        const all = await grid.settle(grid.context.call('h', 'taken', [], { timeoutMs: 60_000 }));
        const values = (all as unknown[]).filter((value) => value !== 'warm');
        if (values.length >= atLeast) return values;
      }
    };
    return { grid, a, release, taken };
  };

  /** Sends until so many have been: what has waited in vain for a grant that comes late is sent again. */
  const sendAll = async (a: Puppet, n: number): Promise<void> => {
    for (let left = n; left > 0;) left -= count(await a.do(...sends('h', left)), 'sent');
  };

  /** The same, after the first contact: now the sender knows the terms of the mailbox, and has 7 sends left. */
  const startWarm = async (terms: Partial<MailboxTerms>) => {
    const started = await start(terms);
    await started.a.do(['send', 'h', 'warm'], ['whereis', 'h']);
    return started;
  };

  describe('overflow', () => {
    test('block: a send waits for room, and leaves in order when there is some', async () => {
      const { a, release, taken, grid } = await startWarm({ capacity: 10 });
      const sent = a.start(...sends('h', 30));
      const more = a.start(['send', 'h', 'more']);
      await a.do(['whereis', 'h']);
      // Those that have waited for more than the capacity were refused at once.
      await release();
      const [outcomes, last] = [await grid.settle(sent), await grid.settle(more)];
      expect(new Set(codes(outcomes).concat(codes(last)))).toEqual(new Set(['sent', 'full']));
      const sentInAll = count(outcomes, 'sent') + count(last, 'sent');
      const got = await taken(sentInAll);
      expect(got).toHaveLength(sentInAll);
      expect(got).toEqual([...got].sort((one, two) => Number(one) - Number(two)));
    });

    test('block: after sendTimeoutMs without room it rejects with `full`, and was not sent', async () => {
      const { a, release, taken } = await startWarm({ capacity: 10, sendTimeoutMs: 50 });
      const outcomes = await a.do(...sends('h', 17), ['send', 'h', 'one too many']);
      expect(count(outcomes, 'full')).toBeGreaterThan(0);
      const sent = count(outcomes, 'sent');
      expect(sent).toBeGreaterThanOrEqual(7);
      expect(sent).toBeLessThanOrEqual(17);
      await release();
      expect(await taken(sent)).toEqual(Array.from({ length: sent }, (_, n) => n));
    });

    test('block: a send that waited behind one that was too large for the room gets its turn', async () => {
      const { a, grid, release, taken } = await startWarm({
        capacity: 100,
        capacityBytes: 100_000,
        sendTimeoutMs: 100,
      });
      await a.do(['sendBytes', 'h', 60_000], ['sendBytes', 'h', 99_000]);
      const large = a.start(['sendBytes', 'h', 50_000]);
      await a.do(['sendAfter', 60, '@self', 'half of the time is over']);
      await a.items(1);
      const small = a.start(['send', 'h', 'small']);
      expect(codes(await grid.settle(large))).toEqual(['full']);
      expect(codes(await grid.settle(small))).toEqual(['sent']);
      await release();
      // Of the two before it the second was let in or not, as the room was.
      let got = await taken();
      while (!got.includes('small')) got = await taken(got.length);
      expect(got.at(-1)).toBe('small');
    });

    test('reject: at zero credit a send rejects at once with `full`', async () => {
      const { a, release, taken } = await startWarm({ capacity: 10, overflow: 'reject' });
      const outcomes = await a.do(...sends('h', 12));
      expect(codes(outcomes).slice(0, 7)).toEqual(Array.from({ length: 7 }, () => 'sent'));
      expect(codes(outcomes).slice(7)).toEqual(Array.from({ length: 5 }, () => 'full'));
      await release();
      expect(await taken(7)).toEqual([0, 1, 2, 3, 4, 5, 6]);
    });

    test('reject: the window grows with use', async () => {
      const { a, release } = await start({ overflow: 'reject' });
      await release();
      for (let n = 0; n < 6; n++) await a.do(...sends('h', 100), ['call', 'h', 'taken', []]);
      // The grant for the last burst may still be under way (the call was refused, too): each round trip to
      // the sender gives it time. Credit that was lost would never come.
      while (count(await a.do(...sends('h', 64)), 'full') > 0);
    });

    test('drop-newest: at zero credit the new one is dropped and counted', async () => {
      const { a, grid, release, taken } = await startWarm({ capacity: 10, overflow: 'drop-newest' });
      const outcomes = await a.do(...sends('h', 12));
      expect(count(outcomes, 'sent')).toBe(12);
      await grid.reported((events) => lost(events, 'dropped') === 5);
      await release();
      expect(await taken(7)).toEqual([0, 1, 2, 3, 4, 5, 6]);
    });

    test('drop-oldest: at zero credit the oldest of the own unsent ones is dropped and counted', async () => {
      const { a, grid, release, taken } = await startWarm({ capacity: 5, overflow: 'drop-oldest' });
      const outcomes = await a.do(...sends('h', 40));
      expect(count(outcomes, 'sent')).toBe(40);
      await release();
      let got = (await taken()) as number[];
      // The last grant may still be under way: each round trip gives it time.
      while (got.at(-1) !== 39) got = (await taken()) as number[];
      expect(got.slice(0, 7)).toEqual([0, 1, 2, 3, 4, 5, 6]);
      expect(got).toEqual([...got].sort((one, two) => one - two));
      await grid.reported((events) => lost(events, 'dropped') === 40 - got.length);
    });

    test('overflow: a call that is dropped or refused ends with `full`', async () => {
      for (const overflow of ['reject', 'drop-newest'] as const) {
        const { a } = await startWarm({ capacity: 4, overflow });
        // There is room for a dozen; each round trip gives a grant that is under way the time to come and be used. A
        // call that finds such a one is not answered, and has used it.
        let code = 'timeout';
        for (let n = 0; n < 16; n++) await a.do(...sends('h', 20), ['whereis', 'h']);
        for (let n = 0; n < 12 && code === 'timeout'; n++)
          code = await a.code('call', 'h', 'taken', [], { timeoutMs: 100 });
        expect(code).toBe('full');
      }
    });

    /** Two senders fill the mailbox of the application and wait for room. */
    const flooded = async () => {
      const grid = await harness.start([
        { id: 'a', module: 'puppet' },
        { id: 'b', module: 'puppet' },
        { id: 'adder', module: 'adder' },
      ]);
      const { context } = grid;
      const floods = ['a', 'b'].map((id) => new Puppet(grid, id).start(['sendMany', context.self, 900]));
      const drain = async (): Promise<void> => {
        for (let n = 0; n < 1800; n++) await grid.settle(context.receive());
        expect(await grid.settle(Promise.all(floods))).toEqual([
          [{ value: undefined }],
          [{ value: undefined }],
        ]);
      };
      return { grid, context, drain };
    };

    test('overflow: replies never wait, whatever lies in the mailbox of the caller', async () => {
      const { grid, context, drain } = await flooded();
      expect(await grid.settle(context.call('adder', 'add', [1]))).toBe(1);
      await drain();
    });

    test('overflow: a `down` needs no room', async () => {
      const { grid, context, drain } = await flooded();
      const monitor = await grid.settle(context.monitor('adder'));
      grid.near('adder').kill('adder');
      const down = await grid.settle(context.receive({ match: (item) => item.type === 'down' }));
      expect(down).toMatchObject({ monitor, reason: { tag: 'killed' } });
      await drain();
    });
  });

  describe('self', () => {
    test('self: a send to oneself is accepted while the mailbox has room, and then rejects at once', async () => {
      const grid = await harness.start([{ id: 'a', module: 'selfish', terms: { capacity: 20 } }]);
      const { accepted, refused, read } = (await grid.settle(
        grid.context.call('a', 'flood', [100]),
      )) as Record<string, number>;
      expect(accepted).toBeGreaterThanOrEqual(20);
      expect(accepted).toBeLessThanOrEqual(28);
      expect(refused).toBe(100 - (accepted as number));
      expect(read).toBe(0);
      expect(await grid.settle(grid.context.call('a', 'read', []))).toBe(accepted);
    });
  });

  describe('sizes', () => {
    test('messageBytes: a larger message rejects with `too_large`, and the stream goes on', async () => {
      const { a, release, taken } = await start({ messageBytes: 1000 });
      await a.do(['send', 'h', 'first'], ['call', 'a', 'state', []]);
      await release();
      await taken();
      expect(codes(await a.do(['sendBytes', 'h', 2000], ['send', 'h', 'next']))).toEqual([
        'too_large',
        'sent',
      ]);
      expect(await a.code('call', 'h', 'x', [new Uint8Array(2000)])).toBe('too_large');
      expect(await taken(2)).toEqual(['first', 'next']);
    });

    test('messageBytes: at first contact, too, no larger message gets in and none blocks the rest', async () => {
      const { a, grid, release, taken } = await start({ messageBytes: 1000, capacityBytes: 100_000 });
      const outcomes = await a.do(
        ['sendBytes', 'h', 2000],
        ['sendBytes', 'h', 200_000],
        ['send', 'h', 'next'],
      );
      expect(codes(outcomes)).toEqual(['sent', 'too_large', 'sent']);
      await release();
      expect(await taken(1)).toEqual(['next']);
      await grid.reported((events) => lost(events, 'dropped') === 1);
    });

    test('messageBytes: a transferred buffer counts, and a refused one stays with its sender', async () => {
      const grid = await harness.start([{ id: 'h', module: 'holder', terms: { messageBytes: 1000 } }]);
      const { context } = grid;
      await grid.settle(context.send('h', 0));
      await grid.settle(context.whereis('h'));
      grid.near('h').sendExit('h', { tag: 'normal' });
      await grid.settle(context.call('h', 'taken', []));
      const buffer = new ArrayBuffer(5000);
      const error = await errorOf(grid.settle(context.send('h', buffer, { transfer: [buffer] })));
      expect(error).toMatchObject({ code: 'too_large' });
      expect(buffer.byteLength).toBe(5000);
    });

    test('mailboxBytes: bounds the bytes that lie unread, transferred ones too', async () => {
      for (const operation of ['sendBytes', 'sendTransferring']) {
        const { a } = await startWarm({ capacityBytes: 200_000, sendTimeoutMs: 50 });
        const outcomes = await a.do(...Array.from({ length: 40 }, () => [operation, 'h', 20_000] as const));
        const sent = count(outcomes, 'sent');
        expect(sent).toBeGreaterThanOrEqual(3);
        expect(sent * 20_000).toBeLessThanOrEqual(200_000 + 65_536);
      }
    });

    test('messages: one larger than the first window arrives, alone and among others', async () => {
      const { a, release, taken } = await start({});
      await release();
      const outcomes = await a.do(
        ['sendBytes', 'h', 300_000],
        ['send', 'h', 1],
        ['sendBytes', 'h', 3_000_000],
        ['send', 'h', 2],
        ['sendBytes', 'h', 12_000_000],
        ['send', 'h', 3],
      );
      expect(count(outcomes, 'sent')).toBe(6);
      const got = await taken(6);
      const sizes = got.map((value) => (value instanceof Uint8Array ? value.length : value));
      expect(sizes).toEqual([300_000, 1, 3_000_000, 2, 12_000_000, 3]);
    });

    test('messages: a large one is not starved by senders that hold credit and are silent', async () => {
      const grid = await harness.start([
        ...Array.from({ length: 8 }, (_, n) => ({ id: `s${String(n)}`, module: 'puppet' })),
        { id: 'a', module: 'puppet' },
        { id: 'h', module: 'holder', terms: { capacityBytes: 2_000_000, sendTimeoutMs: 30_000 } },
      ]);
      grid.near('h').sendExit('h', { tag: 'normal' });
      for (let n = 0; n < 8; n++) {
        const silent = new Puppet(grid, `s${String(n)}`);
        for (let burst = 0; burst < 3; burst++)
          await silent.do(['sendBytes', 'h', 250_000], ['sendBytes', 'h', 250_000]);
      }
      expect(codes(await new Puppet(grid, 'a').do(['sendBytes', 'h', 125_000]))).toEqual(['sent']);
    });
  });

  describe('blocked senders', () => {
    test('blocked: a send that has waited for a second is an event that names both, and its end is another', async () => {
      const { a, grid } = await startWarm({ capacity: 8, sendTimeoutMs: 1300 });
      // The first window and the capacity take 16 in all.
      await sendAll(a, 15);
      const sending = a.start(...sends('h', 3));
      await grid.reported((events) => ofKind(events, 'blocked').length > 0);
      expect(ofKind(grid.events, 'blocked')).toEqual([
        { kind: 'blocked', path: 'tree/a', receiver: 'tree/h' },
      ]);
      expect(count(await grid.settle(sending), 'full')).toBe(3);
      await grid.reported((events) => ofKind(events, 'unblocked').length > 0);
      expect(ofKind(grid.events, 'unblocked')).toEqual([
        { kind: 'unblocked', path: 'tree/a', receiver: 'tree/h' },
      ]);
    });

    test('blocked: one that gave up before is none', async () => {
      const { a, grid } = await startWarm({ capacity: 8, sendTimeoutMs: 100 });
      await sendAll(a, 15);
      expect(count(await a.do(...sends('h', 3)), 'full')).toBe(3);
      await a.do(['sendAfter', 1500, '@self', 'later']);
      await a.items(1);
      expect(ofKind(grid.events, 'blocked')).toEqual([]);
    });

    test('blocked: two servers that send to each other with full mailboxes are reported as a circle, and freed by their timeouts', async () => {
      const terms = { capacity: 8, sendTimeoutMs: 1500 };
      const grid = await harness.start([
        { id: 'x', module: 'mutual', args: 'y', terms },
        { id: 'y', module: 'mutual', args: 'x', terms },
      ]);
      const { context } = grid;
      await grid.settle(Promise.all([context.cast('x', 'burst', [18]), context.cast('y', 'burst', [18])]));
      await grid.reported((events) => ofKind(events, 'blocked-circle').length > 0);
      const [{ circle } = { circle: [] }] = ofKind(grid.events, 'blocked-circle');
      expect(new Set(circle)).toEqual(new Set(['tree/x', 'tree/y']));
      const x = (await grid.settle(context.call('x', 'report', [], { timeoutMs: 600_000 }))) as {
        refused: string[];
        sent: number;
      };
      const y = (await grid.settle(context.call('y', 'report', [], { timeoutMs: 600_000 }))) as {
        refused: string[];
        sent: number;
      };
      expect(x.refused.length + x.sent).toBe(18);
      expect(y.refused.length + y.sent).toBe(18);
      expect(new Set([...x.refused, ...y.refused])).toEqual(new Set(['full']));
    });

    test('blocked: a send that waits ends with its sender, and was not sent', async () => {
      const { a, grid, taken } = await start({ capacity: 8 });
      const reason = await endOf(grid, 'a', () => a.tell(['sendMany', 'h', 16], ['exit', { tag: 'normal' }]));
      expect(reason).toEqual({ tag: 'normal' });
      grid.near('h').sendExit('h', { tag: 'normal' });
      expect(await taken(8)).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
    });
  });
}
