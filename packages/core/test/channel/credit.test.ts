import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { CreditAccount, StreamCredit } from '../../src/channel/credit.js';
import { FIRST_WINDOW_BYTES, FIRST_WINDOW_MESSAGES } from '../../src/channel/first-window.js';

/** A sender as it should be: it sends what its credit allows, and asks when that is not enough. */
class Sender extends StreamCredit {
  ownMessages = FIRST_WINDOW_MESSAGES;
  ownBytes = FIRST_WINDOW_BYTES;
  readonly unread: number[] = [];
  readonly waiting: number[] = [];
  asked = false;
}

class Model {
  readonly senders: Sender[] = [];
  readonly account: CreditAccount<Sender>;
  readonly bounds: { capacity: number; capacityBytes: number };
  opened = 0;

  constructor(bounds: { capacity: number; capacityBytes: number }) {
    this.bounds = bounds;
    this.account = new CreditAccount<Sender>(bounds, (sender, messages, bytes) => {
      expect(messages).toBeGreaterThanOrEqual(0);
      expect(bytes).toBeGreaterThanOrEqual(0);
      sender.ownMessages += messages;
      sender.ownBytes += bytes;
      sender.asked = false;
    });
  }

  open(): void {
    this.senders.push(new Sender());
    this.account.open();
    this.opened++;
  }

  send(sender: Sender, bytes: number): void {
    sender.waiting.push(bytes);
    this.pump(sender);
  }

  pump(sender: Sender): void {
    for (let next = sender.waiting[0]; next !== undefined; next = sender.waiting[0]) {
      if (sender.ownMessages < 1 || sender.ownBytes < next) {
        if (sender.asked) return;
        sender.asked = true;
        this.account.wants(sender, next);
        if (sender.asked) return;
        continue;
      }
      sender.waiting.shift();
      sender.ownMessages--;
      sender.ownBytes -= next;
      sender.unread.push(next);
      expect(this.account.arrived(sender, next)).toBe(true);
    }
  }

  read(sender: Sender): void {
    const bytes = sender.unread.shift();
    if (bytes === undefined) return;
    this.account.taken(sender, bytes);
    for (const one of this.senders) if (!one.closed) this.pump(one);
  }

  close(sender: Sender): void {
    if (sender.closed) return;
    sender.waiting.length = 0;
    this.account.close(sender);
    for (const one of this.senders) if (!one.closed) this.pump(one);
  }

  check(): void {
    let [messages, bytes] = [0, 0];
    for (const { unread } of this.senders) {
      messages += unread.length;
      bytes += unread.reduce((sum, one) => sum + one, 0);
    }
    expect(messages).toBeLessThanOrEqual(this.bounds.capacity + FIRST_WINDOW_MESSAGES * this.opened);
    expect(bytes).toBeLessThanOrEqual(this.bounds.capacityBytes + FIRST_WINDOW_BYTES * this.opened);
  }
}

const action = fc.record({
  op: fc.constantFrom('open', 'send', 'send', 'send', 'read', 'read', 'close'),
  who: fc.nat(5),
  bytes: fc.oneof(
    { arbitrary: fc.integer({ min: 1, max: 200 }), weight: 4 },
    { arbitrary: fc.integer({ min: 1, max: 300_000 }), weight: 1 },
  ),
});

describe('credit', () => {
  test('credit: whatever senders do, what lies unread is bounded, and when everything is read everybody has sent', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 60 }),
        fc.integer({ min: 300_000, max: 1_000_000 }),
        fc.array(action, { maxLength: 200 }),
        (capacity, capacityBytes, actions) => {
          const model = new Model({ capacity, capacityBytes });
          model.open();
          for (const { op, who, bytes } of actions) {
            const sender = model.senders[who % model.senders.length] as Sender;
            if (op === 'open' && model.senders.length < 6) model.open();
            else if (op === 'send' && !sender.closed)
              model.send(sender, Math.min(bytes, Math.floor(capacityBytes / 3)));
            else if (op === 'read') model.read(sender);
            else if (op === 'close' && who === 0) model.close(sender);
            model.check();
          }
          for (let more = true; more;) {
            more = false;
            for (const sender of model.senders) {
              while (sender.unread.length > 0) {
                model.read(sender);
                more = true;
              }
            }
            model.check();
          }
          expect(model.senders.flatMap(({ waiting }) => waiting)).toEqual([]);
        },
      ),
      { numRuns: 300 },
    );
  });

  test('credit: a message without credit is refused, by number and by size', () => {
    const account = new CreditAccount<StreamCredit>(
      { capacity: 10, capacityBytes: 1_000_000 },
      () => undefined,
    );
    const stream = new StreamCredit();
    account.open();
    expect(account.arrived(stream, FIRST_WINDOW_BYTES + 1)).toBe(false);
    for (let n = 0; n < FIRST_WINDOW_MESSAGES; n++) expect(account.arrived(stream, 1)).toBe(true);
    expect(account.arrived(stream, 1)).toBe(false);
  });

  test('credit: streams that end with unread messages leave nothing behind', () => {
    const granted = new Map<StreamCredit, number>();
    const account = new CreditAccount<StreamCredit>(
      { capacity: 20, capacityBytes: 1_000_000 },
      (stream, messages) => {
        granted.set(stream, (granted.get(stream) ?? FIRST_WINDOW_MESSAGES) + messages);
      },
    );
    for (let round = 0; round < 50; round++) {
      const stream = new StreamCredit();
      granted.set(stream, FIRST_WINDOW_MESSAGES);
      account.open();
      account.wants(stream, 1);
      const count = granted.get(stream) as number;
      expect(count).toBeGreaterThan(FIRST_WINDOW_MESSAGES);
      for (let n = 0; n < count; n++) expect(account.arrived(stream, 1)).toBe(true);
      account.close(stream);
      for (let n = 0; n < count; n++) account.taken(stream, 1);
      expect(granted.get(stream)).toBe(count);
    }
  });

  test('credit: idle senders do not keep a new one from its first window', () => {
    const account = new CreditAccount<StreamCredit>(
      { capacity: 10, capacityBytes: 1_000_000 },
      () => undefined,
    );
    for (let n = 0; n < 5; n++) {
      const idle = new StreamCredit();
      account.open();
      account.wants(idle, 1);
    }
    const fresh = new StreamCredit();
    account.open();
    for (let round = 0; round < 100; round++) {
      expect(account.arrived(fresh, 100)).toBe(true);
      account.taken(fresh, 100);
    }
  });

  test('credit: who asks for what it was granted already is granted nothing more', () => {
    let grants = 0;
    const account = new CreditAccount<StreamCredit>(
      { capacity: 1000, capacityBytes: 16_000_000 },
      () => grants++,
    );
    const stream = new StreamCredit();
    account.open();
    account.wants(stream, 2_000_000);
    const after = grants;
    account.wants(stream, 2_000_000);
    account.wants(stream, 0);
    expect(stream.wanted).toBe(0);
    expect(stream.bytes).toBeLessThanOrEqual(2_000_000);
    expect(after).toBe(1);
  });
});
