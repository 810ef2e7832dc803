import { expect, test } from '@jest/globals';
import { ManualClock } from '@espalier/core/testing';
import { Intake, type ReceivedFrame } from '../../src/engine/intake.js';
import type { Consumption, Transport } from '../../src/transport/transport.js';
import { encodeFrame } from '../../src/wire/frames.js';

const SENDER = 'host/incarnation/';

function intake() {
  const handled: ReceivedFrame[] = [];
  const dropped: string[] = [];
  let acknowledged = 0;
  let consumption: Consumption | undefined;
  const transport = {
    consume: async (given: Consumption) => void (consumption = given),
  } as unknown as Transport;
  const taken = new Intake({
    queue: 'q',
    terms: { durable: false, expiresMs: undefined, messageTtlMs: undefined, maxLength: undefined },
    prefetch: 8,
    isShared: false,
    fences: undefined,
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
  return { arrives, handled, dropped, acknowledged: () => acknowledged };
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
