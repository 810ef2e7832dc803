import { connect } from 'node:net';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { afterEach, describe, expect, test } from '@jest/globals';
import { writeU32 } from '../../src/channel/frames.js';
import type { LinkEnd } from '../../src/channel/link.js';
import {
  PIPE_FRAME,
  PIPE_HEADER_BYTES,
  writePipeHeader,
  type PipeFrameKind,
} from '../../src/cells/pipe-frames.js';
import { MAX_HELD_BYTES } from '../../src/cells/pipe-link.js';
import { connectStreams, offerStreams, type FarStreams } from '../../src/cells/stream-offer.js';
import { logOf, numbered, until } from '../channel/link-suite.js';
import { handPipe, pipePair, type Extras, type PipePair } from './pipe-fixture.js';

const opened: PipePair[] = [];

afterEach(() => {
  for (const pair of opened.splice(0)) pair.close();
});

async function pipes(ofParent?: Extras, ofChild?: Extras): Promise<PipePair> {
  const pair = await pipePair(ofParent, ofChild);
  opened.push(pair);
  return pair;
}

function frame(
  kind: number,
  link: number,
  body: readonly number[] | Uint8Array = [],
  length = body.length,
): Uint8Array {
  const bytes = new Uint8Array(PIPE_HEADER_BYTES + body.length);
  writePipeHeader(bytes, 0, kind as PipeFrameKind, link, length);
  bytes.set(body, PIPE_HEADER_BYTES);
  return bytes;
}

const MAGIC = [0x45, 0x53, 0x50, 0x4c];
const HELLO = frame(PIPE_FRAME.hello, 0, [...MAGIC, 1, 0, 0, 0]);

function part(kind: number, number: number): number[] {
  const bytes = new Uint8Array(5);
  bytes[0] = kind;
  writeU32(bytes, 1, number);
  return [...bytes];
}

