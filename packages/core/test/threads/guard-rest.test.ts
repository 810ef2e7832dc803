/** What the guard does while nothing happens; that it holds limits is tested with real threads in guard.test.ts. */
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { ManualClock } from '../../src/testing/manual-clock.js';
import { Guard, type GuardEntry } from '../../src/threads/guard.js';
import { InspectionGate } from '../../src/threads/inspection-gate.js';
import type { ThreadCpu } from '../../src/threads/thread-cpu.js';
import type { MemoryReading, ThreadMemory } from '../../src/threads/thread-memory.js';

/** An answer to the guard takes so much of its thread on a busy machine, ns. */
const ANSWER_NS = 600_000;

let clock: ManualClock;
let guard: Guard;
let processUs: number;

beforeEach(() => {
  clock = new ManualClock();
  processUs = 0;
  guard = new Guard({ clock, processCpuUs: () => processUs });
});
afterEach(() => guard.close());

const LIMIT_MB = 64;

function watched(
  heapMb = LIMIT_MB - 1,
  isPartial = false,
): { readonly entry: GuardEntry; ranNs: number; asked: number } {
  const limits = { heapMb: LIMIT_MB, memoryMb: 128 };
  const gate = new InspectionGate();
  const entry = guard.watch({ token: 'espalier:rest-1', limits, gate, onLimit: () => undefined });
  const thread = { entry, ranNs: 20_000_000, asked: 0 };
  entry.cpu = { read: () => thread.ranNs, close: () => undefined } as unknown as ThreadCpu;
  entry.memory = {
    read: (got: (reading: MemoryReading) => void) => {
      thread.asked += 1;
      thread.ranNs += ANSWER_NS;
      got({ heapMb, offHeapMb: 0, ...(isPartial ? { partial: true } : {}) });
    },
  } as unknown as ThreadMemory;
  return thread;
}

/** How often the process was woken; each time something of the process has used `usedUs`. */
function pass(ms: number, usedUs = 0): number {
  const until = clock.now() + ms;
  let woken = 0;
  while (clock.fireNext(until)) {
    woken += 1;
    processUs += usedUs;
  }
  return woken;
}

test('a thread that rests is not asked again because it has answered', () => {
  const thread = watched();
  pass(5_000, 5_000);
  expect(thread.asked).toBe(1);
  thread.ranNs += 5_000_000;
  pass(1_000, 5_000);
  expect(thread.asked).toBe(2);
});

test('a thread that runs a little now and then is asked when that comes to more than an answer takes', () => {
  const thread = watched();
  pass(1_000, 5_000);
  for (let n = 0; n < 20; n += 1) {
    thread.ranNs += 500_000;
    pass(200, 5_000);
  }
  expect(thread.asked).toBeGreaterThan(3);
  expect(thread.asked).toBeLessThan(10);
});

test('a process at rest is woken ten times a second, and nothing is asked', () => {
  const thread = watched();
  pass(1_000, 5_000);
  expect(thread.asked).toBe(1);
  pass(1_000);
  expect(pass(10_000)).toBeLessThanOrEqual(101);
  expect(thread.asked).toBe(1);
});

test('a thread near its limit that begins to run is asked within a tenth of a second, and every 10 ms from then on', () => {
  const thread = watched();
  pass(10_000);
  const before = thread.asked;
  thread.ranNs += 100_000_000;
  processUs += 100_000;
  pass(100);
  expect(thread.asked).toBe(before + 1);
  for (let n = 1; n <= 20; n += 1) {
    thread.ranNs += 10_000_000;
    processUs += 10_000;
    pass(10);
    expect(thread.asked).toBe(before + 1 + n);
  }
});

test.each([
  { what: 'that uses less than half of what it may', isPartial: false, times: 34 },
  { what: 'of which only the heap could be read', isPartial: true, times: 100 },
])('a busy thread $what is asked $times times a second', ({ isPartial, times }) => {
  const thread = watched(1, isPartial);
  const until = clock.now() + 1_000;
  while (clock.fireNext(until)) {
    thread.ranNs += 10_000_000;
    processUs += 10_000;
  }
  expect(Math.abs(thread.asked - times)).toBeLessThanOrEqual(2);
});
