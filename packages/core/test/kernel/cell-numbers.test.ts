/** What a cell's kernel makes of the numbers of the kernel above, and that one of its: kernel/presence.ts. */
import { expect, test } from '@jest/globals';
import { OWN, UP } from '../../src/kernel/numbers.js';
import { RawAbove, RawKernel, type RawGuest } from './raw-guest.js';

const TERMS = {
  capacity: 100,
  capacityBytes: 1_000_000,
  messageBytes: 100_000,
  overflow: 'block',
  sendTimeoutMs: 1000,
} as const;
const REASON = { tag: 'error', detail: 'as planned' } as const;

/** A cell with two environments that have no names. */
function cell() {
  const above = new RawAbove();
  const raw = new RawKernel('infinity', above);
  const spec = raw.supervisor(2, false);
  above.say(0, { notice: 'cell', path: 'tree/c', start: { kind: 'supervisor', spec }, extra: undefined });
  for (const n of [0, 1]) {
    raw.run();
    raw.say(raw.guests[n] as RawGuest, { call: 'ready', env: 0, ignore: false });
  }
  expect(above.heard()).toEqual([[0, { call: 'ready', env: 0, ignore: false }]]);
  const [a, b] = raw.guests as [RawGuest, RawGuest];
  const tell = (...[number, notice, ends]: Parameters<RawAbove['say']>) => {
    above.say(number, notice, ends);
    raw.run();
  };
  /** It asks for a name, and with that is presented. */
  const present = (guest: RawGuest, number: number, path: string) => {
    raw.say(guest, { call: 'resolve', id: 7, name: 'x', follow: true });
    expect(above.heard()).toEqual([
      [0, { call: 'present', number, path, name: null, terms: TERMS, space: '' }],
      [number, { call: 'resolve', id: 1, name: 'x', follow: true }],
    ]);
  };
  return { above, raw, a, b, tell, present };
}

test('numbers: an environment is presented when it first names something outside, and answered by its own numbers', () => {
  const { above, raw, a, tell, present } = cell();
  present(a, 1, 'tree/c/e0');
  const [near] = raw.links.pair();
  tell(1, { notice: 'channel', channel: 3 }, [near]);
  const peer = { channel: 3, slot: 0, terms: TERMS };
  tell(1, { notice: 'answer', id: 1, result: { ok: true, value: { state: 'held', peer } } });
  expect(a.of('channel')).toEqual([{ notice: 'channel', channel: UP + 3 }]);
  expect(a.of('answer')).toEqual([
    {
      notice: 'answer',
      id: 7,
      result: { ok: true, value: { state: 'held', peer: { ...peer, channel: UP + 3 } } },
    },
  ]);
  tell(1, { notice: 'ticket', channel: 3, ticket: 1, handle: 5 });
  expect(a.of('ticket')).toEqual([{ notice: 'ticket', channel: UP + 3, ticket: 1, handle: UP + 5 }]);

  raw.say(a, { call: 'link', env: 0, handle: UP + 5 });
  raw.say(a, { call: 'monitor', env: 0, id: 8, target: UP + 5 });
  raw.say(a, { call: 'drop', handles: [1, UP + 5], counts: [1, 2] });
  raw.say(a, { call: 'blocked', env: 0, channel: UP + 3, slot: 0, on: true });
  expect(above.heard()).toEqual([
    [1, { call: 'link', env: 0, handle: 5 }],
    [1, { call: 'monitor', env: 0, id: 2, target: 5 }],
    [1, { call: 'drop', handles: [5], counts: [2] }],
    [1, { call: 'blocked', env: 0, channel: 3, slot: 0, on: true }],
  ]);
  tell(1, { notice: 'answer', id: 2, result: { ok: true, value: 4 } });
  expect(a.of('answer')[1]).toEqual({ notice: 'answer', id: 8, result: { ok: true, value: UP + 4 } });
  raw.say(a, { call: 'demonitor', env: 0, monitor: UP + 4 });
  expect(above.heard()).toEqual([[1, { call: 'demonitor', env: 0, monitor: 4 }]]);
});

