import { once } from 'node:events';
import { MessageChannel, type MessagePort } from 'node:worker_threads';
import { describe, expect, test } from '@jest/globals';
import type { Transfer } from '../../src/channel/link.js';
import { PortLink } from '../../src/threads/port-link.js';

interface Log {
  readonly batches: number[][];
  readonly transfers: (readonly Transfer[])[];
  ends: number;
  readonly ended: Promise<void>;
  until(count: number): Promise<void>;
}

function logOf(link: PortLink, onBatch: (first: number) => void = () => undefined): Log {
  const waiting: { count: number; resolve: () => void }[] = [];
  let finish = (): void => undefined;
  const log: Log = {
    batches: [],
    transfers: [],
    ends: 0,
    ended: new Promise((resolve) => (finish = resolve)),
    until: (count) => new Promise((resolve) => void waiting.push({ count, resolve })),
  };
  link.receive({
    batch(bytes, transfers) {
      log.batches.push([...bytes.subarray(0, 4)]);
      log.transfers.push(transfers);
      onBatch(bytes[0] ?? -1);
      for (const { count, resolve } of waiting) if (log.batches.length >= count) resolve();
    },
    end() {
      log.ends += 1;
      finish();
    },
  });
  return log;
}

function pair(): { near: PortLink; far: PortLink; nearPort: MessagePort; farPort: MessagePort } {
  const { port1, port2 } = new MessageChannel();
  return { near: new PortLink(port1), far: new PortLink(port2), nearPort: port1, farPort: port2 };
}

const SIZES = [1, 200, 2_047, 2_048, 4_096, 65_536];

describe('port link: batches', () => {
  test.each(SIZES)('a batch of %i bytes arrives whole', async (size) => {
    const { near, far } = pair();
    const got = new Promise<Uint8Array>((resolve) => far.receive({ batch: resolve, end: () => undefined }));
    const sent = Uint8Array.from({ length: size }, (_, at) => at % 251);
    const expected = sent.slice();
    near.send(sent);
    expect(await got).toEqual(expected);
    near.close();
  });

  test('a batch that is a view brings none of the bytes around it', async () => {
    const { near, far } = pair();
    const got = new Promise<Uint8Array>((resolve) => far.receive({ batch: resolve, end: () => undefined }));
    const whole = new Uint8Array(10_000).fill(7);
    whole.set([1, 2, 3], 100);
    near.send(whole.subarray(100, 103));
    const bytes = await got;
    expect([...bytes]).toEqual([1, 2, 3]);
    // What lies around it at the other end is that end's own, and empty.
    expect(new Uint8Array(bytes.buffer).filter((byte) => byte === 7)).toHaveLength(0);
    near.close();
  });

  test('batches arrive in the order sent, small and large ones mixed, and the end comes after the last', async () => {
    const { near, far } = pair();
    const log = logOf(far);
    for (let at = 0; at < 500; at += 1) near.send(new Uint8Array(at % 3 === 0 ? 5_000 : 3).fill(at % 256));
    near.close();
    await log.ended;
    expect(log.batches.map(([first]) => first)).toEqual(Array.from({ length: 500 }, (_, at) => at % 256));
    expect(log.ends).toBe(1);
  });

  test('ArrayBuffers given as transfers are detached here and arrive with their batch', async () => {
    const { near, far } = pair();
    const log = logOf(far);
    const moved = new Uint8Array([9, 8]).buffer;
    near.send(new Uint8Array([1]), [moved]);
    await log.until(1);
    expect(moved.byteLength).toBe(0);
    expect([...new Uint8Array(log.transfers[0]?.[0] as ArrayBuffer)]).toEqual([9, 8]);
    near.close();
  });

  test('nothing is delivered before there is a receiver', async () => {
    const { near, far } = pair();
    near.send(new Uint8Array([1]));
    far.drain();
    const log = logOf(far);
    await log.until(1);
    expect(log.batches).toEqual([[1]]);
    near.close();
  });
});

describe('port link: drain', () => {
  test('everything that has arrived is delivered synchronously', () => {
    const { near, far } = pair();
    const log = logOf(far);
    for (let at = 0; at < 200; at += 1) near.send(new Uint8Array([at]));
    far.drain();
    expect(log.batches.map(([first]) => first)).toEqual(Array.from({ length: 200 }, (_, at) => at));
    near.close();
  });

  test('a drain from inside a receiver does not let later batches overtake the one being handled', async () => {
    const { near, far } = pair();
    const handled: number[] = [];
    const log = logOf(far, (first) => {
      far.drain();
      handled.push(first);
    });
    for (let at = 0; at < 100; at += 1) near.send(new Uint8Array([at]));
    await log.until(100);
    expect(handled).toEqual(Array.from({ length: 100 }, (_, at) => at));
    near.close();
  });

  test('after a receiver has thrown the next batches are still delivered', () => {
    const { near, far } = pair();
    const handled: number[] = [];
    far.receive({
      batch(bytes) {
        handled.push(bytes[0] ?? -1);
        if (bytes[0] === 1) throw new RangeError('a faulty receiver');
      },
      end: () => undefined,
    });
    near.send(new Uint8Array([1]));
    near.send(new Uint8Array([2]));
    expect(() => far.drain()).toThrow(RangeError);
    far.drain();
    expect(handled).toEqual([1, 2]);
    near.close();
  });
});

describe('port link: closing', () => {
  test('after close nothing is delivered, no end is told, and send does nothing', async () => {
    const { near, far, nearPort } = pair();
    const log = logOf(far);
    near.send(new Uint8Array([1]));
    far.close();
    far.send(new Uint8Array([2]));
    far.drain();
    await once(
      nearPort.on('message', () => undefined),
      'close',
    );
    expect(log.batches).toEqual([]);
    expect(log.ends).toBe(0);
  });

  test('a link that is unreferenced keeps that state when it gets its receiver', () => {
    const { near, far, farPort } = pair();
    far.unref();
    logOf(far);
    expect((farPort as unknown as { hasRef(): boolean }).hasRef()).toBe(false);
    far.ref();
    expect((farPort as unknown as { hasRef(): boolean }).hasRef()).toBe(true);
    near.close();
  });
});

const shared = new Uint8Array(new SharedArrayBuffer(4));
const HOSTILE: readonly (readonly [string, unknown])[] = [
  ['a number', 5],
  ['nothing', null],
  ['an object', { length: 3, buffer: {} }],
  ['an empty array', []],
  ['shared memory', shared],
  ['an array whose second part is no ArrayBuffer', [new Uint8Array(1), 'x']],
  ['shared memory as a transfer', [new Uint8Array(1), shared.buffer]],
  ['a view on a larger buffer', new Uint8Array(8).subarray(0, 2)],
  ['another kind of typed array', new Float64Array(2)],
];

describe('port link: what does not belong to the protocol', () => {
  test.each(HOSTILE)('%s ends the link once and is reported', async (_name, message) => {
    const { port1, port2 } = new MessageChannel();
    const problems: string[] = [];
    const link = new PortLink(port1, { violation: (problem) => problems.push(problem) });
    const log = logOf(link);
    port2.postMessage(message);
    port2.postMessage(new Uint8Array([1]));
    await log.ended;
    link.drain();
    expect(problems).toHaveLength(1);
    expect(log.batches).toEqual([]);
    expect(log.ends).toBe(1);
    port2.close();
  });
});