describe('what a pipe writes', () => {
  test('write: what is sent on several links in one turn leaves in one write, in the order sent', async () => {
    const { pipe, written } = handPipe('parent');
    const [end] = pipe.pair();
    const link = pipe.open(end);
    link.send(numbered(2, 1));
    pipe.control.send(numbered(1, 9));
    link.send(numbered(1, 3));
    expect(written()).toHaveLength(0);
    await nextTurn();
    expect(written()).toEqual(
      Uint8Array.from(
        Buffer.concat([
          HELLO,
          frame(PIPE_FRAME.open, 2),
          frame(PIPE_FRAME.batch, 2, [1, 2]),
          frame(PIPE_FRAME.batch, 0, [9]),
          frame(PIPE_FRAME.batch, 2, [3]),
        ]),
      ),
    );
  });

  test('write: each side numbers its own links', async () => {
    for (const [side, first, second] of [
      ['parent', 2, 4],
      ['child', 1, 3],
    ] as const) {
      const { pipe, written } = handPipe(side);
      pipe.pair();
      pipe.pair();
      await nextTurn();
      const frames = Buffer.concat([HELLO, frame(PIPE_FRAME.open, first), frame(PIPE_FRAME.open, second)]);
      expect(written()).toEqual(Uint8Array.from(frames));
    }
  });

  test('write: while the other side does not read, congestion is told once, and again when it is over', async () => {
    const changes: boolean[] = [];
    const pair = await pipes({ congested: (on) => changes.push(on) });
    const [input] = pair.farSockets;
    const log = logOf(pair.far);
    input.pause();
    for (let at = 0; at < 30; at += 1) pair.near.send(numbered(100_000, at));
    expect(pair.parent.undrainedBytes).toBeGreaterThan(1_000_000);
    expect(changes).toEqual([true]);
    input.resume();
    await until(pair, () => changes.length === 2);
    await until(pair, () => log.batches.length === 30);
    expect(changes).toEqual([true, false]);
    expect(pair.parent.undrainedBytes).toBe(0);
    const whole = log.batches.map((batch, at) => Buffer.compare(batch, numbered(100_000, at)));
    expect(whole).toEqual(Array.from({ length: 30 }, () => 0));
  });

  test('write: a peer that never reads is cut off at the bound, and every link hears of it', async () => {
    const pair = await pipes({ maxUndrainedBytes: 2_000_000 });
    pair.farSockets[0].pause();
    const [end] = pair.parent.pair();
    const logs = [logOf(pair.near), logOf(pair.parent.open(end))];
    for (let at = 0; at < 30; at += 1) pair.near.send(numbered(100_000, at));
    await until(pair, () => logs.every(({ ends }) => ends === 1));
    expect(pair.problems[0]).toMatchObject({ kind: 'bound' });
    expect(pair.parent.undrainedBytes).toBe(0);
  });

  test('write: small batches to a peer that does not read take their own size, not a buffer each', async () => {
    const pair = await pipes({ maxUndrainedBytes: 50_000_000 });
    pair.farSockets[0].pause();
    const before = process.memoryUsage().arrayBuffers;
    for (let at = 0; at < 2_000; at += 1) {
      pair.near.send(numbered(500));
      pair.parent.flush();
    }
    expect(pair.parent.undrainedBytes).toBeGreaterThan(500_000);
    // A buffer of 64 kB for each of them would be 128 MB.
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(20_000_000);
  });

  test('write: to a peer that is gone it is no event, and all that the peer had sent still arrives, once, then the end', async () => {
    const pair = await pipes();
    const log = logOf(pair.near);
    // More than one read, less than the socket holds.
    for (let at = 0; at < 40; at += 1) pair.far.send(numbered(4_000, at));
    pair.child.flush();
    pair.parent.control.send(numbered(1));
    for (const socket of pair.farSockets) socket.destroy();
    for (let at = 0; at < 100; at += 1) {
      pair.near.send(numbered(1_000));
      pair.parent.flush();
    }
    await until(pair, () => log.ends === 1);
    expect(log.batches.map(([first]) => first)).toEqual(Array.from({ length: 40 }, (_, at) => at));
    await nextTurn();
    expect([log.ends, pair.problems]).toEqual([1, []]);
  });
});

