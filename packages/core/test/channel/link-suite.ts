/**
 * What every link keeps (channel/link.ts), as one suite over all of them. A link under test brings a pair
 * of connected ends; nothing here sleeps.
 */
import { describe, expect, test } from '@jest/globals';
import type { Link, LinkEnd, LinkMaker, LinkOpener, Transfer } from '../../src/channel/link.js';

export interface LinkPair {
  readonly near: Link;
  readonly far: Link;
  /** Lets something of what is under way arrive. */
  turn(): Promise<void>;
  /** Links whose ends `near` may send: made here, opened at the other end. */
  readonly maker: LinkMaker & LinkOpener;
  readonly opener: LinkOpener;
}

export interface LinkKind {
  readonly name: string;
  pair(): Promise<LinkPair>;
  /**
   * What the links between threads and processes have to stand beyond the simulation's: a receiver that
   * drains inside a delivery, an end that is given away when nobody can get it any more.
   */
  readonly real: boolean;
  /** Whether `drain` delivers also what this process has not read yet. A pipe does not need to: it has one order. */
  readonly drainsUnread: boolean;
}

/** What a link has delivered. */
export interface Log {
  readonly batches: Uint8Array[];
  readonly transfers: (readonly Transfer[])[];
  ends: number;
}

export function logOf(link: Link, onBatch: (bytes: Uint8Array) => void = () => undefined): Log {
  const log: Log = { batches: [], transfers: [], ends: 0 };
  link.receive({
    batch(bytes, transfers) {
      // Only lent: what is looked at later has to be copied.
      log.batches.push(Uint8Array.from(bytes));
      log.transfers.push(transfers);
      onBatch(bytes);
    },
    end() {
      log.ends += 1;
    },
  });
  return log;
}

export function numbered(length: number, first = 0): Uint8Array {
  const bytes = new Uint8Array(length);
  for (let at = 0; at < length; at += 1) bytes[at] = (first + at) % 251;
  return bytes;
}

export async function until(pair: Pick<LinkPair, 'turn'>, condition: () => boolean): Promise<void> {
  const began = performance.now();
  while (!condition()) {
    if (performance.now() - began > 30_000) throw new Error(`not within 30 s: ${String(condition)}`);
    await pair.turn();
  }
}

const SIZES = [1, 200, 8_191, 8_192, 65_535, 65_536, 3_000_000];

