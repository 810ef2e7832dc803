import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { InboundStream, Mailbox } from '../../src/guest/mailbox.js';
import type { Received } from '../../src/guest/received.js';

const BOUNDS = { capacity: 10_000, capacityBytes: 1_000_000 };
const message = (value: unknown): Received => ({ type: 'message', value });
const valueOf = (item: Received | undefined): unknown => (item?.type === 'message' ? item.value : item?.type);

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
          const mailbox = new Mailbox(BOUNDS);
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
    const mailbox = new Mailbox(BOUNDS);
    const stream = new InboundStream(() => undefined);
    mailbox.credit.open();
    for (let n = 0; n < 8; n++) expect(mailbox.push(message(n), stream, 1)).toBe(true);
    expect(mailbox.push(message(8), stream, 1)).toBe(false);
    expect(mailbox.length).toBe(8);
    mailbox.pushReserved(message('reserved'));
    expect(mailbox.length).toBe(9);
  });

  test('mailbox: what comes while its item is handed over comes after it', () => {
    const mailbox = new Mailbox(BOUNDS);
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
    const mailbox: Mailbox = new Mailbox({ capacity: 1, capacityBytes: 1000 });
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
    const mailbox = new Mailbox(BOUNDS);
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
    const mailbox = new Mailbox(BOUNDS);
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
    const mailbox = new Mailbox(BOUNDS);
    const stream = open(mailbox);
    mailbox.push(message('a'), stream, 1);
    mailbox.pushReserved(message('b'));
    expect(mailbox.close()).toBe(1);
    mailbox.push(message('late'), stream, 1);
    expect(mailbox.length).toBe(0);
  });

  test('mailbox: a take that is withdrawn takes nothing', () => {
    const mailbox = new Mailbox(BOUNDS);
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
