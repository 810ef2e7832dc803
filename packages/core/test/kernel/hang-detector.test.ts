/** Who is ended as unresponsive and who is not. */
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { FRAME } from '../../src/channel/frames.js';
import { server } from '../../src/index.js';
import { Simulation } from '../../src/testing/index.js';
import { restarting } from '../conformance/restarting.js';
import { RawKernel, type RawGuest } from './raw-guest.js';

const LIMIT_MS = 800;
/** The kernel looks at a guest every half of it, and counts in eighths. */
const STEP_MS = LIMIT_MS / 8;
const LOOK_MS = LIMIT_MS / 2;

/** A kernel and a guest whose event loop turns, or does not, as the test says. */
class Watched {
  readonly kernel: RawKernel;
  readonly guest: RawGuest;
  #turns = true;
  #answered = 0;

  constructor(limitMs: number | 'infinity' = LIMIT_MS) {
    this.kernel = new RawKernel(limitMs);
    this.kernel.begin(1);
    this.kernel.run();
    this.guest = this.kernel.guests[0] as RawGuest;
  }

  /** Its init is over, and the kernel has its first answer. */
  static running(limitMs?: number | 'infinity'): Watched {
    const watched = new Watched(limitMs);
    watched.kernel.say(watched.guest, { call: 'ready', env: 0, ignore: false });
    watched.goOn();
    return watched;
  }

  /** It is to be held to another limit. */
  limitTo(limitMs: number | 'infinity'): void {
    this.kernel.unresponsiveMs = limitMs;
    this.kernel.kernel.unresponsiveChanged('tree/e0');
  }

  get ended(): boolean {
    return this.guest.terminated;
  }

  get questions(): number {
    return this.guest.of('inspect').length;
  }

  get open(): number {
    return this.questions - this.#answered;
  }

  /** Its loop stands still. */
  stop(): void {
    this.#turns = false;
  }

  /** Its loop turns; what it answers has arrived when the kernel's turns next. */
  goOn(): void {
    this.#turns = true;
    this.answer();
    this.#run();
  }

  /** What it has been asked is answered, and the answer lies in the link. */
  answer(): void {
    for (const { id } of this.guest.of('inspect').slice(this.#answered)) {
      this.#answered++;
      this.guest.channel.sendValue(FRAME.control, 0, 0, 0, { call: 'answer', id, value: undefined }, 1000);
    }
    this.guest.channel.flush();
  }

  /** Time in which the kernel's loop turns. */
  pass(ms: number): void {
    const { clock } = this.kernel;
    const goal = clock.now() + ms;
    while (clock.next() <= goal && !this.ended) {
      clock.fireNext();
      this.#run();
    }
    clock.moveTo(goal);
  }

  /** Time in which it does not. Afterwards every timer that is due fires before anything is read. */
  stall(ms: number): void {
    const { clock } = this.kernel;
    clock.moveTo(clock.now() + ms);
    while (clock.fireNext(clock.now())) continue;
    this.#run();
  }

  stopWhenAsked(): void {
    this.stop();
    while (this.open === 0) this.pass(1);
  }

  #run(): void {
    this.kernel.run();
    while (this.#turns && !this.ended && this.open > 0) {
      this.answer();
      this.kernel.run();
    }
  }
}

