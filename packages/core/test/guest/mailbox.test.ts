import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { InboundStream, Mailbox } from '../../src/guest/mailbox.js';
import type { Received } from '../../src/guest/received.js';

const BOUNDS = { capacity: 10_000, capacityBytes: 1_000_000 };
const message = (value: unknown): Received => ({ type: 'message', value });
const valueOf = (item: Received | undefined): unknown => (item?.type === 'message' ? item.value : item?.type);

/** Time stands still: it never has to rest. */
function mailboxOf(bounds: typeof BOUNDS): Mailbox {
  return new Mailbox(
    bounds,
    () => 0,
    () => undefined,
  );
}

function open(mailbox: Mailbox): InboundStream {
  const stream = new InboundStream(() => undefined);
  mailbox.credit.open();
  stream.messages = 10_000;
  stream.bytes = 1_000_000;
  return stream;
}

describe('mailbox', () => {
  test('mailbox: selective takes give what a list gives from which the first match is removed', () => {
    fc.assert(
      fc.property(
        fc.array(fc.oneof(fc.record({ put: fc.nat(9) }), fc.record({ take: fc.option(fc.nat(9)) })), {
          maxLength: 3000,
        }),
        (steps) => {
          const mailbox = mailboxOf(BOUNDS);
          const stream = open(mailbox);
          const list: number[] = [];
          for (const step of steps) {
            if ('put' in step) {
              mailbox.push(message(step.put), stream, 1);
              list.push(step.put);
              continue;
            }
            const wanted = step.take;
            const at = wanted === null ? 0 : list.indexOf(wanted);
            const expected = at < 0 ? undefined : list.splice(at, 1)[0];
            const match = wanted === null ? undefined : (item: Received) => valueOf(item) === wanted;
            expect(valueOf(mailbox.takeNow(match))).toBe(expected);
          }
          expect(mailbox.length).toBe(list.length);
        },
      ),
      { numRuns: 50 },
    );
  });

  test('mailbox: a message without credit is not taken in', () => {
    const mailbox = mailboxOf(BOUNDS);
    const stream = new InboundStream(() => undefined);
    mailbox.credit.open();
    for (let n = 0; n < 8; n++) expect(mailbox.push(message(n), stream, 1)).toBe(true);
    expect(mailbox.push(message(8), stream, 1)).toBe(false);
    expect(mailbox.length).toBe(8);
    mailbox.pushReserved(message('reserved'));
    expect(mailbox.length).toBe(9);
  });

  test('mailbox: what comes while its item is handed over comes after it', () => {
    const mailbox = mailboxOf(BOUNDS);
    const stream = open(mailbox);
    const seen: unknown[] = [];
    mailbox.consume((item) => {
      seen.push(valueOf(item));
      if (valueOf(item) === 1) {
        mailbox.push(message(2), stream, 1);
        mailbox.push(message(3), stream, 1);
      }
      seen.push(`end of ${String(valueOf(item))}`);
    });
    mailbox.push(message(1), stream, 1);
    expect(seen).toEqual([1, 'end of 1', 2, 'end of 2', 3, 'end of 3']);
  });

  test('mailbox: room that is granted to oneself does not let the next item in front', () => {
    const mailbox: Mailbox = mailboxOf({ capacity: 1, capacityBytes: 1000 });
    const taken: unknown[] = [];
    const stream: InboundStream = new InboundStream(() => {
      // The own sends wait for exactly this.
      if (taken.length < 3 && sent < 12) mailbox.push(message(++sent), stream, 1);
    });
    let sent = 8;
    mailbox.credit.open();
    const receive = (): void => {
      mailbox.take(
        undefined,
        (item) => taken.push(valueOf(item)),
        () => undefined,
      );
    };
    receive();
    for (let n = 1; n <= 8; n++) mailbox.push(message(n), stream, 1);
    for (let n = 0; n < 7; n++) receive();
    expect(taken).toEqual([...taken].sort((a, b) => Number(a) - Number(b)));
    expect(new Set(taken).size).toBe(taken.length);
  });

  test('mailbox: delivers nothing while suspended, and everything in order afterwards', () => {
    const mailbox = mailboxOf(BOUNDS);
    const stream = open(mailbox);
    const seen: unknown[] = [];
    mailbox.take(
      undefined,
      (item) => seen.push(valueOf(item)),
      () => undefined,
    );
    mailbox.suspend();
    mailbox.push(message(1), stream, 1);
    mailbox.push(message(2), stream, 1);
    expect(mailbox.takeNow(undefined)).toBeUndefined();
    expect(seen).toEqual([]);
    mailbox.resume();
    expect(seen).toEqual([1]);
    mailbox.consume((item) => seen.push(valueOf(item)));
    expect(seen).toEqual([1, 2]);
  });

  test('mailbox: removeReserved takes out only what has a reserved slot', () => {
    const mailbox = mailboxOf(BOUNDS);
    const stream = open(mailbox);
    mailbox.push(message('a'), stream, 1);
    mailbox.pushReserved(message('b'));
    mailbox.push(message('c'), stream, 1);
    mailbox.removeReserved(() => true);
    expect([
      valueOf(mailbox.takeNow(undefined)),
      valueOf(mailbox.takeNow(undefined)),
      mailbox.length,
    ]).toEqual(['a', 'c', 0]);
  });

  test('mailbox: closing counts what lay unread, without reserved slots, and takes nothing in any more', () => {
    const mailbox = mailboxOf(BOUNDS);
    const stream = open(mailbox);
    mailbox.push(message('a'), stream, 1);
    mailbox.pushReserved(message('b'));
    const taken: unknown[] = [];
    mailbox.take(
      (item) => item.type === 'message' && item.value === 'last',
      (item) => taken.push(item),
      () => undefined,
    );
    // What has arrived at the thread and not here yet is unread, too, and nobody gets it any more.
    const arrive = (): void => {
      mailbox.push(message('last'), stream, 1);
    };
    expect(mailbox.close(arrive)).toBe(2);
    expect(taken).toEqual([]);
    mailbox.push(message('late'), stream, 1);
    expect(mailbox.length).toBe(0);
  });

  test('mailbox: a take that is withdrawn takes nothing', () => {
    const mailbox = mailboxOf(BOUNDS);
    const stream = open(mailbox);
    const withdraw = mailbox.take(
      undefined,
      () => {
        throw new Error('taken');
      },
      () => undefined,
    );
    withdraw();
    expect(mailbox.hasTaker).toBe(false);
    mailbox.push(message('a'), stream, 1);
    expect(mailbox.length).toBe(1);
  });
});

