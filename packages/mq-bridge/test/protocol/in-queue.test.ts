import { describe, expect, test } from '@jest/globals';
import { ManualClock } from '@espalier/core/testing';
import { InQueue, type Arrived } from '../../src/protocol/in-queue.js';

function receiver(prefetch = 10, isOrdered = true) {
  const clock = new ManualClock();
  const absent = new Set<string>();
  let inHand: ((isHandled: boolean) => void)[] | undefined;
  const handled: number[] = [];
  const acknowledged: number[] = [];
  const missing: number[] = [];
  let late = 0;
  const queue = new InQueue<Arrived>({
    prefetch,
    patienceMs: 1000,
    isOrdered,
    clock,
    awaited: (stream) => !absent.has(stream),
    missing: (frames) => missing.push(frames),
    late: () => late++,
    handle: ({ seq }, done) => {
      handled.push(seq);
      if (inHand === undefined) done(true);
      else inHand.push(done);
    },
  });
  const arrive = (seq: number, low: number): void => {
    queue.arrived({ stream: 's', seq, low }, { ack: () => acknowledged.push(seq) });
  };
  /** From now on frames stay in hand, until the test says what became of them. */
  const keep = (): ((isHandled: boolean) => void)[] => (inHand = []);
  return { keep, clock, absent, handled, acknowledged, missing, late: () => late, queue, arrive };
}