describe('hang detector', () => {
  test('hang: off unless set, and then nothing is asked', () => {
    const kernel = new RawKernel();
    const [guest] = kernel.start(1) as [RawGuest];
    expect(kernel.clock.next()).toBe(Infinity);
    expect(guest.of('inspect')).toEqual([]);
  });

  test('hang: one that has always something to do, and answers, is asked twice per limit at most', () => {
    const watched = Watched.running();
    const before = watched.questions;
    watched.pass(100 * LIMIT_MS);
    expect(watched.ended).toBe(false);
    expect(watched.questions - before).toBeGreaterThan(150);
    expect(watched.questions - before).toBeLessThanOrEqual(200);
  });

  test('hang: one that rests is not asked', () => {
    const watched = Watched.running();
    const before = watched.questions;
    watched.guest.waiting = true;
    watched.pass(100 * LIMIT_MS);
    expect(watched.questions).toBe(before);
    watched.guest.waiting = false;
    watched.stop();
    watched.pass(LIMIT_MS + LOOK_MS);
    expect(watched.ended).toBe(true);
  });

  test('hang: the kernel wakes up once for many that rest, whenever they were started', () => {
    const kernel = new RawKernel(LIMIT_MS);
    kernel.begin(20);
    for (let n = 0; n < 20; n++) {
      kernel.run();
      const guest = kernel.guests[n] as RawGuest;
      guest.waiting = true;
      const [question] = guest.of('inspect');
      kernel.say(guest, { call: 'answer', id: question?.id, value: undefined });
      kernel.say(guest, { call: 'ready', env: 0, ignore: false });
      kernel.clock.moveTo(kernel.clock.now() + 7);
    }
    const times = new Set<number>();
    while (kernel.clock.fireNext(10 * LIMIT_MS)) times.add(kernel.clock.now());
    expect(times.size).toBe(20);
  });

  test('hang: a loop that stands still for less than the limit, over and over, is none', () => {
    const watched = Watched.running();
    for (let n = 0; n < 50; n++) {
      watched.stopWhenAsked();
      watched.pass(LIMIT_MS - 1);
      watched.goOn();
      expect(watched.ended).toBe(false);
    }
  });

  test('hang: seen between one limit and one and a half after the loop has stopped, by one question at most', () => {
    for (let after = 0; after < LIMIT_MS; after += 7) {
      const watched = Watched.running();
      watched.pass(10 * LIMIT_MS + after);
      const asked = watched.questions;
      watched.stop();
      watched.pass(LIMIT_MS - 1);
      expect(watched.ended).toBe(false);
      watched.pass(LOOK_MS + 1);
      expect(watched.ended).toBe(true);
      expect(watched.questions).toBe(asked + 1);
    }
  });

  test('hang: the time that a thread needs to start is not held against its guest', () => {
    const watched = new Watched();
    watched.stop();
    watched.pass(100 * LIMIT_MS);
    expect(watched.ended).toBe(false);
  });

  test('hang: the first question comes before the boot notice, in a batch of its own', () => {
    const kernel = new RawKernel(LIMIT_MS);
    kernel.begin(1);
    kernel.turns.end();
    const [guest] = kernel.guests as [RawGuest];
    kernel.links.ready()[0]?.deliver();
    expect(guest.notices.map(({ notice }) => notice)).toEqual(['inspect']);
    kernel.links.ready()[0]?.deliver();
    expect(guest.notices.map(({ notice }) => notice)).toEqual(['inspect', 'boot']);
  });

  test('hang: an init that blocks from its first moment is one', () => {
    const watched = new Watched();
    watched.goOn();
    watched.stop();
    watched.pass(LIMIT_MS + LOOK_MS);
    expect(watched.ended).toBe(true);
    expect(watched.guest.of('inspect')).toHaveLength(2);
  });

  test('hang: one that was asked to stop, and may take for ever, is ended too', () => {
    const watched = Watched.running();
    const record = watched.kernel.kernel.tree.environment('tree/e0');
    expect(record?.state).toBe('running');
    watched.kernel.kernel.tree.stop(() => undefined);
    expect(record?.state).toBe('stopping');
    watched.stop();
    watched.pass(LIMIT_MS + LOOK_MS);
    expect(watched.ended).toBe(true);
  });

  test('hang: an answer that has arrived is read before the verdict', () => {
    for (let late = 0; late <= STEP_MS; late += 5) {
      const watched = Watched.running();
      watched.stopWhenAsked();
      watched.pass(LIMIT_MS - STEP_MS);
      watched.answer();
      watched.stall(STEP_MS + late);
      expect(watched.ended).toBe(false);
      watched.pass(LIMIT_MS + LOOK_MS);
      expect(watched.ended).toBe(true);
    }
  });

  test('hang: a machine that was suspended for an hour, at whatever moment, ends nobody', () => {
    for (let before = 0; before < LIMIT_MS; before += 9) {
      const watched = Watched.running();
      watched.stopWhenAsked();
      watched.pass(before);
      watched.stall(3_600_000);
      // What is left of its time, less the step that was cut short.
      watched.pass(Math.max(0, LIMIT_MS - before - STEP_MS));
      expect(watched.ended).toBe(false);
      watched.goOn();
      watched.pass(10 * LIMIT_MS);
      expect(watched.ended).toBe(false);
    }
  });

  test('hang: nothing is left over of one that has ended', () => {
    for (const how of ['asked', 'resting']) {
      const watched = Watched.running();
      if (how === 'asked') watched.stopWhenAsked();
      watched.guest.end?.({ kind: 'unexplained', exitCode: 1 });
      watched.kernel.run();
      expect(watched.kernel.clock.next()).toBe(Infinity);
    }
  });

  test('hang: only time in which the kernel turned is counted, but for a step per stall that is too short to notice (model)', () => {
    const moment = fc.oneof(
      { weight: 6, arbitrary: fc.record({ pass: fc.integer({ min: 1, max: LIMIT_MS }) }) },
      { weight: 2, arbitrary: fc.record({ stall: fc.integer({ min: 1, max: 5 * STEP_MS }) }) },
      { weight: 3, arbitrary: fc.constant({ loop: 'stops' as const }) },
      { weight: 1, arbitrary: fc.constant({ loop: 'turns' as const }) },
      { weight: 1, arbitrary: fc.constant({ loop: 'rests' as const }) },
    );
    let hangs = 0;
    fc.assert(
      fc.property(fc.array(moment, { minLength: 10, maxLength: 60 }), (moments) => {
        const watched = Watched.running();
        let stopped = false;
        let turned = 0;
        let stalls = 0;
        let shortStalls = 0;
        for (const now of moments) {
          if ('loop' in now) {
            watched.guest.waiting = now.loop === 'rests';
            if (now.loop !== 'stops') watched.goOn();
            else if (!stopped) {
              watched.stop();
              [turned, stalls, shortStalls] = [0, 0, 0];
            }
            stopped = now.loop === 'stops';
            continue;
          }
          if ('pass' in now) {
            watched.pass(now.pass);
            turned += now.pass;
          } else {
            watched.stall(now.stall);
            stalls++;
            if (now.stall <= 2 * STEP_MS) shortStalls++;
          }
          if (watched.ended) {
            hangs++;
            expect(stopped).toBe(true);
            expect(turned).toBeGreaterThanOrEqual(LIMIT_MS - shortStalls * STEP_MS);
            return;
          }
          if (stopped) expect(turned).toBeLessThan(LIMIT_MS + LOOK_MS + stalls * STEP_MS);
        }
      }),
      { numRuns: 1000 },
    );
    expect(hangs).toBeGreaterThan(100);
  });
});