export function linkSuite(kind: LinkKind): void {
  describe(`${kind.name}: batches`, () => {
    test.each(SIZES)('a batch of %i bytes arrives whole, both ways', async (size) => {
      const pair = await kind.pair();
      const far = logOf(pair.far);
      const near = logOf(pair.near);
      pair.near.send(numbered(size));
      pair.far.send(numbered(size, 7));
      await until(pair, () => far.batches.length === 1 && near.batches.length === 1);
      expect(Buffer.compare(far.batches[0] as Uint8Array, numbered(size))).toBe(0);
      expect(Buffer.compare(near.batches[0] as Uint8Array, numbered(size, 7))).toBe(0);
      pair.near.close();
    });

    test.each(SIZES)('a batch of %i bytes may be written over as soon as it was sent', async (size) => {
      const pair = await kind.pair();
      const log = logOf(pair.far);
      const whole = new Uint8Array(size + 200).fill(7);
      const batch = whole.subarray(100, 100 + size);
      for (let round = 0; round < 3; round += 1) {
        batch.set(numbered(size, round));
        pair.near.send(batch);
      }
      batch.fill(9);
      await until(pair, () => log.batches.length === 3);
      const same = log.batches.map((bytes, round) => Buffer.compare(bytes, numbered(size, round)));
      expect(same).toEqual([0, 0, 0]);
      pair.near.close();
    });

    test('batches arrive in the order sent, small and large ones mixed, and the end comes once, after the last', async () => {
      const pair = await kind.pair();
      const log = logOf(pair.far);
      const sizes = Array.from({ length: 500 }, (_, at) => [3, 5_000, 40_000][at % 3] as number);
      for (const [at, size] of sizes.entries()) pair.near.send(new Uint8Array(size).fill(at % 256));
      pair.near.close();
      await until(pair, () => log.ends > 0);
      await pair.turn();
      expect(log.batches.map((bytes) => [bytes.length, bytes[0]])).toEqual(
        sizes.map((size, at) => [size, at % 256]),
      );
      expect(log.ends).toBe(1);
    });

    test('what came before there was a receiver is delivered, and not from inside receive', async () => {
      const pair = await kind.pair();
      pair.near.send(numbered(3));
      pair.near.close();
      for (let n = 0; n < 5; n += 1) await pair.turn();
      pair.far.drain();
      const log = logOf(pair.far);
      expect(log.batches).toEqual([]);
      await until(pair, () => log.ends === 1);
      expect(log.batches.map((bytes) => [...bytes])).toEqual([[0, 1, 2]]);
    });
  });

  describe(`${kind.name}: what moves with a batch`, () => {
    test('ArrayBuffers are detached here and arrive there, in order', async () => {
      const pair = await kind.pair();
      const log = logOf(pair.far);
      const buffers = [numbered(5).buffer, new ArrayBuffer(0), numbered(100_000, 9).buffer];
      pair.near.send(numbered(2), buffers as ArrayBuffer[]);
      pair.near.send(numbered(4));
      await until(pair, () => log.batches.length === 2);
      expect(buffers.map(({ byteLength }) => byteLength)).toEqual([0, 0, 0]);
      const [first, second] = log.transfers;
      const arrived = (first as ArrayBuffer[]).map((buffer) => Buffer.from(buffer));
      const sent = [numbered(5), numbered(0), numbered(100_000, 9)];
      expect(arrived.map((buffer, n) => buffer.equals(sent[n] as Uint8Array))).toEqual([true, true, true]);
      expect([log.batches.map((bytes) => bytes.length), second]).toEqual([[2, 4], []]);
      pair.near.close();
    });

    test('the end of a new link arrives, and the link carries both ways what was sent before, too', async () => {
      const pair = await kind.pair();
      const [mine, theirs] = pair.maker.pair();
      const near = pair.maker.open(mine);
      near.send(numbered(1, 5));
      const control = logOf(pair.far);
      pair.near.send(numbered(1), [theirs]);
      near.send(numbered(1, 6));
      await until(pair, () => control.batches.length === 1);
      const far = pair.opener.open(control.transfers[0]?.[0] as LinkEnd);
      const atFar = logOf(far);
      const atNear = logOf(near);
      far.send(numbered(1, 7));
      await until(pair, () => atFar.batches.length === 2 && atNear.batches.length === 1);
      expect(atFar.batches.map(([first]) => first)).toEqual([5, 6]);
      expect(atNear.batches.map(([first]) => first)).toEqual([7]);
      far.send(numbered(1, 8));
      far.close();
      await until(pair, () => atNear.ends === 1);
      expect(atNear.batches.map(([first]) => first)).toEqual([7, 8]);
      pair.near.close();
    });

    if (!kind.real) return;

    test('a link that is given away after the other one has ended ends, too', async () => {
      const pair = await kind.pair();
      const log = logOf(pair.near);
      pair.far.close();
      await until(pair, () => log.ends === 1);
      const [mine, theirs] = pair.maker.pair();
      const link = logOf(pair.maker.open(mine));
      pair.near.send(numbered(1), [theirs]);
      await until(pair, () => link.ends === 1);
      pair.near.close();
    });
  });

  describe(`${kind.name}: drain`, () => {
    if (kind.real)
      test('a drain from inside a receiver lets no batch overtake the one that is being handled', async () => {
        const pair = await kind.pair();
        const handled: (number | undefined)[] = [];
        const log = logOf(pair.far, ([first]) => {
          pair.far.drain();
          handled.push(first);
        });
        for (let at = 0; at < 100; at += 1) pair.near.send(numbered(1, at));
        await until(pair, () => log.batches.length === 100);
        expect(handled).toEqual(Array.from({ length: 100 }, (_, at) => at));
        pair.near.close();
      });

    if (!kind.drainsUnread) return;

    test('everything that has arrived is delivered before drain returns', async () => {
      const pair = await kind.pair();
      const log = logOf(pair.far);
      for (let at = 0; at < 200; at += 1) pair.near.send(numbered(1, at));
      pair.far.drain();
      expect(log.batches.map(([first]) => first)).toEqual(Array.from({ length: 200 }, (_, at) => at));
      pair.near.close();
    });

    test('after a receiver has thrown the next batches are still delivered', async () => {
      const pair = await kind.pair();
      const handled: (number | undefined)[] = [];
      logOf(pair.far, ([first]) => {
        handled.push(first);
        if (first === 1) throw new RangeError('a faulty receiver');
      });
      pair.near.send(numbered(1, 1));
      pair.near.send(numbered(1, 2));
      expect(() => {
        pair.far.drain();
      }).toThrow(RangeError);
      pair.far.drain();
      expect(handled).toEqual([1, 2]);
      pair.near.close();
    });
  });

  describe(`${kind.name}: closing`, () => {
    test('after close nothing is delivered, no end is told, and send does nothing', async () => {
      const pair = await kind.pair();
      const near = logOf(pair.near);
      const far = logOf(pair.far);
      pair.near.send(numbered(1));
      pair.far.close();
      pair.far.close();
      pair.far.send(numbered(2));
      pair.far.drain();
      await until(pair, () => near.ends > 0);
      pair.near.send(numbered(3));
      await pair.turn();
      expect([far, near.batches, near.ends]).toEqual([{ batches: [], transfers: [], ends: 0 }, [], 1]);
      pair.near.close();
    });

    test('a receiver that closes the link gets nothing of what had arrived behind', async () => {
      const pair = await kind.pair();
      const far = logOf(pair.far, () => {
        pair.far.close();
      });
      const near = logOf(pair.near);
      for (let at = 0; at < 20; at += 1) pair.near.send(numbered(1, at));
      await until(pair, () => near.ends === 1);
      expect([far.batches.length, far.ends]).toEqual([1, 0]);
      pair.near.close();
    });

    test('both sides close at once: neither hears of an end', async () => {
      const pair = await kind.pair();
      const logs = [logOf(pair.near), logOf(pair.far)];
      pair.near.close();
      pair.far.close();
      for (let n = 0; n < 10; n += 1) await pair.turn();
      expect(logs.map(({ ends }) => ends)).toEqual([0, 0]);
    });
  });
}