describe('what a pipe reads', () => {
  test('read: a frame may come byte by byte', () => {
    const { pipe, feed } = handPipe('child');
    const log = logOf(pipe.control);
    pipe.control.drain();
    for (const byte of Buffer.concat([HELLO, frame(PIPE_FRAME.batch, 0, [1, 2, 3])]))
      feed(Uint8Array.of(byte));
    expect(log.batches.map((bytes) => [...bytes])).toEqual([[1, 2, 3]]);
  });

  test('read: who announces a large frame and sends little makes us hold little', () => {
    const before = process.memoryUsage().arrayBuffers;
    const hands = Array.from({ length: 20 }, () => handPipe('child', { maxFrameBytes: 1 << 30 }));
    for (const { feed } of hands) {
      feed(HELLO);
      feed(frame(PIPE_FRAME.batch, 0, new Uint8Array(1000), 1 << 30));
    }
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(60_000_000);
  });

  test('read: a flood of one pipe leaves the thread its turns', async () => {
    const hand = handPipe('child');
    const log = logOf(hand.pipe.control);
    hand.pipe.control.drain();
    hand.feed(HELLO);
    const flood = frame(PIPE_FRAME.batch, 0, new Uint8Array(60_000));
    let fed = 0;
    for (; !hand.paused; fed += 1) hand.feed(flood);
    expect(fed * flood.length).toBeLessThan(400_000);
    expect(log.batches).toHaveLength(fed);
    await nextTurn();
    hand.feed(flood);
    expect(hand.paused).toBe(false);
  });

  test('read: what is held for a link without a receiver is delivered in order, before what comes after', async () => {
    const { pipe, feed } = handPipe('child');
    feed(HELLO);
    feed(frame(PIPE_FRAME.batch, 0, [1]));
    feed(frame(PIPE_FRAME.batch, 0, [2]));
    const log = logOf(pipe.control);
    expect(log.batches).toEqual([]);
    feed(frame(PIPE_FRAME.batch, 0, [3]));
    expect(log.batches).toEqual([]);
    await nextTurn();
    feed(frame(PIPE_FRAME.batch, 0, [4]));
    expect(log.batches.map(([first]) => first)).toEqual([1, 2, 3, 4]);
  });

  test('read: a receiver that throws costs nobody what comes behind', async () => {
    const thrown: unknown[] = [];
    const { pipe, feed, problems } = handPipe('child', {
      afterTurn: (callback) => {
        process.nextTick(() => {
          try {
            callback();
          } catch (error) {
            thrown.push(error);
          }
        });
      },
    });
    feed(HELLO);
    const log = logOf(pipe.control, ([first]) => {
      if (first === 2) throw new RangeError('a faulty receiver');
    });
    pipe.control.drain();
    const batches = [1, 2, 3].map((first) => frame(PIPE_FRAME.batch, 0, [first]));
    feed(Uint8Array.from(Buffer.concat(batches)));
    expect(log.batches.map(([first]) => first)).toEqual([1, 2, 3]);
    await nextTurn();
    expect([thrown, problems]).toEqual([[new RangeError('a faulty receiver')], []]);
  });

  test('read: frames for a link that was closed here are dropped, without a word', async () => {
    const { pipe, feed, problems } = handPipe('child');
    const control = logOf(pipe.control);
    feed(HELLO);
    feed(frame(PIPE_FRAME.open, 2));
    feed(frame(PIPE_FRAME.parts, 0, [1, 0, ...part(2, 2), 7]));
    await nextTurn();
    const link = pipe.open(control.transfers[0]?.[0] as LinkEnd);
    const log = logOf(link);
    link.close();
    feed(frame(PIPE_FRAME.batch, 2, [1]));
    feed(frame(PIPE_FRAME.close, 2));
    feed(frame(PIPE_FRAME.batch, 0, [8]));
    expect([log.batches, log.ends, problems]).toEqual([[], 0, []]);
    expect(control.batches.map(([first]) => first)).toEqual([7, 8]);
  });

  test('read: a link that was closed before its end came is delivered with what it had carried, and its end', async () => {
    const { pipe, feed, problems } = handPipe('child');
    const control = logOf(pipe.control);
    feed(HELLO);
    feed(frame(PIPE_FRAME.open, 2));
    feed(frame(PIPE_FRAME.batch, 2, [5]));
    feed(frame(PIPE_FRAME.close, 2));
    feed(frame(PIPE_FRAME.parts, 0, [1, 0, ...part(2, 2), 7]));
    await nextTurn();
    const log = logOf(pipe.open(control.transfers[0]?.[0] as LinkEnd));
    await nextTurn();
    expect([log.batches.map(([first]) => first), log.ends, problems]).toEqual([[5], 1, []]);
  });
});

const batchOf = (link: number, ...body: number[]): Uint8Array => frame(PIPE_FRAME.batch, link, body);
const partsOf = (...body: number[]): Uint8Array => frame(PIPE_FRAME.parts, 0, body);
const OPEN = frame(PIPE_FRAME.open, 2);
const PARTS_WITH_END = partsOf(1, 0, ...part(2, 2), 7);

