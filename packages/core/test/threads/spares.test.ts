import { describe, expect, test } from '@jest/globals';
import type { Clock } from '../../src/clock.js';
import type { WallLimits } from '../../src/kernel/wall.js';
import { Spares, type SpareOptions } from '../../src/threads/spares.js';

const SMALL: WallLimits = { heapMb: 64, youngMb: 16, stackMb: 4 };
const LARGE: WallLimits = { heapMb: 256, youngMb: 16, stackMb: 4 };
const HUGE: WallLimits = { heapMb: 1024, youngMb: 16, stackMb: 4 };

function shelf(options: SpareOptions = {}) {
  let now = 0;
  let timers: { at: number; wake: () => void }[] = [];
  const clock: Clock = {
    now: () => now,
    after(delayMs, wake) {
      const timer = { at: now + delayMs, wake };
      timers.push(timer);
      return () => void (timers = timers.filter((other) => other !== timer));
    },
  };
  const started: string[] = [];
  const discarded: string[] = [];
  const source = {
    start({ heapMb }: WallLimits): string {
      started.push(`${heapMb}#${started.length + 1}`);
      return started.at(-1) as string;
    },
    discard: (spare: string) => void discarded.push(spare),
  };
  const advance = (ms: number): void => {
    now += ms;
    for (const timer of timers.filter(({ at }) => at <= now)) {
      timers = timers.filter((other) => other !== timer);
      timer.wake();
    }
  };
  return { spares: new Spares<string>(source, clock, options), started, discarded, advance };
}

describe('spares', () => {
  test('nothing is started before limits were asked for; the first taker gets a spare beside it', () => {
    const { spares, started, advance } = shelf();
    advance(1000);
    expect(started).toEqual([]);
    expect(spares.take(SMALL)).toBeUndefined();
    expect(started).toEqual(['64#1']);
    spares.refill();
    advance(1000);
    expect(started).toEqual(['64#1']);
  });

  test('after a warm start, nothing is started while the environment is becoming ready, for 50 ms at most', () => {
    const { spares, started, advance } = shelf();
    spares.take(SMALL);
    spares.ready('64#1');
    expect(spares.take(SMALL)).toBe('64#1');
    advance(49);
    expect(started).toEqual(['64#1']);
    advance(1);
    expect(started).toEqual(['64#1', '64#2']);
  });

  test('takers that come faster than spares start have the next one started at once', () => {
    const { spares, started } = shelf();
    spares.take(SMALL);
    expect(spares.take(SMALL)).toBe('64#1');
    expect(started).toEqual(['64#1', '64#2']);
  });

  test('where none starts beside another, it waits until what was asked for has said something, or for 50 ms', () => {
    const { spares, started, advance } = shelf({ beside: false });
    spares.take(SMALL);
    spares.take(SMALL);
    advance(49);
    expect(started).toEqual([]);
    spares.settled();
    advance(2);
    expect(started).toEqual(['64#1']);
    expect(spares.take(SMALL)).toBe('64#1');
    advance(50);
    expect(started).toEqual(['64#1', '64#2']);
  });

  test('a spare is taken once, and only for equal limits', () => {
    const { spares } = shelf();
    spares.take(SMALL);
    spares.refill();
    spares.ready('64#1');
    expect(spares.take(LARGE)).toBeUndefined();
    expect(spares.take(SMALL)).toBe('64#1');
    expect(spares.take(SMALL)).toBeUndefined();
  });

  test('a spare that is still starting is taken rather than another thread started', () => {
    const { spares } = shelf();
    spares.take(SMALL);
    spares.refill();
    expect(spares.take(SMALL)).toBe('64#1');
  });

  test('they are started one at a time', () => {
    const { spares, started } = shelf({ perClass: 2 });
    spares.take(SMALL);
    spares.refill();
    spares.refill();
    expect(started).toEqual(['64#1']);
    spares.ready('64#1');
    expect(started).toEqual(['64#1', '64#2']);
    spares.ready('64#2');
    expect(started).toHaveLength(2);
  });

  test('the class used longest ago gives way when there is no room', () => {
    const { spares, started, discarded } = shelf({ total: 2 });
    for (const [limits, name] of [
      [SMALL, '64#1'],
      [LARGE, '256#2'],
      [HUGE, '1024#3'],
    ] as const) {
      spares.take(limits);
      spares.refill();
      spares.ready(name);
    }
    expect(started).toEqual(['64#1', '256#2', '1024#3']);
    expect(discarded).toEqual(['64#1']);
    expect(spares.threads).toEqual(['256#2', '1024#3']);
  });

  test('one that dies by itself is not replaced until one is asked for', () => {
    const { spares, started, advance } = shelf();
    spares.take(SMALL);
    spares.refill();
    spares.ended('64#1');
    advance(1000);
    expect(started).toHaveLength(1);
    expect(spares.take(SMALL)).toBeUndefined();
    advance(50);
    expect(started).toHaveLength(2);
  });

  test.each([{ perClass: 0 }, { total: 0 }])('%j turns them off', (options) => {
    const { spares, started, advance } = shelf(options);
    expect(spares.take(SMALL)).toBeUndefined();
    advance(1000);
    spares.refill();
    expect(started).toEqual([]);
  });

  test('close ends those that wait and starts no more', () => {
    const { spares, started, discarded, advance } = shelf();
    spares.take(SMALL);
    spares.refill();
    spares.close();
    spares.refill();
    advance(1000);
    expect(discarded).toEqual(['64#1']);
    expect(started).toHaveLength(1);
    expect(spares.take(SMALL)).toBeUndefined();
  });

  test('one that somebody else has started is taken by who asks for its class, and discarded with the others', () => {
    const { spares, started, discarded } = shelf({ beside: false });
    spares.adopt('early', SMALL);
    expect(spares.take(LARGE)).toBeUndefined();
    expect(spares.take(SMALL)).toBe('early');
    spares.adopt('late', SMALL);
    spares.close();
    expect([started, discarded]).toEqual([[], ['late']]);
  });
});