describe('hang in a tree', () => {
  const counting = server({
    init: () => 0,
    calls: {
      count: (context) => ++context.state,
      never: () => new Promise<void>(() => undefined),
    },
  });

  async function tree(behaviour = counting): Promise<Simulation> {
    const simulation = new Simulation({ logic: restarting });
    const child = simulation.child('a', { behaviour, unresponsiveMs: LIMIT_MS }, { restart: 'permanent' });
    expect(await simulation.start([child])).toBeUndefined();
    return simulation;
  }

  test('hang: its supervisor restarts it, and who watches it is told the reason', async () => {
    const simulation = await tree();
    const { context } = simulation;
    const monitor = await simulation.settle(context.monitor('a'));
    simulation.hang('tree/a');
    const lost = context.call('a', 'count', []);
    const lostReason = simulation.settle(lost).catch((error: unknown) => error);
    expect(await lostReason).toMatchObject({ code: 'down', reason: { tag: 'unresponsive' } });
    expect(await simulation.settle(context.receive())).toMatchObject({
      type: 'down',
      monitor,
      reason: { tag: 'unresponsive' },
    });
    expect(simulation.clock.now()).toBeLessThanOrEqual(LIMIT_MS + LOOK_MS);
    expect(await simulation.settle(context.call('a', 'count', []))).toBe(1);
  });

  test('hang: a thread that cannot be ended is marked stuck, and replaced', async () => {
    const simulation = await tree();
    simulation.hang('tree/a');
    simulation.jam('tree/a');
    await simulation.until(() => simulation.events.some(({ kind }) => kind === 'stuck'));
    expect(await simulation.settle(simulation.context.call('a', 'count', []))).toBe(1);
  });

  test.each(['is suspended', 'waits in a handler for ever'])('hang: one that %s is none', async (how) => {
    const simulation = await tree();
    const record = simulation.kernel.tree.environment('tree/a');
    if (how === 'is suspended') record?.guest.inspect(record.slot, 'suspend', () => undefined);
    await simulation.quiet();
    const operation = how === 'is suspended' ? 'count' : 'never';
    const call = simulation.context.call('a', operation, [], { timeoutMs: 10 * LIMIT_MS });
    await expect(simulation.settle(call)).rejects.toMatchObject({ code: 'timeout' });
    expect(simulation.kernel.tree.environment('tree/a')).toBe(record);
    expect(record?.alive).toBe(true);
  });

  test('hang: an init that blocks is a start that has failed for that reason', async () => {
    const simulation = new Simulation();
    const blocking = server({
      init: () => {
        simulation.hang('tree/a');
        return new Promise<void>(() => undefined);
      },
    });
    const child = simulation.child('a', { behaviour: blocking, unresponsiveMs: LIMIT_MS });
    expect(await simulation.start([child])).toEqual({ tag: 'unresponsive' });
  });
});

