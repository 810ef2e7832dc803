import { describe, expect, test } from '@jest/globals';
import { CallError } from '../../src/index.js';
import { PendingCalls, type CallPeer } from '../../src/guest/pending-calls.js';
import { Timers } from '../../src/guest/timers.js';
import { ManualClock } from '../../src/testing/index.js';

const PEER: CallPeer = { channel: 1, slot: 0 };
const OTHER: CallPeer = { channel: 2, slot: 0 };

function start(timeoutMs = 100, signal?: AbortSignal) {
  const clock = new ManualClock();
  const cancelled: (readonly [CallPeer, number])[] = [];
  const calls = new PendingCalls(new Timers(clock), (peer, call) => cancelled.push([peer, call]));
  const endings: unknown[] = [];
  const call = calls.start({
    operation: 'work',
    timeoutMs,
    signal,
    resolve: (value) => endings.push(value),
    reject: (error) => endings.push(error.code),
  });
  return { clock, cancelled, calls, call, endings };
}

describe('pending calls', () => {
  test('call: whatever comes first ends it, and what comes later does nothing', () => {
    const { calls, call, endings, clock } = start();
    calls.sent(call, PEER);
    expect(calls.reply(call, PEER, 42)).toBe(true);
    expect(calls.reply(call, PEER, 43)).toBe(false);
    expect(calls.fail(call, new CallError('refused', 'late'), PEER)).toBe(false);
    calls.peerGone(1, 0, { tag: 'error' });
    clock.fireNext();
    calls.close(new CallError('cancelled', 'late'));
    expect(endings).toEqual([42]);
    expect(calls.size).toBe(0);
  });

  test('call: only the peer that was asked can answer', () => {
    const { calls, call, endings } = start();
    expect(calls.reply(call, PEER, 'before it was sent')).toBe(false);
    calls.sent(call, PEER);
    expect(calls.reply(call, OTHER, 'forged')).toBe(false);
    expect(calls.reply(call, { channel: 1, slot: 1 }, 'forged')).toBe(false);
    expect(calls.fail(call, new CallError('refused', 'forged'), OTHER)).toBe(false);
    calls.peerGone(2, 0, { tag: 'error' });
    calls.peerGone(1, 1, { tag: 'error' });
    expect(endings).toEqual([]);
    calls.peerGone(1, 0, { tag: 'error' });
    expect(endings).toEqual(['down']);
  });

  test('call: its timeout tells the peer, if it was sent', () => {
    const sent = start();
    sent.calls.sent(sent.call, PEER);
    sent.clock.fireNext();
    expect([sent.endings, sent.cancelled]).toEqual([['timeout'], [[PEER, sent.call]]]);
    const unsent = start();
    unsent.clock.fireNext();
    expect([unsent.endings, unsent.cancelled]).toEqual([['timeout'], []]);
    expect(unsent.calls.sent(unsent.call, PEER)).toBe(false);
    expect(unsent.calls.wanted(unsent.call)).toBe(false);
  });

  test('call: an abort ends it and is listened to no longer than it lasts', () => {
    const controller = new AbortController();
    const { calls, call, endings, cancelled } = start(100, controller.signal);
    calls.sent(call, PEER);
    controller.abort();
    controller.abort();
    expect(endings).toEqual(['cancelled']);
    expect(cancelled).toEqual([[PEER, call]]);
  });

  test('call: ends untold with its caller, and with an error when the kernel is gone', () => {
    const silent = start();
    silent.calls.close();
    silent.clock.fireNext();
    expect([silent.endings, silent.calls.size]).toEqual([[], 0]);
    const told = start();
    told.calls.close(new CallError('cancelled', 'gone'));
    expect(told.endings).toEqual(['cancelled']);
  });

  test('call: given up by its caller it ends, and the peer is told if it was sent; given up later it does nothing', () => {
    const sent = start();
    sent.calls.sent(sent.call, PEER);
    sent.calls.cancel(sent.call);
    sent.calls.cancel(sent.call);
    expect([sent.endings, sent.cancelled]).toEqual([['cancelled'], [[PEER, sent.call]]]);
    const unsent = start();
    unsent.calls.cancel(unsent.call);
    expect([unsent.endings, unsent.cancelled]).toEqual([['cancelled'], []]);
    const answered = start();
    answered.calls.sent(answered.call, PEER);
    answered.calls.reply(answered.call, PEER, 42);
    answered.calls.cancel(answered.call);
    expect([answered.endings, answered.cancelled]).toEqual([[42], []]);
  });
});