test('numbers: a death outside is told with signals that this kernel gives, so that an end by them is known to it', () => {
  const { above, raw, a, tell, present } = cell();
  present(a, 1, 'tree/c/e0');
  tell(1, {
    notice: 'gone',
    channel: 0,
    slot: 0,
    closes: true,
    reason: REASON,
    downs: [{ env: 0, monitor: 4 }],
    exits: [{ env: 0, signal: 0, handle: 5 }],
  });
  const [gone] = a.of('gone');
  expect(gone).toMatchObject({
    channel: 0,
    downs: [{ env: 0, monitor: UP + 4 }],
    exits: [{ handle: UP + 5 }],
  });
  raw.say(a, { call: 'exit', env: 0, signal: gone?.exits[0]?.signal });
  a.end?.({ kind: 'unexplained', exitCode: 0 });
  raw.run();
  expect(above.heard()[0]).toEqual([1, { call: 'exit', env: 0, ...REASON, kept: false }]);
});

test('numbers: what is inside is known by its own number above, and by its own handle and channel below', () => {
  const { above, raw, a, b, tell, present } = cell();
  present(a, 1, 'tree/c/e0');
  present(b, 2, 'tree/c/e1');
  const peer = { channel: OWN + 1, slot: 0, terms: TERMS };
  tell(2, { notice: 'answer', id: 1, result: { ok: true, value: { state: 'held', peer } } });
  const [local] = b.of('channel');
  expect(local?.channel).toBeLessThan(UP);
  expect(b.of('answer')[0]?.result).toMatchObject({ value: { peer: { channel: local?.channel } } });

  // The same address, by whatever way it comes: the first handle that anybody gave.
  tell(2, {
    notice: 'signal',
    env: 0,
    signal: 0,
    channel: OWN + 1,
    handle: OWN + 1,
    stop: false,
    reason: REASON,
  });
  tell(2, { notice: 'ticket', channel: OWN + 1, ticket: 1, handle: OWN + 1 });
  const [signal] = b.of('signal');
  expect(signal).toMatchObject({ channel: local?.channel });
  expect(signal?.handle).toBeLessThan(UP);
  expect(b.of('ticket')).toEqual([
    { notice: 'ticket', channel: local?.channel, ticket: 1, handle: signal?.handle },
  ]);

  // Passed out: the number that the kernel above knows it by. Passed on inside, what is outside: likewise the channel.
  raw.say(b, { call: 'ticket', id: 9, channel: UP + 6, handle: signal?.handle });
  raw.say(b, { call: 'ticket', id: 10, channel: local?.channel, handle: UP + 5 });
  expect(above.heard()).toEqual([
    [2, { call: 'ticket', id: 2, channel: 6, handle: OWN + 1 }],
    [2, { call: 'ticket', id: 3, channel: OWN + 1, handle: 5, ticket: 1 }],
  ]);
});

test('numbers: what has ended is known by the same number, until the kernel above forgets it', () => {
  const { above, raw, a, b, tell, present } = cell();
  present(a, 1, 'tree/c/e0');
  present(b, 2, 'tree/c/e1');
  tell(2, { notice: 'ticket', channel: 6, ticket: 1, handle: OWN + 1 });
  tell(1, { notice: 'kill', reason: { tag: 'killed', detail: undefined } });
  expect(a.terminated).toBe(true);
  expect(above.heard()[0]).toMatchObject([1, { call: 'exit', tag: 'killed', kept: false }]);
  tell(2, { notice: 'ticket', channel: 6, ticket: 2, handle: OWN + 1 });
  const handles = b.of('ticket').map(({ handle }) => handle);
  expect(handles[1]).toBe(handles[0]);

  tell(0, { notice: 'forget', number: 1 });
  // Somebody inside still knows it: it is a new one to those outside.
  raw.say(b, { call: 'ticket', id: 9, channel: UP + 6, handle: handles[0] });
  expect(above.heard()).toEqual([[2, { call: 'ticket', id: 2, channel: 6, handle: OWN + 3 }]]);
});

test('numbers: of a cell inside the cell, calls go on with its numbers of this kernel, and own ones stay its own', () => {
  const { above, raw, a, present } = cell();
  present(a, 1, 'tree/c/e0');
  // What a guest of a kernel further down calls UP + UP + x comes from there as UP + x.
  raw.say(a, { call: 'link', env: 0, handle: 2 * UP + 5 });
  expect(above.heard()).toEqual([[1, { call: 'link', env: 0, handle: UP + 5 }]]);
  // No number of ours: nobody is there.
  raw.say(a, { call: 'link', env: 0, handle: OWN + 5 });
  expect(above.heard()).toEqual([]);
  expect(a.of('gone')).toMatchObject([{ exits: [{ handle: OWN + 5 }] }]);
});
