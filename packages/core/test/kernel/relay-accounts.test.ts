/** What passes a relay keeps to the credit and the direction that it has; who does not is ended, and nobody else. */
import { expect, test } from '@jest/globals';
import { FIRST_WINDOW_BYTES, FIRST_WINDOW_MESSAGES } from '../../src/channel/first-window.js';
import { FRAME, HEADER_BYTES, writeHeader, writeLength, type FrameKind } from '../../src/channel/frames.js';
import type { Link, LinkEnd } from '../../src/channel/link.js';
import { nameIn } from '../../src/kernel/names.js';
import { RawKernel, type RawGuest } from './raw-guest.js';

interface End {
  readonly guest: RawGuest;
  readonly link: Link;
  readonly got: Uint8Array[];
  ended: boolean;
  sequence: number;
}

/** Two isolated environments, of which the first is granted the second, and their channel. */
function start() {
  const raw = new RawKernel();
  raw.kernel.start('tree', { ...raw.supervisor(2), siblings: 'isolate' }, () => undefined);
  for (const n of [0, 1]) {
    raw.run();
    raw.say(raw.guests[n] as RawGuest, { call: 'ready', env: 0, ignore: false });
  }
  const [one, other] = raw.guests as [RawGuest, RawGuest];
  raw.grant(nameIn('tree/e0', 'e1'), nameIn('tree/e1', 'e1'), 'tree/e1');
  raw.say(one, { call: 'resolve', id: 1, name: 'e1', follow: true });
  return { raw, a: endOf(raw, one), b: endOf(raw, other) };
}

function endOf(raw: RawKernel, guest: RawGuest): End {
  const end = guest.recorder.got.flatMap(({ ends }) => ends).at(-1) as LinkEnd;
  const opened: End = { guest, link: raw.links.open(end), got: [], ended: false, sequence: 0 };
  opened.link.receive({
    batch: (bytes) => opened.got.push(bytes.slice()),
    end: () => (opened.ended = true),
  });
  return opened;
}

function frame(end: End, kind: number, body: number, correlation = 0): Uint8Array {
  const bytes = new Uint8Array(HEADER_BYTES + body);
  writeHeader(bytes, 0, kind as FrameKind, 0, 0, 0, end.sequence++, correlation);
  writeLength(bytes, 0, body);
  return bytes;
}

function send(raw: RawKernel, end: End, kind: number, body = 1, correlation = 0): void {
  end.link.send(frame(end, kind, body, correlation));
  raw.run();
}

function credit(raw: RawKernel, end: End, messages: number, bytes: number): void {
  const granted = frame(end, FRAME.credit, 4, messages);
  new DataView(granted.buffer).setUint32(HEADER_BYTES, bytes, true);
  end.link.send(granted);
  raw.run();
}

const violations = (raw: RawKernel) =>
  raw.events.flatMap((event) => (event.kind === 'violation' ? [[event.path, event.problem]] : []));

test('relay: a sender may send its first window, and then what it is granted', () => {
  const { raw, a, b } = start();
  for (let n = 0; n < FIRST_WINDOW_MESSAGES; n++) send(raw, a, FRAME.message);
  credit(raw, b, 2, 10);
  for (let n = 0; n < 2; n++) send(raw, a, FRAME.cast);
  expect(b.got).toHaveLength(FIRST_WINDOW_MESSAGES + 2);
  expect(violations(raw)).toEqual([]);
  send(raw, a, FRAME.message);
  expect(b.got).toHaveLength(FIRST_WINDOW_MESSAGES + 2);
  expect(violations(raw)).toEqual([['tree/e0', 'a message was sent without credit']]);
  expect([a.guest.terminated, b.guest.terminated, a.ended, b.ended]).toEqual([true, false, true, true]);
  // They do not share a namespace: why it ended is not told there.
  expect(b.guest.of('gone')).toMatchObject([{ reason: { tag: 'noproc' } }]);
});

