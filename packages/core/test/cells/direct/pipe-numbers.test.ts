/** Pipes whose links are numbered elsewhere: what comes for one that was not taken yet, and for one that will never be. */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { expect, test } from '@jest/globals';
import {
  encodeHello,
  PIPE_FRAME,
  PIPE_HEADER_BYTES,
  writePipeHeader,
} from '../../../src/cells/pipe-frames.js';
import { logOf } from '../../channel/link-suite.js';
import { handPipe, type HandPipe } from '../pipe-fixture.js';

type Kind = (typeof PIPE_FRAME)[keyof typeof PIPE_FRAME];

function frame(kind: Kind, link: number, body: Uint8Array = new Uint8Array()): Uint8Array {
  const bytes = new Uint8Array(PIPE_HEADER_BYTES + body.length);
  writePipeHeader(bytes, 0, kind, link, body.length);
  bytes.set(body, PIPE_HEADER_BYTES);
  return bytes;
}

function direct(): HandPipe {
  const hand = handPipe('parent', { takesEnds: false, numberedElsewhere: true });
  hand.feed(frame(PIPE_FRAME.hello, 0, encodeHello()));
  return hand;
}

const batch = (link: number, ...bytes: number[]): Uint8Array =>
  frame(PIPE_FRAME.batch, link, Uint8Array.from(bytes));

test('early: what comes before its link is taken is held, and comes first, in order, with the end', async () => {
  const { pipe, feed, problems } = direct();
  feed(batch(2, 1));
  feed(batch(1, 7));
  feed(batch(2, 2));
  feed(frame(PIPE_FRAME.close, 2));
  const one = logOf(pipe.take(1));
  const two = logOf(pipe.take(2));
  feed(batch(1, 8));
  await nextTurn();
  expect(one.batches.map((bytes) => [...bytes])).toEqual([[7], [8]]);
  expect(two.batches.map((bytes) => [...bytes])).toEqual([[1], [2]]);
  expect([one.ends, two.ends]).toEqual([0, 1]);
  expect(problems).toEqual([]);
});

test('early: what a side that ended had sent for a link is there when that is taken', async () => {
  const { pipe, feed, endInput } = direct();
  feed(batch(1, 1));
  endInput();
  await nextTurn();
  const log = logOf(pipe.take(1));
  await nextTurn();
  expect(log.batches.map((bytes) => [...bytes])).toEqual([[1]]);
  expect(log.ends).toBe(1);
});

test('closed: what was under way for a link that was closed here is passed over', () => {
  const { pipe, feed, problems } = direct();
  pipe.take(1).close();
  feed(batch(1, 1));
  feed(frame(PIPE_FRAME.close, 1));
  expect(problems).toEqual([]);
});

test('bound: what is held for links that nobody takes is bounded, however many they are', () => {
  const { feed, problems } = direct();
  const body = new Uint8Array(1024 * 1024);
  for (let link = 1; link <= 16; link += 1) feed(frame(PIPE_FRAME.batch, link, body));
  expect(problems).toEqual([]);
  feed(batch(17, 1));
  expect(problems).toMatchObject([{ kind: 'protocol' }]);
});

test('bound: what was taken no longer counts', () => {
  const { pipe, feed, problems } = direct();
  const body = new Uint8Array(1024 * 1024);
  for (let link = 1; link <= 40; link += 1) {
    feed(frame(PIPE_FRAME.batch, link, body));
    pipe.take(link);
  }
  expect(problems).toEqual([]);
});

test('nobody opens a link, or passes one on', () => {
  const opening = direct();
  opening.feed(frame(PIPE_FRAME.open, 1));
  expect(opening.problems).toMatchObject([{ kind: 'protocol' }]);
  const passing = direct();
  passing.feed(frame(PIPE_FRAME.parts, 0, Uint8Array.from([1, 0, 2, 1, 0, 0, 0, 9])));
  expect(passing.problems).toMatchObject([{ kind: 'protocol' }]);
});

test('read: who waits for so many frames is called once they are read, or never will be', async () => {
  const { pipe, feed, endInput } = direct();
  const called: number[] = [];
  expect(pipe.whenRead(1, () => called.push(1))).toBe(true);
  expect(pipe.whenRead(3, () => called.push(3))).toBe(false);
  feed(batch(1, 1));
  await nextTurn();
  expect(called).toEqual([]);
  feed(batch(1, 1));
  await nextTurn();
  expect(called).toEqual([3]);
  expect(pipe.whenRead(Infinity, () => called.push(Infinity))).toBe(false);
  endInput();
  await nextTurn();
  await nextTurn();
  expect(called).toEqual([3, Infinity]);
  expect(pipe.whenRead(99, () => called.push(99))).toBe(true);
});