describe('another limit while it runs', () => {
  test('hangs: one that was not watched is, from then on', () => {
    const watched = Watched.running('infinity');
    watched.stop();
    watched.pass(100 * LIMIT_MS);
    expect(watched.questions).toBe(0);
    watched.limitTo(LIMIT_MS);
    watched.pass(LIMIT_MS);
    expect(watched.ended).toBe(false);
    watched.pass(LOOK_MS + STEP_MS);
    expect(watched.ended).toBe(true);
  });

  test('hangs: one that is no longer to be watched is asked nothing more', () => {
    const watched = Watched.running();
    watched.stop();
    watched.pass(LIMIT_MS);
    watched.limitTo('infinity');
    const { questions } = watched;
    watched.pass(100 * LIMIT_MS);
    expect([watched.ended, watched.questions]).toEqual([false, questions]);
  });

  test('hangs: the time that it has stood still under a longer limit is not held against it', () => {
    const watched = Watched.running(10 * LIMIT_MS);
    watched.stop();
    watched.pass(9 * LIMIT_MS);
    watched.limitTo(LIMIT_MS);
    watched.pass(LIMIT_MS - STEP_MS);
    expect(watched.ended).toBe(false);
    watched.pass(LIMIT_MS);
    expect(watched.ended).toBe(true);
  });

  test('hangs: how long a start takes is not held against it, when the limit comes meanwhile', () => {
    const watched = new Watched('infinity');
    watched.stop();
    watched.limitTo(LIMIT_MS);
    watched.pass(10 * LIMIT_MS);
    expect(watched.ended).toBe(false);
    watched.goOn();
    watched.stop();
    watched.pass(2 * LIMIT_MS);
    expect(watched.ended).toBe(true);
  });

  test('hangs: a limit of somebody who is not there changes nothing', () => {
    const watched = Watched.running();
    watched.kernel.kernel.unresponsiveChanged('tree/e1');
    watched.kernel.kernel.unresponsiveChanged('tree');
    watched.pass(10 * LIMIT_MS);
    expect(watched.ended).toBe(false);
  });
});
