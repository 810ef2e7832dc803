/** The name of an environment beside another is kept for the next one that its parent starts for it: nobody sees a gap. */
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { REFUSAL_MS } from '../../src/kernel/lifecycle.js';
import { RawAbove, RawKernel, type RawGuest } from './raw-guest.js';

const TERMS = {
  capacity: 100,
  capacityBytes: 1_000_000,
  messageBytes: 100_000,
  overflow: 'block',
  sendTimeoutMs: 1000,
} as const;

/** A parent whose children are to have the name `x`, and somebody who asks for it. */
class Bench {
  readonly raw: RawKernel;
  readonly parent: RawGuest;
  readonly asker: RawGuest;
  readonly children: RawGuest[] = [];
  #id = 0;

  constructor(raw: RawKernel) {
    this.raw = raw;
    [this.parent, this.asker] = raw.guests as [RawGuest, RawGuest];
  }

  static atTheTop(): Bench {
    const raw = new RawKernel();
    raw.start(2);
    return new Bench(raw);
  }

  async spawn(): Promise<RawGuest> {
    const call = { call: 'spawn', env: 0, request: new Uint8Array(), link: false, monitor: false };
    this.raw.say(this.parent, { ...call, id: ++this.#id, beside: TERMS, name: 'x' });
    await new Promise((resolve) => setImmediate(resolve));
    this.raw.run();
    const child = this.raw.guests.at(-1) as RawGuest;
    this.children.push(child);
    return child;
  }

  ready(child: RawGuest): void {
    this.raw.say(child, { call: 'ready', env: 0, ignore: false });
    // Who may not have its name ends after a moment.
    this.raw.clock.fireNext(this.raw.clock.now() + REFUSAL_MS);
    this.raw.run();
  }

  end(child: RawGuest): void {
    this.raw.say(child, { call: 'exit', env: 0, tag: 'normal', detail: undefined });
    child.end?.({ kind: 'unexplained', exitCode: 0 });
    this.raw.run();
  }

  /** What the name is to somebody who asks now. */
  ask(): string {
    const id = ++this.#id;
    this.raw.say(this.asker, { call: 'resolve', id, name: 'x', follow: true });
    const { result } = this.asker.of('answer').find((answer) => answer.id === id)!;
    return (result as { value: { state: string } }).value.state;
  }

  /** What followers have been told. */
  get told(): readonly string[] {
    return this.asker.of('name').map(({ holder }) => holder.state);
  }

  /** Of each spawn that was answered. */
  get answers(): readonly string[] {
    return this.parent.of('answer').map(({ result }) => (result.ok ? 'started' : result.code));
  }
}

describe('the name of one beside another', () => {
  test('beside: is kept from its start on, and held when its init is over', async () => {
    const bench = Bench.atTheTop();
    expect(bench.ask()).toBe('free');
    const child = await bench.spawn();
    expect(bench.ask()).toBe('pending');
    bench.ready(child);
    expect(bench.told).toEqual(['held']);
    bench.end(child);
    expect(bench.told).toEqual(['held', 'free']);
  });

  test('beside: goes to the next one that was started before it ended, and is pending until that runs', async () => {
    const bench = Bench.atTheTop();
    const first = await bench.spawn();
    bench.ready(first);
    expect(bench.ask()).toBe('held');
    const second = await bench.spawn();
    expect(bench.told).toEqual([]);
    bench.end(first);
    expect(bench.told).toEqual(['pending']);
    bench.ready(second);
    expect(bench.told).toEqual(['pending', 'held']);
    expect(bench.answers).toEqual(['started', 'started']);
  });

  test('beside: is free when the next one ends before it runs, and stays with who has it', async () => {
    const bench = Bench.atTheTop();
    const first = await bench.spawn();
    bench.ready(first);
    bench.ask();
    bench.end(await bench.spawn());
    expect(bench.ask()).toBe('held');
    const third = await bench.spawn();
    bench.end(first);
    bench.end(third);
    expect(bench.told).toEqual(['pending', 'free']);
    expect(bench.answers).toEqual(['started', 'start_failed', 'start_failed']);
  });

  test('beside: is refused to the child of another parent, at once', async () => {
    const bench = Bench.atTheTop();
    bench.ready(await bench.spawn());
    const other = new Bench(bench.raw);
    const call = { call: 'spawn', env: 0, id: 99, request: new Uint8Array(), link: false, monitor: false };
    bench.raw.say(other.asker, { ...call, beside: TERMS, name: 'x' });
    await new Promise((resolve) => setImmediate(resolve));
    bench.raw.run();
    const answer = other.asker.of('answer').find(({ id }) => id === 99);
    expect(answer?.result).toMatchObject({ ok: false, code: 'start_failed' });
    // The thread has made room for it already.
    expect(other.raw.guests.at(-1)?.terminated).toBe(true);
  });

  test('beside: is free when the parent ends, whoever of its children has it or waits for it', async () => {
    const bench = Bench.atTheTop();
    bench.ready(await bench.spawn());
    await bench.spawn();
    bench.ask();
    bench.end(bench.parent);
    expect(bench.told.at(-1)).toBe('free');
    expect(bench.ask()).toBe('free');
  });

  test('beside: whatever starts, runs and ends in whatever order, it is pending if somebody boots, and free if nobody is left', async () => {
    type Step = readonly ['spawn' | 'ready' | 'end', number];
    const step = fc.tuple(fc.constantFrom('spawn', 'ready', 'end'), fc.nat(5)) as fc.Arbitrary<Step>;
    const seen = new Set<string>();
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 30 }), async (steps) => {
        const bench = Bench.atTheTop();
        let booting: RawGuest[] = [];
        let holder: RawGuest | undefined;
        for (const [what, nth] of steps) {
          if (what === 'spawn') booting.push(await bench.spawn());
          else if (what === 'ready') {
            const child = booting[nth % (booting.length || 1)];
            if (child === undefined) continue;
            bench.ready(child);
            booting = booting.filter((one) => one !== child);
            // Who is ready too early ends.
            expect(child.terminated).toBe(holder !== undefined);
            holder ??= child;
          } else {
            const child = [holder, ...booting].filter((one) => one !== undefined)[nth];
            if (child === undefined) continue;
            bench.end(child);
            booting = booting.filter((one) => one !== child);
            if (holder === child) holder = undefined;
          }
          const state = holder !== undefined ? 'held' : booting.length > 0 ? 'pending' : 'free';
          seen.add(state);
          // Followers first: to ask is to follow.
          const last = bench.told.at(-1);
          if (last !== undefined && last !== 'free' && bench.told.length > 0) expect(last).toBe(state);
          expect(bench.ask()).toBe(state);
        }
      }),
    );
    expect([...seen].sort()).toEqual(['free', 'held', 'pending']);
  });
});

