import { describe, expect, test } from '@jest/globals';
import { ManualClock } from '../../src/testing/index.js';
import { GuardEntry } from '../../src/threads/guard.js';
import { InspectionGate, leaving } from '../../src/threads/inspection-gate.js';
import type { NodeThread } from '../../src/threads/wall-thread.js';
import { testWall } from './thread-fixture.js';

function guardEntry(gate = new InspectionGate()): GuardEntry {
  return new GuardEntry({
    token: 'espalier:test',
    limits: { heapMb: 1, memoryMb: 1 },
    gate,
    onLimit: () => undefined,
  });
}

describe('inspection gate', () => {
  test('lets questions through until the thread leaves', () => {
    const gate = new InspectionGate();
    expect(gate.ask()).toBe(true);
    gate.answered();
    leaving(gate.shared)();
    expect(gate.ask()).toBe(false);
  });

  test('holds a leaving thread while a question is under way, but not for ever', () => {
    const gate = new InspectionGate();
    expect(gate.ask()).toBe(true);
    const before = performance.now();
    leaving(gate.shared)();
    expect(performance.now() - before).toBeGreaterThanOrEqual(49);
  });

  test('a question that is refused leaves no trace that would hold the thread', () => {
    const gate = new InspectionGate();
    gate.close();
    expect(gate.ask()).toBe(false);
    const flags = new Int32Array(gate.shared);
    expect(flags[0]).toBe(2);
  });
});

describe('the guard releases a thread that is to be terminated', () => {
  test('at once when nothing is asked', () => {
    const calls: string[] = [];
    guardEntry().release(new ManualClock(), () => calls.push('terminate'));
    expect(calls).toEqual(['terminate']);
  });

  test('after the answer, and does not ask again', () => {
    const gate = new InspectionGate();
    const entry = guardEntry(gate);
    const calls: string[] = [];
    entry.asking = true;
    entry.release(new ManualClock(), () => calls.push('terminate'));
    expect(calls).toEqual([]);
    entry.answered();
    expect(calls).toEqual(['terminate']);
    expect(gate.ask()).toBe(false);
  });

  test('without an answer after 20 ms, and once more when the answer comes late', () => {
    const clock = new ManualClock();
    const entry = guardEntry();
    const calls: string[] = [];
    entry.asking = true;
    entry.release(clock, () => calls.push('terminate'));
    clock.fireNext(20);
    expect(calls).toEqual(['terminate']);
    entry.answered();
    expect(calls).toEqual(['terminate', 'terminate']);
  });

  test('even where the question swallows the first termination', async () => {
    const walls = testWall();
    const guest = await walls.start();
    guest.post('() => { say(0); for (;;); }');
    await guest.next();
    const thread = guest.thread as NodeThread;
    const entry = thread.guard as GuardEntry;
    // Longer than the guard waits: V8 ends the evaluation then, and the loop below it goes on.
    const slow = 'for (const end = Date.now() + 300; Date.now() < end; );';
    entry.asking = true;
    entry.inspected?.call('Runtime.evaluate', { expression: slow, silent: true }, () => {
      entry.answered();
    });
    thread.terminate();
    expect(await guest.ended).toEqual({ kind: 'unexplained', exitCode: 1 });
    await walls.close();
  });
});
