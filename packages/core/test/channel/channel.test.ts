import { describe, expect, test } from '@jest/globals';
import { MAX_BATCH_FRAMES } from '../../src/channel/channel.js';
import { NEEDS_TICKETS } from '../../src/guest/value-codec.js';
import {
  FLAG,
  FRAME,
  HEADER_BYTES,
  PROTOCOL_VERSION,
  writeHeader,
  writeLength,
  type FrameKind,
} from '../../src/channel/frames.js';
import { Address } from '../../src/guest/address.js';
import { encodeOnce, portableTextCodec as text } from '../../src/values/index.js';
import { channelPair, MANY } from './bench.js';

function frame(
  kind: number,
  sequence: number,
  body: readonly number[] | Uint8Array = [],
  fields: { flags?: number; correlation?: number; length?: number } = {},
): Uint8Array {
  const bytes = new Uint8Array(HEADER_BYTES + body.length);
  writeHeader(bytes, 0, kind as FrameKind, fields.flags ?? 0, 0, 0, sequence, fields.correlation ?? 0);
  writeLength(bytes, 0, fields.length ?? body.length);
  bytes.set(body, HEADER_BYTES);
  return bytes;
}

const hello = frame(FRAME.hello, 0, [], { correlation: PROTOCOL_VERSION });

describe('batches', () => {
  test('batch: the frames of one turn leave together when the turn has ended', () => {
    const { sender, receiver, batches, turns, deliver } = channelPair();
    for (let n = 0; n < 10; n++) sender.sendValue(FRAME.message, 0, 0, 0, n, MANY);
    expect(batches).toHaveLength(0);
    turns.end();
    expect(batches).toHaveLength(1);
    deliver();
    expect(receiver.values).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    sender.sendValue(FRAME.message, 0, 0, 0, 'next', MANY);
    turns.end();
    expect(batches).toHaveLength(2);
  });

  test('batch: leaves at its number of frames', () => {
    const { sender, batches } = channelPair();
    // The first frame is the channel's own: hello.
    for (let n = 0; n < MAX_BATCH_FRAMES - 2; n++) sender.sendValue(FRAME.message, 0, 0, 0, n, MANY);
    expect(batches).toHaveLength(0);
    sender.sendValue(FRAME.message, 0, 0, 0, 62, MANY);
    expect(batches).toHaveLength(1);
  });

  test('batch: leaves at 16 kB', () => {
    const { sender, batches } = channelPair();
    sender.sendValue(FRAME.message, 0, 0, 0, new Uint8Array(10_000), MANY);
    expect(batches).toHaveLength(0);
    sender.sendValue(FRAME.message, 0, 0, 0, new Uint8Array(7_000), MANY);
    expect(batches).toHaveLength(1);
  });

  test('batch: leaves when the channel is closed', () => {
    const { sender, receiver, deliver } = channelPair();
    sender.sendValue(FRAME.message, 0, 0, 0, 'last', MANY);
    sender.close();
    deliver();
    expect(receiver.values).toEqual(['last']);
    expect(receiver.ends).toBe(1);
  });

  test('fields: slots, correlation and sizes arrive as they were sent', () => {
    const { sender, receiver, deliver } = channelPair();
    const size = sender.sendValue(FRAME.call, 65_535, 7, 0xffff_ffff, ['add', 1], MANY);
    sender.sendPlain(FRAME.credit, 1, 2, 500, 0xffff_fffe);
    sender.flush();
    deliver();
    expect(receiver.got).toEqual([
      {
        kind: FRAME.call,
        to: 65_535,
        from: 7,
        correlation: 0xffff_ffff,
        value: ['add', 1],
        bytes: size,
        ends: [],
      },
    ]);
    expect(receiver.plains).toEqual([[FRAME.credit, 500, 0xffff_fffe]]);
  });
});

describe('refusals', () => {
  test('refused: a value that is refused leaves no trace in the stream', () => {
    const { sender, receiver, turns, deliver } = channelPair();
    sender.sendValue(FRAME.message, 0, 0, 0, { known: 1 }, MANY);
    for (const bad of [{ fresh: { shape: () => 0 } }, [Symbol('x')], { known: new Uint8Array(5000) }]) {
      expect(() => sender.sendValue(FRAME.message, 0, 0, 0, bad, 1000)).toThrow(
        expect.objectContaining({ name: 'CallError' }),
      );
    }
    let thrown: unknown;
    try {
      sender.sendValue(FRAME.message, 0, 0, 0, { to: new Address(5) }, MANY);
    } catch (error) {
      thrown = error;
    }
    expect(thrown).toBe(NEEDS_TICKETS);
    sender.sendValue(FRAME.message, 0, 0, 0, { fresh: { shape: 1 } }, MANY);
    sender.sendValue(FRAME.message, 0, 0, 0, { known: 2 }, MANY);
    turns.end();
    deliver();
    expect(receiver.violations).toEqual([]);
    expect(receiver.values).toEqual([{ known: 1 }, { fresh: { shape: 1 } }, { known: 2 }]);
  });

  test('refused: the only value of a turn sends nothing', () => {
    const { sender, batches, turns } = channelPair();
    turns.end();
    const before = batches.length;
    expect(() => sender.sendValue(FRAME.message, 0, 0, 0, () => 0, MANY)).toThrow();
    turns.end();
    expect(batches).toHaveLength(before);
  });
});