describe('the receiving half', () => {
  test('tells how many frames the broker had before one that comes, and that are gone; and of none that may still come', () => {
    const { missing, handled, arrive } = receiver();
    for (const [seq, low] of [
      [3, 3],
      [4, 3],
      [6, 4],
      [5, 4],
      [9, 7],
      [8, 7],
    ] as const)
      arrive(seq, low);
    // 1 and 2 were confirmed before 3 was sent. 7 was not before 9: it may be sent again.
    expect([missing, handled]).toEqual([[2], [3, 4, 5, 6]]);
    arrive(12, 12);
    // 7 by that, and 10 and 11.
    expect([missing, handled]).toEqual([
      [2, 1, 2],
      [3, 4, 5, 6, 8, 9, 12],
    ]);
  });

  test('tells of one that was missing and comes after all, once, whenever it comes; and of none that was only not waited for', () => {
    const { missing, late, handled, absent, clock, arrive } = receiver();
    arrive(6, 6);
    expect(missing).toEqual([5]);
    for (const seq of [3, 1, 5, 3]) arrive(seq, 1);
    expect([late(), handled]).toEqual([3, [6, 3, 1, 5]]);
    // Nobody has said that 7 lay in the queue before.
    arrive(8, 6);
    absent.add('s');
    clock.fireNext(2000);
    arrive(7, 6);
    expect([missing, late(), handled.slice(-2)]).toEqual([[5], 3, [8, 7]]);
    arrive(20, 20);
    arrive(12, 9);
    expect([missing, late()]).toEqual([[5, 11], 4]);
  });

  test('gives what was not handed over when it closes, and knows what was', () => {
    const { keep, queue, arrive } = receiver();
    const inHand = keep();
    for (const [seq, low] of [
      [1, 1],
      [2, 1],
      [3, 1],
      [5, 1],
    ] as const)
      arrive(seq, low);
    inHand[0]?.(true);
    expect(queue.close().map(({ seq }) => seq)).toEqual([3, 5]);
    const known = [1, 2, 3, 4, 5].filter((seq) => queue.knows({ stream: 's', seq, low: 1 }));
    expect(known).toEqual([1, 2]);
    expect(queue.knows({ stream: 'other', seq: 1, low: 1 })).toBe(false);
  });

  test('learns from a copy that was sent later what it need not wait for', () => {
    const { handled, acknowledged, arrive } = receiver();
    // 1 was handled by an earlier incarnation, and confirmed before 2 was sent again.
    arrive(2, 1);
    expect(handled).toEqual([]);
    arrive(2, 2);
    expect(handled).toEqual([2]);
    expect(acknowledged).toEqual([2, 2]);
  });

  test('keeps nothing but what is in hand over a restart, and handles what comes again in order, once', () => {
    const { keep, queue, handled, acknowledged, arrive } = receiver();
    const inHand = keep();
    for (const seq of [1, 2, 3, 5]) arrive(seq, 1);
    expect(handled).toEqual([1]);
    queue.restart();
    expect(queue.held).toBe(1);
    for (const seq of [1, 2, 3]) arrive(seq, 1);
    inHand[0]?.(true);
    expect(acknowledged).toEqual([1]);
    inHand[1]?.(true);
    inHand[2]?.(true);
    expect(handled).toEqual([1, 2, 3]);
    expect(acknowledged).toEqual([1, 2, 3]);
    // 5 went to somebody else, or comes later.
    expect(queue.held).toBe(0);
  });

  test.each(['before', 'after'])(
    'handles what was given back %s the restart when it comes again, and nothing until then',
    (when) => {
      const { keep, queue, handled, acknowledged, arrive } = receiver();
      const inHand = keep();
      arrive(1, 1);
      arrive(2, 1);
      if (when === 'before') inHand[0]?.(false);
      expect(handled).toEqual([1]);
      queue.restart();
      if (when === 'after') inHand[0]?.(false);
      expect(handled).toEqual([1]);
      expect(queue.held).toBe(0);
      arrive(1, 1);
      arrive(2, 1);
      inHand[1]?.(true);
      inHand[2]?.(true);
      expect(handled).toEqual([1, 1, 2]);
      expect(acknowledged).toEqual([1, 2]);
    },
  );

  test('takes up again what had come again before it was given back', () => {
    const { keep, queue, handled, acknowledged, arrive } = receiver();
    const inHand = keep();
    arrive(1, 1);
    queue.restart();
    arrive(1, 1);
    arrive(2, 1);
    inHand[0]?.(false);
    inHand[1]?.(true);
    inHand[2]?.(true);
    expect(handled).toEqual([1, 1, 2]);
    expect(acknowledged).toEqual([1, 2]);
  });

  test('hands over nothing twice where the queue gives it again in another order', () => {
    const { keep, queue, handled, acknowledged, arrive } = receiver();
    const inHand = keep();
    arrive(5, 5);
    arrive(4, 4);
    queue.restart();
    // 5 is in hand, and 4 is expected.
    arrive(4, 4);
    inHand[0]?.(true);
    inHand[1]?.(true);
    expect(handled).toEqual([5, 4]);
    expect(queue.held).toBe(0);
    arrive(6, 4);
    queue.restart();
    arrive(7, 4);
    // 6 is given back when 7 has come again already.
    inHand[2]?.(false);
    arrive(6, 4);
    inHand[3]?.(true);
    inHand[4]?.(true);
    expect(handled).toEqual([5, 4, 6, 7, 6]);
    expect(acknowledged).toEqual([4, 7, 6]);
    expect(queue.held).toBe(0);
  });

  test('waits for nothing where others take from the queue, too', () => {
    const { handled, acknowledged, arrive } = receiver(10, false);
    for (const seq of [5, 2, 5, 9]) arrive(seq, 1);
    expect(handled).toEqual([5, 2, 9]);
    expect(acknowledged).toEqual([5, 2, 5, 9]);
  });

  test('waits for a frame that may still come, and keeps what is ahead of it', () => {
    const { handled, acknowledged, arrive } = receiver();
    arrive(3, 2);
    expect(handled).toEqual([]);
    expect(acknowledged).toEqual([]);
    arrive(2, 2);
    expect(handled).toEqual([2, 3]);
    expect(acknowledged).toEqual([2, 3]);
  });

  test('waits no longer once a frame says that what is missing was in the queue before', () => {
    const { handled, arrive } = receiver();
    arrive(5, 3);
    arrive(6, 3);
    expect(handled).toEqual([]);
    arrive(7, 7);
    expect(handled).toEqual([5, 6, 7]);
  });

  test('waits as long as the sender is there, and goes on after its patience when he is not', () => {
    const { clock, absent, handled, arrive } = receiver();
    arrive(5, 3);
    clock.fireNext(1000);
    expect(handled).toEqual([]);
    absent.add('s');
    clock.fireNext(1999);
    expect(handled).toEqual([]);
    clock.fireNext(2000);
    expect(handled).toEqual([5]);
  });

  test('goes on at once when it holds all that the broker hands out', () => {
    const { handled, arrive } = receiver(3);
    arrive(5, 1);
    arrive(6, 1);
    expect(handled).toEqual([]);
    arrive(7, 1);
    expect(handled).toEqual([5, 6, 7]);
  });

  test('handles what comes after its turn, rather than lose it', () => {
    const { handled, arrive } = receiver();
    arrive(5, 5);
    arrive(4, 4);
    expect(handled).toEqual([5, 4]);
    arrive(4, 4);
    expect(handled).toEqual([5, 4]);
  });

  test('acknowledges what comes again over a new connection, and only there', () => {
    const { queue, handled, acknowledged, arrive } = receiver();
    arrive(2, 1);
    queue.disconnected();
    arrive(1, 1);
    expect(handled).toEqual([1, 2]);
    expect(acknowledged).toEqual([1]);
    arrive(2, 1);
    expect(handled).toEqual([1, 2]);
    expect(acknowledged).toEqual([1, 2]);
    expect(queue.held).toBe(0);
  });
});
