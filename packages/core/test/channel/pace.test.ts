/** A mailbox that takes so many messages a second: nobody gets more in, and everybody who waits gets in. */
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { CreditAccount, StreamCredit } from '../../src/channel/credit.js';
import { FIRST_WINDOW_BYTES, FIRST_WINDOW_MESSAGES } from '../../src/channel/first-window.js';
import { Pace } from '../../src/channel/pace.js';
import { ManualClock } from '../../src/testing/index.js';

class Sender extends StreamCredit {
  own = FIRST_WINDOW_MESSAGES;
  ownBytes = FIRST_WINDOW_BYTES;
  waiting = 0;
  asked = false;
  unread = 0;
}

/** Senders as they should be, and a receiver that reads when it is told to. */
class Model {
  readonly clock = new ManualClock();
  readonly senders: Sender[];
  readonly arrivals: number[] = [];
  readonly #account: CreditAccount<Sender>;

  constructor(perSecond: number, senders: number, capacity = 1000) {
    this.#account = new CreditAccount<Sender>(
      { capacity, capacityBytes: 1 << 20 },
      (sender, messages, bytes) => {
        sender.own += messages;
        sender.ownBytes += bytes;
        sender.asked = false;
        this.#pump(sender);
      },
      new Pace(perSecond, this.clock),
    );
    this.senders = Array.from({ length: senders }, () => new Sender());
    for (let n = 0; n < senders; n += 1) this.#account.open();
  }

  send(nth: number, count: number): void {
    const sender = this.senders[nth % this.senders.length] as Sender;
    sender.waiting += count;
    this.#pump(sender);
  }

  read(): void {
    for (const sender of this.senders)
      for (; sender.unread > 0; sender.unread -= 1) this.#account.taken(sender, 1);
  }

  pass(ms: number): void {
    const end = this.clock.now() + ms;
    while (this.clock.fireNext(end));
    this.clock.moveTo(end);
  }

  #pump(sender: Sender): void {
    while (sender.waiting > 0 && sender.own > 0 && sender.ownBytes > 0) {
      sender.waiting -= 1;
      sender.own -= 1;
      sender.ownBytes -= 1;
      sender.unread += 1;
      this.arrivals.push(this.clock.now());
      if (!this.#account.arrived(sender, 1)) throw new Error('it had no credit');
    }
    if (sender.waiting === 0 || sender.asked) return;
    sender.asked = true;
    this.#account.wants(sender, 1);
  }

  /** The most that arrived in any stretch of so long. */
  mostIn(ms: number): number {
    let most = 0;
    let from = 0;
    for (const [to, at] of this.arrivals.entries()) {
      while ((this.arrivals[from] as number) < at - ms) from += 1;
      most = Math.max(most, to - from + 1);
    }
    return most;
  }
}

describe('messagesPerSecond', () => {
  const steps = fc.array(
    fc.record({
      nth: fc.nat(7),
      count: fc.integer({ min: 0, max: 200 }),
      waitMs: fc.integer({ min: 0, max: 400 }),
      reads: fc.boolean(),
    }),
    { minLength: 5, maxLength: 60 },
  );

  test('pace: in no stretch of time more arrive than it says, whoever sends and however it is read', () => {
    let full = 0;
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 2000 }),
        fc.integer({ min: 1, max: 5 }),
        steps,
        (rate, n, all) => {
          const model = new Model(rate, n);
          for (const { nth, count, waitMs, reads } of all) {
            model.send(nth, count);
            if (reads) model.read();
            model.pass(waitMs);
          }
          for (const ms of [0, 100, 1000, 5000]) {
            const bound = rate * (ms / 1000 + 1.1) + 1 + FIRST_WINDOW_MESSAGES * n;
            const most = model.mostIn(ms);
            expect(most).toBeLessThanOrEqual(bound);
            if (most > bound / 2) full += 1;
          }
        },
      ),
    );
    // Or it was never near.
    expect(full).toBeGreaterThan(20);
  });

  test('pace: who waits gets in at that pace, each of several in turn', () => {
    for (const rate of [1, 7, 100, 1500]) {
      const model = new Model(rate, 3, 10_000);
      for (const n of [0, 1, 2]) model.send(n, 10 * rate);
      const begun = model.arrivals.length;
      for (let ms = 0; ms < 4000; ms += 5) {
        model.pass(5);
        model.read();
      }
      const arrived = model.arrivals.length - begun;
      expect(arrived).toBeGreaterThanOrEqual(3.8 * rate);
      expect(arrived).toBeLessThanOrEqual(4.2 * rate + 1);
      if (rate < 7) continue;
      for (const { waiting } of model.senders) expect(waiting).toBeLessThan(10 * rate - rate);
    }
  });

  test('pace: where nobody sends, no timer runs', () => {
    const model = new Model(10, 2);
    model.send(0, 5);
    model.read();
    expect(model.clock.next()).toBe(Infinity);
    model.send(0, 20);
    expect(model.clock.next()).toBeLessThan(Infinity);
    model.pass(10_000);
    expect(model.clock.next()).toBe(Infinity);
  });
});