describe('tickets', () => {
  const body = (address: Address): Uint8Array =>
    encodeOnce({ to: address }, { text, references: { write: () => 0 } });

  test('ticket: a frame that names one which is not here yet waits, and all behind it', () => {
    const { sender, receiver, receiving, deliver } = channelPair();
    const address = new Address(5);
    sender.sendEncoded(FRAME.message, 0, 0, 0, body(address), [9]);
    sender.sendValue(FRAME.message, 0, 0, 0, 'behind', MANY);
    sender.flush();
    deliver();
    expect(receiver.values).toEqual([]);
    receiver.tickets.set(9, address);
    receiving.resume();
    expect(receiver.values).toEqual([{ to: address }, 'behind']);
  });

  test('transfers: buffers move with their frame, and their bytes are counted', () => {
    const { sender, receiver, deliver } = channelPair();
    const buffer = new ArrayBuffer(5000);
    sender.sendEncoded(FRAME.message, 0, 0, 0, encodeOnce('with a buffer', { text }), [], [buffer]);
    sender.flush();
    deliver();
    expect(buffer.byteLength).toBe(0);
    expect(receiver.got[0]?.bytes).toBeGreaterThanOrEqual(5000);
  });
});

describe('violations', () => {
  const cases: readonly (readonly [string, readonly Uint8Array[]])[] = [
    ['a header that is cut off', [hello, new Uint8Array(5)]],
    ['a body that is cut off', [hello, frame(FRAME.message, 1, [1], { length: 100 })]],
    ['a frame that is missing', [hello, frame(FRAME.message, 2, [1])]],
    ['a frame that comes twice', [hello, frame(FRAME.want, 1), frame(FRAME.want, 1)]],
    ['no hello', [frame(FRAME.want, 0)]],
    ['another version', [frame(FRAME.hello, 0, [], { correlation: PROTOCOL_VERSION + 1 })]],
    ['a second hello', [hello, frame(FRAME.hello, 1, [], { correlation: PROTOCOL_VERSION })]],
    ['an unknown kind', [hello, frame(99, 1)]],
    ['a value that is none', [hello, frame(FRAME.message, 1, [255, 255, 255])]],
    ['an empty value', [hello, frame(FRAME.message, 1)]],
    ['tickets that are cut off', [hello, frame(FRAME.message, 1, [5, 0, 1], { flags: FLAG.standalone })]],
    [
      'a list of tickets without its length',
      [hello, frame(FRAME.message, 1, [5], { flags: FLAG.standalone })],
    ],
    [
      'transfers that are not there',
      [hello, frame(FRAME.message, 1, [3, 0, 0, 0], { flags: FLAG.standalone | FLAG.transfers })],
    ],
    ['transfers without their number', [hello, frame(FRAME.message, 1, [1], { flags: FLAG.transfers })]],
  ];

  test.each(cases)('violation: %s is reported once, and nothing is delivered any more', (_, batches) => {
    const { raw, receiver, deliver } = channelPair();
    for (const batch of batches) raw.send(batch);
    raw.send(frame(FRAME.want, batches.length));
    deliver();
    expect(receiver.violations).toHaveLength(1);
    expect(receiver.got).toEqual([]);
    const seen = receiver.plains.length;
    raw.send(frame(FRAME.want, batches.length + 1));
    deliver();
    expect(receiver.plains).toHaveLength(seen);
    expect(receiver.violations).toHaveLength(1);
  });

  test('violation: after it, the end of the link is still told', () => {
    const { raw, receiver, deliver } = channelPair();
    raw.send(frame(99, 0));
    raw.close();
    deliver();
    expect(receiver.violations).toHaveLength(1);
    expect(receiver.ends).toBe(1);
  });

  test('end: comes after everything that was sent, also when it had to wait for a ticket', () => {
    const { sender, receiver, receiving, deliver } = channelPair();
    const address = new Address(1);
    sender.sendEncoded(
      FRAME.message,
      0,
      0,
      0,
      encodeOnce([address], { text, references: { write: () => 0 } }),
      [1],
    );
    sender.close();
    deliver();
    expect(receiver.ends).toBe(0);
    receiver.tickets.set(1, address);
    receiving.resume();
    expect(receiver.values).toEqual([[address]]);
    expect(receiver.ends).toBe(1);
  });
});
