/** Pipes that are offered in advance: one is ready for the next cell, and none is left open that nobody uses. */
import { afterEach, expect, test } from '@jest/globals';
import type { Socket } from 'node:net';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { DirectOffers } from '../../../src/cells/direct/direct-offers.js';
import { connectStreams, type StreamAddress } from '../../../src/cells/stream-offer.js';

const offered: { readonly id: number; readonly address: StreamAddress }[] = [];
const connected: Socket[] = [];

afterEach(() => {
  for (const socket of connected.splice(0)) socket.destroy();
  offered.length = 0;
});

const offers = (): DirectOffers => new DirectOffers((id, address) => offered.push({ id, address }));

function connectTo(n: number): void {
  const { input, output } = connectStreams((offered[n] as (typeof offered)[number]).address);
  connected.push(input as Socket, output as Socket);
}

test('take: one that the application has connected to; the next is offered once the cell is up', async () => {
  const all = offers();
  const ready = all.prepare();
  expect(all.take()).toBeUndefined();
  connectTo(0);
  await ready;
  const way = all.take();
  expect(way?.far).toHaveLength(2);
  expect(all.take()).toBeUndefined();
  expect(offered).toHaveLength(1);
  way?.heard();
  expect(offered.map(({ id }) => id)).toEqual([1, 2]);
  for (const socket of way?.far ?? []) socket.destroy();
  all.close();
});

test('take: after a cell that never came up there is one for its next life, too', async () => {
  const all = offers();
  const ready = all.prepare();
  connectTo(0);
  await ready;
  const way = all.take();
  way?.over();
  expect(offered).toHaveLength(2);
  for (const socket of way?.far ?? []) socket.destroy();
  all.close();
});

test('lost: the cell that has it is told why; one that nobody has yet is withdrawn', async () => {
  const all = offers();
  const ready = all.prepare();
  connectTo(0);
  await ready;
  const way = all.take();
  const told: (string | undefined)[] = [];
  if (way !== undefined) way.lost = (problem) => told.push(problem);
  all.lost(1, 'garbage');
  expect(told).toEqual(['garbage']);
  const next = all.prepare();
  all.lost(2, undefined);
  await next;
  expect(all.take()).toBeUndefined();
  for (const socket of way?.far ?? []) socket.destroy();
});

test('close: nothing stays open, and nothing is offered any more', async () => {
  const all = offers();
  const ready = all.prepare();
  connectTo(0);
  await ready;
  const ended = new Promise((resolve) => connected[1]?.once('close', resolve));
  connected[1]?.resume();
  all.close();
  await ended;
  await all.prepare();
  await nextTurn();
  expect(offered).toHaveLength(1);
});
