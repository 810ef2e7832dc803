import { expect, test } from '@jest/globals';
import { ManualClock } from '@espalier/core/testing';
import { Intake, type ReceivedFrame } from '../../src/engine/intake.js';
import type { Fate } from '../../src/protocol/out-stream.js';
import type { Consumption, Transport } from '../../src/transport/transport.js';
import { encodeFrame } from '../../src/wire/frames.js';

const SENDER = 'host/incarnation/';

function intake(deadLetters?: string) {
  const handled: ReceivedFrame[] = [];
  const dropped: string[] = [];
  const aside: { queue: string; body: Buffer; persistent: boolean; fate: Fate }[] = [];
  let acknowledged = 0;
  let consumption: Consumption | undefined;
  const transport = {
    consume: async (given: Consumption) => void (consumption = given),
    publish: (queue: string, body: Buffer, persistent: boolean, fate: Fate) => {
      aside.push({ queue, body, persistent, fate });
    },
  } as unknown as Transport;
  const taken = new Intake({
    queue: 'q',
    terms: { durable: false, expiresMs: undefined, messageTtlMs: undefined, maxLength: undefined },
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
    handle: async (frame) => handled.push(frame) > 0,
    dropped: (why) => dropped.push(why),
  });
  const arrives = async (body: Buffer): Promise<void> => {
    await taken.open();
    consumption?.arrived(body, { ack: () => acknowledged++ }, false);
    await new Promise((resolve) => setImmediate(resolve));
  };
  return { arrives, handled, dropped, aside, acknowledged: () => acknowledged };
}

const frame = (stream: string): Buffer => encodeFrame(stream, 1, 1, []);

test('a frame is handled once, and dropped as replayed when it comes again', async () => {
  const { arrives, handled, dropped, acknowledged } = intake();
  for (let times = 0; times < 3; times++) await arrives(frame(`${SENDER}1`));
  expect(handled).toHaveLength(1);
  expect(dropped).toEqual(['replayed', 'replayed']);
  expect(acknowledged()).toBe(3);
});

test('a frame in a stream of another than its sender is forged, and what is no frame malformed', async () => {
  const { arrives, handled, dropped, acknowledged } = intake();
  await arrives(frame('host/incarnatio'));
  await arrives(frame('other/incarnation/1'));
  await arrives(Buffer.from('ff', 'hex'));
  await arrives(Buffer.of(0));
  expect(handled).toEqual([]);
  expect(dropped).toEqual(['forged', 'forged', 'malformed']);
  expect(acknowledged()).toBe(4);
});

test('what is larger than is taken is not even opened', async () => {
  const { arrives, dropped, acknowledged } = intake();
  await arrives(Buffer.alloc(1001));
  expect(dropped).toEqual(['oversized']);
  expect(acknowledged()).toBe(1);
});

test('what a durable queue holds and nobody can take is put aside as it came, and acknowledged when it is there', async () => {
  const { arrives, handled, dropped, aside, acknowledged } = intake('dead');
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