const VIOLATIONS: readonly (readonly [string, readonly Uint8Array[]])[] = [
  ['another first frame', [batchOf(0, 1)]],
  ['a line of text', [Uint8Array.from(Buffer.from('GET / HTTP/1.1\r\n\r\n'))]],
  ['a hello with another magic', [frame(PIPE_FRAME.hello, 0, [1, 2, 3, 4, 1, 0, 0, 0])]],
  ['a hello of another version', [frame(PIPE_FRAME.hello, 0, [...MAGIC, 2, 0, 0, 0])]],
  ['a hello that is too short', [frame(PIPE_FRAME.hello, 0, MAGIC)]],
  ['a hello on another link', [frame(PIPE_FRAME.hello, 2, [...MAGIC, 1, 0, 0, 0])]],
  ['a second hello', [HELLO, HELLO]],
  ['an unknown kind', [HELLO, frame(99, 0, [1])]],
  ['kind 0', [HELLO, frame(0, 0, [1])]],
  ['an empty batch', [HELLO, frame(PIPE_FRAME.batch, 0)]],
  ['an opening with a body', [HELLO, frame(PIPE_FRAME.open, 2, [1])]],
  ['a frame that is too large', [HELLO, frame(PIPE_FRAME.batch, 0, [1], 1_000_001)]],
  ['a frame of 4 GB', [HELLO, frame(PIPE_FRAME.batch, 0, [1], 0xffff_ffff)]],
  ['a batch for a link that was never opened', [HELLO, batchOf(2, 1)]],
  ['a batch for a link of ours that we never opened', [HELLO, batchOf(1, 1)]],
  ['the close of a link that was never opened', [HELLO, frame(PIPE_FRAME.close, 4)]],
  ['the close of the control link', [HELLO, frame(PIPE_FRAME.close, 0)]],
  ['an opening with a number of ours', [HELLO, frame(PIPE_FRAME.open, 1)]],
  ['an opening of the control link', [HELLO, frame(PIPE_FRAME.open, 0)]],
  ['an opening out of turn', [HELLO, frame(PIPE_FRAME.open, 4)]],
  ['the same link opened twice', [HELLO, OPEN, OPEN]],
  ['more links than there may be', [HELLO, ...[2, 4, 6, 8].map((id) => frame(PIPE_FRAME.open, id))]],
  ['parts that are cut off', [HELLO, partsOf(1)]],
  ['a list of parts that is cut off', [HELLO, partsOf(2, 0, ...part(1, 0))]],
  ['a part of unknown kind', [HELLO, partsOf(1, 0, ...part(3, 0), 7)]],
  ['a buffer that is not there', [HELLO, partsOf(1, 0, ...part(1, 4), 7)]],
  ['parts without a batch', [HELLO, partsOf(1, 0, ...part(1, 1), 7)]],
  ['the end of a link that is not open', [HELLO, PARTS_WITH_END]],
  ['the same end twice', [HELLO, OPEN, PARTS_WITH_END, PARTS_WITH_END]],
  ['the end of the control link', [HELLO, partsOf(1, 0, ...part(2, 0), 7)]],
  [
    'an end over another link',
    [HELLO, OPEN, frame(PIPE_FRAME.open, 4), frame(PIPE_FRAME.parts, 2, [1, 0, ...part(2, 4), 7])],
  ],
  [
    'a flood for a link that nobody listens to',
    [
      HELLO,
      OPEN,
      ...Array.from({ length: 5 }, () => frame(PIPE_FRAME.batch, 2, new Uint8Array(MAX_HELD_BYTES / 4))),
    ],
  ],
];

