import { expect, test } from '@jest/globals';
import { ManualClock } from '@espalier/core/testing';
import { Intake, type ReceivedFrame } from '../../src/engine/intake.js';
import type { Fate } from '../../src/protocol/out-stream.js';
import type { Consumption, Transport } from '../../src/transport/transport.js';
import { encodeFrame, encodeItem } from '../../src/wire/frames.js';

const SENDER = 'host/incarnation/';

interface Circumstances {
  readonly deadLetters?: string;
  /** So many frames are handled; the next one stays in hand. */
  readonly handles?: number;
  /** Nobody waits for their being handled. */
  readonly atOnce?: boolean;
  readonly durable?: boolean;
  /** What lies in the queue when it goes, so far as there is a connection. */
  readonly lies?: readonly Buffer[];
  /** Frames behind those, that nobody has looked at. */
  readonly unseen?: number;
}

function intake({
  deadLetters,
  handles = Infinity,
  atOnce = false,
  durable = false,
  lies = [],
  unseen = 0,
}: Circumstances) {
  const handled: ReceivedFrame[] = [];
  const dropped: string[] = [];
  const aside: { queue: string; body: Buffer; persistent: boolean; fate: Fate }[] = [];
  let acknowledged = 0;
  let consumption: Consumption | undefined;
  const undelivered: number[] = [];
  const missing: number[] = [];
  const transport = {
    consume: async (given: Consumption) => void (consumption = given),
    publish: (queue: string, body: Buffer, persistent: boolean, fate: Fate) => {
      aside.push({ queue, body, persistent, fate });
    },
    release: async (_queue: string, left?: (body: Buffer) => void) => {
      for (const body of lies) left?.(body);
      return unseen;
    },
  } as unknown as Transport;
  const taken = new Intake({
    queue: 'q',
    terms: { durable, expiresMs: undefined, messageTtlMs: undefined, maxLength: undefined },
    prefetch: 8,
    isShared: false,
    journal: undefined,
    deadLetters,
    bodyBytes: 1000,
    held: () => undefined,
    patienceMs: 1000,
    transport,
    clock: new ManualClock(),
    awaited: () => true,
    open: (_queue, body) => (body[0] === 0 ? undefined : { bytes: body, sender: SENDER }),
    handle: (frame) => {
      if (handled.push(frame) > handles) return new Promise(() => undefined);
      return atOnce ? true : Promise.resolve(true);
    },
    dropped: (why) => dropped.push(why),
    undelivered: (count) => undelivered.push(count),
    missing: (frames) => missing.push(frames),
    late: () => undefined,
  });
  const arrives = async (body: Buffer, again = false): Promise<void> => {
    await taken.open();
    consumption?.arrived(body, { ack: () => acknowledged++ }, again);
    await new Promise((resolve) => setImmediate(resolve));
  };
  return {
    arrives,
    arriveTogether: async (bodies: readonly Buffer[]): Promise<number> => {
      await taken.open();
      for (const body of bodies) consumption?.arrived(body, { ack: () => acknowledged++ }, false);
      return acknowledged;
    },
    handled,
    dropped,
    aside,
    undelivered,
    missing,
    acknowledged: () => acknowledged,
    close: () => taken.close(),
  };
}

const frame = (stream: string): Buffer => encodeFrame(stream, 1, 1, []);

test('a frame is handled once, and dropped as replayed when it comes again', async () => {
  const { arrives, handled, dropped, acknowledged } = intake({});
  for (let times = 0; times < 3; times++) await arrives(frame(`${SENDER}1`));
  expect(handled).toHaveLength(1);
  expect(dropped).toEqual(['replayed', 'replayed']);
  expect(acknowledged()).toBe(3);
});