test('relay: bytes are counted as messages are', () => {
  const { raw, a, b } = start();
  send(raw, a, FRAME.message, FIRST_WINDOW_BYTES - 10);
  send(raw, a, FRAME.message, 11);
  expect(b.got).toHaveLength(1);
  expect(violations(raw)).toEqual([['tree/e0', 'a message was sent without credit']]);
});

test('relay: who was granted nothing may answer, as often as it was asked, and no more', () => {
  const { raw, a, b } = start();
  send(raw, a, FRAME.call, 1, 7);
  send(raw, b, FRAME.reply, 1, 7);
  expect(a.got).toHaveLength(1);
  send(raw, b, FRAME.reply, 1, 7);
  expect(violations(raw)).toEqual([['tree/e1', 'a reply that nobody waits for']]);
  expect([a.guest.terminated, b.guest.terminated]).toEqual([false, true]);
  expect(a.got).toHaveLength(1);
});

test.each([FRAME.message, FRAME.cast, FRAME.call])(
  'relay: a frame of kind %d goes only where one may speak',
  (kind) => {
    const { raw, a, b } = start();
    send(raw, b, kind);
    expect(violations(raw)).toEqual([['tree/e1', 'a message to whom it may only answer']]);
    expect(a.got).toEqual([]);
    expect(a.guest.terminated).toBe(false);
  },
);

test('relay: the other direction is opened by a grant of its own', () => {
  const { raw, a, b } = start();
  raw.grant(nameIn('tree/e1', 'e0'), nameIn('tree/e0', 'e0'), 'tree/e0');
  raw.say(b.guest, { call: 'resolve', id: 1, name: 'e0', follow: true });
  send(raw, b, FRAME.message);
  expect(a.got).toHaveLength(1);
  expect(violations(raw)).toEqual([]);
});

test.each([
  ['a header that is cut off', new Uint8Array(HEADER_BYTES - 1)],
  [
    'a body that is cut off',
    Uint8Array.from({ length: HEADER_BYTES }, (_, n) => (n === 14 ? 1 : n === 0 ? 2 : 0)),
  ],
  [
    'a frame of the kernel',
    Uint8Array.from({ length: HEADER_BYTES }, (_, n) => (n === 0 ? FRAME.control : 0)),
  ],
])('relay: %s is not sent on', (_, bytes) => {
  const { raw, a, b } = start();
  a.link.send(bytes);
  raw.run();
  expect(b.got).toEqual([]);
  expect(violations(raw).map(([path]) => path)).toEqual(['tree/e0']);
});

test('relay: what a guest of another namespace says of somebody costs it its channel, and him nothing', () => {
  const { raw, a, b } = start();
  raw.say(a.guest, { call: 'violation', channel: 1, problem: 'slander' });
  expect(violations(raw)).toEqual([]);
  expect([a.guest.terminated, b.guest.terminated, b.ended]).toEqual([false, false, true]);
  // The name is still granted: there is a new channel.
  expect(a.guest.of('name').at(-1)).toMatchObject({ holder: { state: 'held', peer: { channel: 2 } } });
  expect(a.guest.of('gone')).toMatchObject([{ channel: 1, closes: true, reason: { tag: 'noproc' } }]);
});

test('relay: revoking cuts at once, whatever is under way', () => {
  const { raw, a, b } = start();
  a.link.send(frame(a, FRAME.message, 1));
  raw.revoke(nameIn('tree/e0', 'e1'));
  expect([a.ended, b.ended]).toEqual([true, true]);
  const got = b.got.length;
  send(raw, a, FRAME.message);
  expect(b.got).toHaveLength(got);
  expect(a.guest.of('gone')).toMatchObject([{ channel: 1, reason: { tag: 'noproc' } }]);
  expect(a.guest.of('name').at(-1)).toMatchObject({ name: 'e1', holder: { state: 'free' } });
});