/** A mailbox over a clock that only handlers move, and an event loop that turns when the test says so. */
class Bench {
  readonly taken: unknown[] = [];
  readonly mailbox: Mailbox;
  looks = 0;
  #now = 0;
  #turns: (() => void)[] = [];
  #microtasks: (() => void)[] = [];
  readonly #stream: InboundStream;

  constructor() {
    this.mailbox = new Mailbox(
      BOUNDS,
      () => {
        this.looks++;
        return this.#now;
      },
      (callback) => this.#turns.push(callback),
    );
    this.#stream = open(this.mailbox);
  }

  /** Taken by a server whose handlers take so long each. */
  server(handlerMs: number): void {
    this.mailbox.consume((item) => this.#handle(item, handlerMs));
  }

  /** Taken by `for (;;) await receive()`. */
  loop(handlerMs: number): void {
    const goOn = (item: Received | undefined): void => {
      this.#microtasks.push(() => {
        if (item !== undefined) this.#handle(item, handlerMs);
        const next = this.mailbox.takeNow(undefined);
        if (next !== undefined) goOn(next);
        else this.mailbox.take(undefined, goOn, () => undefined);
      });
    };
    goOn(undefined);
    this.#settle();
  }

  push(...values: readonly unknown[]): void {
    for (const value of values) this.mailbox.push(message(value), this.#stream, 1);
    this.#settle();
  }

  turn(): void {
    for (const callback of this.#turns.splice(0)) callback();
    this.#settle();
  }

  #handle(item: Received, ms: number): void {
    this.taken.push(valueOf(item));
    this.#now += ms;
  }

  #settle(): void {
    for (let next = this.#microtasks.shift(); next !== undefined; next = this.#microtasks.shift()) next();
  }
}

describe('mailbox and event loop', () => {
  test.each(['server', 'loop'] as const)('mailbox: after 10 ms of it the event loop turns (%s)', (how) => {
    const bench = new Bench();
    bench[how](4);
    bench.push(1, 2, 3, 4, 5, 6, 7, 8);
    const first = bench.taken.length;
    expect(first).toBeGreaterThanOrEqual(3);
    expect(first).toBeLessThanOrEqual(4);
    bench.push(9);
    expect(bench.taken).toHaveLength(first);
    for (let n = 0; n < 3; n++) bench.turn();
    expect(bench.taken).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9]);
  });

  test('mailbox: what is quick is not interrupted, and the clock is hardly looked at', () => {
    const bench = new Bench();
    bench.server(0.001);
    bench.push(...Array.from({ length: 1000 }, (_, n) => n));
    expect(bench.taken).toHaveLength(1000);
    expect(bench.looks).toBeLessThan(1000 / 7);
  });

  test('mailbox: one that rests and is suspended goes on when both are over', () => {
    for (const order of [
      ['turn', 'resume'],
      ['resume', 'turn'],
    ] as const) {
      const bench = new Bench();
      bench.server(20);
      bench.push(1, 2);
      expect(bench.taken).toEqual([1]);
      bench.mailbox.suspend();
      for (const [n, what] of order.entries()) {
        if (what === 'turn') bench.turn();
        else bench.mailbox.resume();
        expect(bench.taken).toEqual(n === 0 ? [1] : [1, 2]);
      }
    }
  });

  test('mailbox: one that is closed while it rests hands nothing over any more', () => {
    const bench = new Bench();
    bench.server(20);
    bench.push(1, 2);
    expect(bench.mailbox.close(() => undefined)).toBe(1);
    bench.turn();
    expect(bench.taken).toEqual([1]);
  });

  test('mailbox: everything comes in order, whatever the handlers take and whenever the loop turns (model)', () => {
    const moment = fc.oneof(
      fc.record({ push: fc.integer({ min: 1, max: 40 }) }),
      fc.constantFrom('turn' as const, 'suspend' as const, 'resume' as const),
    );
    fc.assert(
      fc.property(
        fc.constantFrom('server' as const, 'loop' as const),
        fc.double({ min: 0, max: 15, noNaN: true }),
        fc.array(moment, { maxLength: 30 }),
        (how, handlerMs, moments) => {
          const bench = new Bench();
          bench[how](handlerMs);
          let pushed = 0;
          for (const now of moments) {
            if (now === 'turn') bench.turn();
            else if (now === 'suspend') bench.mailbox.suspend();
            else if (now === 'resume') bench.mailbox.resume();
            else for (let n = 0; n < now.push; n++) bench.push(++pushed);
          }
          bench.mailbox.resume();
          for (let n = 0; n <= pushed; n++) bench.turn();
          expect(bench.taken).toEqual(Array.from({ length: pushed }, (_, n) => n + 1));
        },
      ),
    );
  });
});