describe('what does not belong to the protocol', () => {
  test.each(VIOLATIONS)(
    'violation: %s is reported once, ends every link, and nothing is delivered after it',
    (_, frames) => {
      let ended = 0;
      const hand = handPipe('child', {
        maxFrameBytes: 1_000_000 + MAX_HELD_BYTES,
        maxLinks: 3,
        ended: () => (ended += 1),
      });
      const small = handPipe('child', { maxFrameBytes: 1_000_000, maxLinks: 3, ended: () => (ended += 1) });
      for (const { pipe, feed, problems } of frames.some(({ length }) => length > 1_000_000)
        ? [hand]
        : [small]) {
        const log = logOf(pipe.control);
        pipe.control.drain();
        for (const bytes of frames) feed(bytes);
        const before = log.batches.length;
        feed(HELLO);
        feed(batchOf(0, 77));
        expect(problems).toHaveLength(1);
        expect(problems[0]?.kind).toBe('protocol');
        expect([log.batches.length, log.ends, ended]).toEqual([before, 1, 1]);
      }
    },
  );

  test('violation: a side that takes no ends takes no links either', () => {
    const { pipe, feed, problems } = handPipe('parent', { takesEnds: false });
    const log = logOf(pipe.control);
    pipe.control.drain();
    feed(HELLO);
    feed(frame(PIPE_FRAME.open, 1));
    expect([problems.map(({ kind }) => kind), log.ends]).toEqual([['protocol'], 1]);
  });

  test.each([
    ['in its header', HELLO.length + 4],
    ['in its body', HELLO.length + PIPE_HEADER_BYTES + 1],
  ])(
    'cut off: an input that ends inside a frame, %s, is reported as that, after what was whole',
    async (_, at) => {
      const hand = handPipe('child');
      const log = logOf(hand.pipe.control);
      hand.pipe.control.drain();
      const bytes = Buffer.concat([HELLO, batchOf(0, 1, 2), batchOf(0, 3, 4)]);
      const whole = PIPE_HEADER_BYTES + 2;
      hand.feed(Uint8Array.from(bytes.subarray(0, at + whole)));
      hand.endInput();
      await nextTurn();
      expect(hand.problems.map(({ kind }) => kind)).toEqual(['cut-off']);
      expect([log.batches.map((batch) => [...batch]), log.ends]).toEqual([[[1, 2]], 1]);
    },
  );

  test('end: an input that ends between frames ends every link once, the control link last, without a problem', async () => {
    const order: string[] = [];
    const hand = handPipe('parent', { ended: () => order.push('pipe') });
    const links = [
      hand.pipe.control,
      hand.pipe.open(hand.pipe.pair()[0]),
      hand.pipe.open(hand.pipe.pair()[0]),
    ];
    for (const [n, link] of links.entries()) {
      link.receive({ batch: () => undefined, end: () => order.push(`link ${n}`) });
      link.drain();
    }
    hand.feed(HELLO);
    hand.endInput();
    await nextTurn();
    await nextTurn();
    expect([order.slice(0, 2).sort(), order.slice(2)]).toEqual([
      ['link 1', 'link 2'],
      ['link 0', 'pipe'],
    ]);
    expect(hand.problems).toEqual([]);
  });
});

describe('what cannot be sent', () => {
  test('send: a batch larger than a frame ends its link at both ends, and no other', async () => {
    const pair = await pipes({ maxSentFrameBytes: 100_000 });
    const control = logOf(pair.far);
    const [mine, theirs] = pair.parent.pair();
    const link = pair.parent.open(mine);
    const near = logOf(link);
    pair.near.send(numbered(1), [theirs]);
    await until(pair, () => control.batches.length === 1);
    const far = logOf(pair.child.open(control.transfers[0]?.[0] as LinkEnd));
    link.send(numbered(100_000));
    link.send(numbered(100_001));
    link.send(numbered(1));
    pair.near.send(numbered(2));
    await until(pair, () => near.ends === 1 && far.ends === 1 && control.batches.length === 2);
    expect(far.batches.map(({ length }) => length)).toEqual([100_000]);
    expect([control.ends, pair.problems]).toEqual([0, []]);
  });

  test('send: what moves along counts as part of the frame', async () => {
    const pair = await pipes({ maxSentFrameBytes: 100_000 });
    const log = logOf(pair.near);
    pair.near.send(numbered(1), [new ArrayBuffer(100_000)]);
    await until(pair, () => log.ends === 1);
    expect(pair.problems.map(({ kind }) => kind)).toEqual(['send']);
  });

  test('send: more links than a pipe has room for end it, not the process', async () => {
    const pair = await pipes({ maxLinks: 3 });
    const logs = Array.from({ length: 5 }, () => logOf(pair.parent.open(pair.parent.pair()[0])));
    await until(pair, () => logs.every(({ ends }) => ends === 1));
    expect(pair.problems[0]).toMatchObject({ kind: 'send' });
  });

  test('send: an end of another kind of link does not cross, and its link ends', async () => {
    const pair = await pipes();
    const log = logOf(pair.near);
    pair.near.send(numbered(1), [{}]);
    await until(pair, () => log.ends === 1);
    expect(pair.problems.map(({ kind }) => kind)).toEqual(['send']);
  });
});

