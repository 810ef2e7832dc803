/** When the guard of cells looks at them at all; what it finds is tested with real limits in the packages above. */
import { expect, test } from '@jest/globals';
import { CellGuard } from '../../src/cells/cell-guard.js';
import { ManualClock } from '../../src/testing/manual-clock.js';

const UNLIMITED = { memoryMb: undefined, cpu: undefined };
const LIMITED = { memoryMb: 100_000, cpu: undefined };

/** Of a process that runs: this one. */
const cell = (limits: typeof UNLIMITED | typeof LIMITED) => ({
  limits,
  collect: () => undefined,
  onLimit: () => undefined,
  onOverShare: () => undefined,
});

function pass(clock: ManualClock, ms: number): void {
  const until = clock.now() + ms;
  while (clock.fireNext(until));
}

test('a host whose cells have no limits is not woken by their guard', () => {
  const clock = new ManualClock();
  const guard = new CellGuard(clock);
  const entry = guard.watch(cell(UNLIMITED), process.pid);
  expect(entry).toBeDefined();
  expect(clock.next()).toBe(Infinity);
});

test('a cell that is limited later is looked at from then on, and no more when it is not limited any longer', () => {
  const clock = new ManualClock();
  const guard = new CellGuard(clock);
  const entry = guard.watch(cell(UNLIMITED), process.pid);
  if (entry === undefined) throw new Error('this system does not tell what a process uses');
  guard.limit(entry, LIMITED);
  expect(clock.next()).toBeLessThan(Infinity);
  pass(clock, 1000);
  expect(clock.next()).toBeLessThan(Infinity);
  guard.limit(entry, UNLIMITED);
  pass(clock, 1000);
  expect(clock.next()).toBe(Infinity);
  guard.forget(entry);
});

test('the last cell that is forgotten leaves no timer behind', () => {
  const clock = new ManualClock();
  const guard = new CellGuard(clock);
  const entry = guard.watch(cell(LIMITED), process.pid);
  if (entry === undefined) throw new Error('this system does not tell what a process uses');
  expect(clock.next()).toBeLessThan(Infinity);
  guard.forget(entry);
  expect(clock.next()).toBe(Infinity);
});
