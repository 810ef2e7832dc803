/** What the broker makes of acknowledgements: each delivery is acknowledged once, and none that nobody has. */
import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { ManualClock } from '@espalier/core/testing';
import { Acknowledgements } from '../../src/transport/acknowledgements.js';

const WAIT_MS = 10;

/** A channel as RabbitMQ has it: one that it does not know closes it. */
class Channel {
  readonly unacknowledged = new Set<number>();
  told = 0;

  readonly tell = (delivery: number, upTo: boolean): void => {
    this.told++;
    if (!this.unacknowledged.delete(delivery)) throw new Error(`unknown delivery ${String(delivery)}`);
    if (!upTo) return;
    for (const other of this.unacknowledged) if (other < delivery) this.unacknowledged.delete(other);
  };
}

function consumer(most: number) {
  const clock = new ManualClock();
  const channel = new Channel();
  const acknowledgements = new Acknowledgements(most, clock, channel.tell);
  return { clock, channel, acknowledgements };
}

const inRow = (count: number): number[] => Array.from({ length: count }, (_, n) => n + 1);

test('what is handled is acknowledged once, in whatever order, nothing else is, and fewer than `most` wait', () => {
  const plans = fc.record({
    most: fc.integer({ min: 1, max: 6 }),
    steps: fc.array(fc.oneof(fc.constant('delivered' as const), fc.constant('waited' as const), fc.nat(9)), {
      maxLength: 100,
    }),
  });
  fc.assert(
    fc.property(plans, ({ most, steps }) => {
      const { clock, channel, acknowledgements } = consumer(most);
      const unhandled: number[] = [];
      let delivered = 0;
      for (const step of steps) {
        if (step === 'delivered') {
          unhandled.push(++delivered);
          channel.unacknowledged.add(delivered);
        } else if (step === 'waited') {
          while (clock.fireNext(clock.now() + WAIT_MS));
          expect([...channel.unacknowledged]).toEqual(unhandled);
        } else {
          const [handled] = unhandled.splice(step % Math.max(unhandled.length, 1), 1);
          if (handled === undefined) continue;
          acknowledgements.add(handled);
          acknowledgements.add(handled);
        }
        expect([...channel.unacknowledged]).toEqual(expect.arrayContaining(unhandled));
        expect(channel.unacknowledged.size - unhandled.length).toBeLessThan(most);
      }
      acknowledgements.close();
      for (const left of unhandled) acknowledgements.add(left);
      expect([...channel.unacknowledged]).toEqual(unhandled);
    }),
  );
});

test('one acknowledgement stands for all in a row, and a lone one waits no longer than its time', () => {
  const { clock, channel, acknowledgements } = consumer(8);
  for (const delivery of inRow(17)) channel.unacknowledged.add(delivery);
  for (const delivery of inRow(17)) acknowledgements.add(delivery);
  expect(channel.told).toBe(2);
  expect([...channel.unacknowledged]).toEqual([17]);
  clock.fireNext(WAIT_MS);
  expect(channel.told).toBe(3);
  expect(channel.unacknowledged.size).toBe(0);
});