test('frames that are handled at once are acknowledged in the turn in which they come, each in its order', async () => {
  const { arriveTogether, handled } = intake({ atOnce: true });
  const numbers = [2, 4, 3, 1, 1, 5];
  const bodies = numbers.map((seq) => encodeFrame(`${SENDER}1`, seq, 1, []));
  expect(await arriveTogether(bodies)).toBe(numbers.length);
  expect(handled.map(({ seq }) => seq)).toEqual([1, 2, 3, 4, 5]);
});

test('a frame in a stream of another than its sender is forged, and what is no frame malformed', async () => {
  const { arrives, handled, dropped, acknowledged } = intake({});
  await arrives(frame('host/incarnatio'));
  await arrives(frame('other/incarnation/1'));
  await arrives(Buffer.from('ff', 'hex'));
  await arrives(Buffer.of(0));
  expect(handled).toEqual([]);
  expect(dropped).toEqual(['forged', 'forged', 'malformed']);
  expect(acknowledged()).toBe(4);
});

test('what is larger than is taken is not even opened', async () => {
  const { arrives, dropped, acknowledged } = intake({});
  await arrives(Buffer.alloc(1001));
  expect(dropped).toEqual(['oversized']);
  expect(acknowledged()).toBe(1);
});

test('what a durable queue holds and nobody can take is put aside as it came, and acknowledged when it is there', async () => {
  const { arrives, handled, dropped, aside, acknowledged } = intake({ deadLetters: 'dead' });
  const bodies = [Buffer.from('ff', 'hex'), Buffer.alloc(1001), frame('other/incarnation/1')];
  for (const body of bodies) await arrives(body);
  expect(dropped).toEqual(['malformed', 'oversized', 'forged']);
  expect(aside).toMatchObject(bodies.map((body) => ({ queue: 'dead', body, persistent: true })));
  expect(acknowledged()).toBe(0);
  // There is room for the first, and none for the second.
  aside[0]?.fate.confirmed();
  aside[1]?.fate.rejected();
  expect(acknowledged()).toBe(2);
  await arrives(frame(`${SENDER}1`));
  expect(handled).toHaveLength(1);
});

const MESSAGE = encodeItem({ kind: 'message', value: 'x' }, 100);
const CAST = encodeItem({ kind: 'cast', operation: 'tell', parameters: [] }, 100);
const CALL = encodeItem({ kind: 'call', call: 1, operation: 'ask', parameters: [] }, 100);
const numbered = (seq: number, items: readonly Buffer[]): Buffer => encodeFrame(`${SENDER}1`, seq, 1, items);

test('messages that nobody has got when a queue goes are undelivered, once each: those that had come, and those that lay there', async () => {
  const frames = [
    numbered(1, [MESSAGE]),
    numbered(2, [MESSAGE]),
    numbered(3, [MESSAGE, CALL, CAST]),
    numbered(4, [MESSAGE]),
    numbered(5, []),
  ];
  // 1 was handled, and 2 is in hand: its handler knows what becomes of it. The broker has all again that came and was not acknowledged.
  const lies = [...frames.slice(1), Buffer.of(0)];
  const { arrives, close, undelivered, missing } = intake({ handles: 1, lies, unseen: 7 });
  for (const one of frames.slice(0, 3)) await arrives(one);
  await close();
  expect([undelivered, missing]).toEqual([[3], [7]]);
});

test('what a durable queue has given us is not lost when it is given back', async () => {
  const { arrives, close, undelivered, missing } = intake({ handles: 0, durable: true, unseen: 7 });
  for (const seq of [1, 2, 5]) await arrives(encodeFrame(`${SENDER}1`, seq, seq, [MESSAGE]));
  await close();
  expect([undelivered, missing]).toEqual([[], []]);
});

test('a frame says whether the broker has handed it out before', async () => {
  const { arrives, handled } = intake({});
  await arrives(numbered(1, [MESSAGE]), true);
  await arrives(numbered(2, [MESSAGE]), false);
  expect(handled.map(({ again }) => again)).toEqual([true, false]);
});