test('beside: in a cell, the kernel above is told that the name of who ends is kept', async () => {
  const above = new RawAbove();
  const raw = new RawKernel('infinity', above);
  const spec = raw.supervisor(2, false);
  above.say(0, { notice: 'cell', path: 'tree/c', start: { kind: 'supervisor', spec }, extra: undefined });
  for (const n of [0, 1]) {
    raw.run();
    raw.say(raw.guests[n] as RawGuest, { call: 'ready', env: 0, ignore: false });
  }
  above.heard();
  const bench = new Bench(raw);
  const said = (): readonly unknown[] =>
    above.heard().map(([number, call]) => [number, call.call, ...('kept' in call ? [call.kept] : [])]);
  const grant = (number: number): void => {
    above.say(number, { notice: 'answer', id: 1, result: { ok: true, value: undefined } });
    raw.run();
  };
  const first = await bench.spawn();
  bench.ready(first);
  expect(said()).toEqual([
    [0, 'register'],
    [0, 'present'],
    [1, 'register'],
  ]);
  grant(1);
  const second = await bench.spawn();
  bench.end(first);
  expect(said()).toContainEqual([1, 'exit', true]);
  bench.ready(second);
  grant(2);
  said();
  bench.end(second);
  expect(said()).toEqual(
    expect.arrayContaining([
      [2, 'exit', false],
      [0, 'unregister'],
    ]),
  );
  expect(bench.answers).toEqual(['started', 'started']);
});
