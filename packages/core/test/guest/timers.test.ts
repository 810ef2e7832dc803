import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { Timers } from '../../src/guest/timers.js';
import { ManualClock } from '../../src/testing/index.js';

function advance(clock: ManualClock, to: number): void {
  while (clock.fireNext(to));
  clock.moveTo(to);
}

describe('timers', () => {
  test('timers: any set of them fires in order of deadline, cancelled ones never, each not before its time', () => {
    const entry = fc.record({
      delay: fc.integer({ min: 0, max: 50 }),
      at: fc.integer({ min: 0, max: 50 }),
      cancelAt: fc.option(fc.integer({ min: 0, max: 60 })),
    });
    fc.assert(
      fc.property(fc.array(entry, { maxLength: 40 }), (entries) => {
        const clock = new ManualClock();
        const timers = new Timers(clock);
        const fired: { due: number; now: number; n: number }[] = [];
        const cancelled = new Set<number>();
        const started = new Map<number, ReturnType<Timers['start']>>();
        for (let now = 0; now <= 120; now++) {
          advance(clock, now);
          entries.forEach(({ delay, at }, n) => {
            if (at !== now) return;
            started.set(
              n,
              timers.start(delay, () => fired.push({ due: at + delay, now: clock.now(), n })),
            );
          });
          entries.forEach(({ cancelAt }, n) => {
            const timer = started.get(n);
            if (cancelAt !== now || timer === undefined) return;
            if (timer.active) cancelled.add(n);
            timers.cancel(timer);
          });
        }
        expect(fired.map(({ n }) => n).sort((a, b) => a - b)).toEqual(
          entries.map((_, n) => n).filter((n) => !cancelled.has(n)),
        );
        expect(fired.every(({ due, now }) => due <= now && now <= due + 1)).toBe(true);
        expect(fired.map(({ due }) => due)).toEqual(fired.map(({ due }) => due).sort((a, b) => a - b));
        expect(timers.nextDeadline()).toBe(Infinity);
      }),
    );
  });

  test('timers: infinite ones never fire and arm nothing', () => {
    const clock = new ManualClock();
    new Timers(clock).start(Infinity, () => {
      throw new Error('fired');
    });
    expect(clock.next()).toBe(Infinity);
  });

  test('timers: what is no number, or negative, fires at once and spoils nothing', () => {
    const clock = new ManualClock();
    const timers = new Timers(clock);
    const fired: string[] = [];
    timers.start(10, () => fired.push('ten'));
    timers.start(NaN, () => fired.push('none'));
    timers.start(-5, () => fired.push('negative'));
    timers.start(5, () => fired.push('five'));
    advance(clock, 20);
    expect(fired).toEqual(['none', 'negative', 'five', 'ten']);
  });

  test('timers: a chain without delay does not hold up the thread', () => {
    const clock = new ManualClock();
    const timers = new Timers(clock);
    let rounds = 0;
    const again = (): void => {
      if (++rounds < 1000) timers.start(0, again);
    };
    timers.start(0, again);
    clock.fireNext();
    expect(rounds).toBe(1);
    clock.fireNext();
    expect(rounds).toBe(2);
  });

  test('timers: never ask the clock for more than it can hold', () => {
    const delays: number[] = [];
    const clock = { now: () => 0, after: (delayMs: number) => (delays.push(delayMs), () => undefined) };
    new Timers(clock).start(1e12, () => undefined);
    expect(delays).toEqual([0x7fff_ffff]);
  });

  test('timers: one that throws does not stop the others', () => {
    const clock = new ManualClock();
    const timers = new Timers(clock);
    const fired: number[] = [];
    timers.start(1, () => {
      throw new Error('thrown by a timer');
    });
    timers.start(2, () => fired.push(2));
    expect(() => clock.fireNext()).toThrow('thrown by a timer');
    advance(clock, 5);
    expect(fired).toEqual([2]);
  });
});