describe('the sockets under a pipe', () => {
  test('sockets: strangers who connect meanwhile, silent ones and guessing ones, get neither end', async () => {
    const offer = offerStreams();
    const { path } = offer.address;
    const strangers = Array.from({ length: 6 }, () => connect({ path }));
    const cutOff = strangers.map((stranger, n) => {
      if (n % 2 === 0) stranger.write(Buffer.alloc(16, n));
      stranger.on('error', () => undefined);
      return new Promise((resolve) => stranger.once('close', resolve));
    });
    // An address is plain data: another thread of the host may connect.
    const near = connectStreams(structuredClone(offer.address));
    const far = (await offer.far) as FarStreams;
    near.output.uncork();
    const out = new Promise((resolve) => far[0].once('data', (chunk: Buffer) => resolve(String(chunk))));
    const back = new Promise((resolve) => {
      near.receive((bytes) => {
        resolve(Buffer.from(bytes).toString());
        return true;
      });
    });
    near.output.write('out');
    far[1].write('back');
    expect([await out, await back]).toEqual(['out', 'back']);
    await Promise.all(cutOff);
    for (const socket of [near.input, near.output, ...far]) socket.destroy();
  });

  test('sockets: an offer serves once', async () => {
    const offer = offerStreams();
    const near = connectStreams(offer.address);
    const far = (await offer.far) as FarStreams;
    const late = connectStreams(offer.address);
    await new Promise((resolve) => late.input.once('close', resolve));
    expect(near.input.destroyed).toBe(false);
    for (const socket of [near.input, near.output, ...far]) socket.destroy();
  });

  test('sockets: an offer that is withdrawn is nobody’s, half taken or not', async () => {
    const untouched = offerStreams();
    untouched.withdraw();
    expect(await untouched.far).toBeUndefined();
    const half = offerStreams();
    const socket = connect({ path: half.address.path });
    socket.on('error', () => undefined);
    socket.write(Buffer.from(half.address.secrets[0], 'hex'));
    await new Promise<void>((resolve) => socket.once('connect', resolve));
    await nextTurn();
    half.withdraw();
    expect(await half.far).toBeUndefined();
    await new Promise((resolve) => socket.resume().once('close', resolve));
  });

  test('sockets: where there can be no address, the offer says so', async () => {
    const offer = offerStreams('/nonexistent/folder/socket');
    await expect(offer.far).rejects.toMatchObject({ code: 'EACCES' });
  });

  test('finish: what a dead process had sent is read although somebody still holds its end', async () => {
    const pair = await pipes();
    const log = logOf(pair.near);
    for (let at = 0; at < 30; at += 1) pair.far.send(numbered(5_000, at));
    pair.child.flush();
    pair.parent.finish();
    await until(pair, () => log.ends === 1);
    expect(log.batches.map(([first]) => first)).toEqual(Array.from({ length: 30 }, (_, at) => at));
    expect(pair.problems).toEqual([]);
  });

  test('finish: who still holds the end and goes on writing does not keep it open', async () => {
    const pair = await pipes();
    const log = logOf(pair.near);
    const more = (): void => {
      pair.far.send(numbered(60_000));
      if (log.ends === 0) setImmediate(more);
    };
    more();
    pair.parent.finish();
    await until(pair, () => log.ends === 1);
    expect(log.ends).toBe(1);
  });
});
