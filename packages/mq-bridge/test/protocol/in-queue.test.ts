import { describe, expect, test } from '@jest/globals';
import { ManualClock } from '@espalier/core/testing';
import { InQueue, type Arrived } from '../../src/protocol/in-queue.js';

function receiver(prefetch = 10) {
  const clock = new ManualClock();
  const absent = new Set<string>();
  const handled: number[] = [];
  const acknowledged: number[] = [];
  const queue = new InQueue<Arrived>({
    prefetch,
    patienceMs: 1000,
    clock,
    awaited: (stream) => !absent.has(stream),
    handle: ({ seq }, done) => {
      handled.push(seq);
      done();
    },
  });
  const arrive = (seq: number, low: number): void => {
    queue.arrived({ stream: 's', seq, low }, { ack: () => acknowledged.push(seq) });
  };
  return { clock, absent, handled, acknowledged, queue, arrive };
}

describe('the receiving half', () => {
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
