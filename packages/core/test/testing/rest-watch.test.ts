/**
 * How the test clock tells that nothing is under way, against a model of threads in which every step on
 * the shared board may come between any two reads of the clock.
 */
import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { RestWatch } from '../../src/testing/rest-watch.js';
import { SeededRandom } from '../../src/testing/random.js';
import { Board, type Side } from '../../src/threads/test-clock/board.js';

interface Lane {
  readonly link: number;
  readonly side: Side;
  /** What was posted to this thread and not taken. */
  readonly queue: number[];
  readonly peer: ModelThread;
}

interface ModelThread {
  readonly seat: number;
  readonly lanes: Lane[];
  phase: 'starting' | 'running' | 'dying' | 'gone';
  /** The callback that its event loop is in. */
  turn: Generator<void> | undefined;
  looking: boolean;
  fired: number;
}

/** Threads that send, are started by the first of them, and die in the midst of something. */
class Model {
  readonly board = new Board();
  readonly threads: ModelThread[] = [];
  readonly #random: SeededRandom;
  /** Sends that are left: it ends some time. */
  #sends = 20;
  #starts = 3;

  constructor(seed: number) {
    this.#random = new SeededRandom(seed);
    this.#add(undefined);
    const [kernel] = this.threads as [ModelThread];
    kernel.phase = 'running';
    kernel.turn = this.#act(kernel);
    this.#turned(kernel);
    this.board.started(kernel.seat);
  }

  /** Nothing happens, and nothing that was posted will be taken. */
  get quiescent(): boolean {
    return this.threads.every(
      ({ phase, turn, lanes }) =>
        phase === 'gone' ||
        (phase === 'running' && turn === undefined && lanes.every(({ queue }) => queue.length === 0)),
    );
  }

  /** One step of one thread. False if none can make any. */
  step(): boolean {
    const able = this.threads.filter((thread) => this.#stepsOf(thread).length > 0);
    if (able.length === 0) return false;
    const thread = this.#pick(able);
    this.#pick(this.#stepsOf(thread))();
    return true;
  }

  steps(most: number): void {
    for (let n = this.#random.below(most + 1); n > 0; n--) this.step();
  }

  #pick<T>(from: readonly T[]): T {
    return from[this.#random.below(from.length)] as T;
  }

  #stepsOf(thread: ModelThread): (() => void)[] {
    const { board } = this;
    if (thread.phase === 'gone') return [];
    if (thread.phase === 'dying') return [() => this.#buried(thread)];
    if (thread.phase === 'starting') return [() => this.#started(thread)];
    const { turn } = thread;
    if (turn !== undefined) {
      return [
        () => {
          if (turn.next().done === true) thread.turn = undefined;
        },
      ];
    }
    const steps: (() => void)[] = [];
    for (const lane of thread.lanes) {
      if (lane.queue.length > 0) steps.push(() => (thread.turn = this.#handle(thread, lane)));
    }
    if (board.asked(thread.seat) > thread.fired) steps.push(() => (thread.turn = this.#fire(thread)));
    if (thread.looking) {
      steps.push(() => {
        thread.looking = false;
        board.rest(thread.seat);
      });
    }
    return steps;
  }

  /** As CountedEnd.taking. */
  *#handle(thread: ModelThread, lane: Lane): Generator<void> {
    lane.queue.shift();
    this.#turned(thread);
    yield;
    yield* this.#act(thread);
    this.board.take(lane.link, lane.side);
  }

  /** As Seat.#fire. */
  *#fire(thread: ModelThread): Generator<void> {
    this.#turned(thread);
    yield;
    yield* this.#act(thread);
    thread.fired++;
    this.board.fired(thread.seat);
  }

  /** What guest code does in its turn. */
  *#act(thread: ModelThread): Generator<void> {
    for (let n = this.#random.below(4); n > 0 && this.#sends > 0; n--) {
      this.#sends--;
      const lane = thread.lanes.length > 0 ? this.#pick(thread.lanes) : undefined;
      if (lane !== undefined) yield* this.#send(thread, lane);
    }
    if (thread.seat === 0 && this.#starts > 0 && this.#random.below(3) === 0) {
      this.#starts--;
      this.#add(thread);
      yield;
    }
    if (thread.seat !== 0 && this.#random.below(12) === 0) {
      thread.phase = 'dying';
      yield;
    }
  }

  /** As CountedLink.send. */
  *#send(thread: ModelThread, lane: Lane): Generator<void> {
    this.#turned(thread);
    yield;
    this.board.post(lane.link, lane.side);
    yield;
    // What is posted to the dead is lost.
    const { peer, link } = lane;
    if (peer.phase !== 'gone') peer.lanes.find((other) => other.link === link)?.queue.push(1);
    yield;
  }

  #turned(thread: ModelThread): void {
    this.board.turn(thread.seat);
    thread.looking = true;
  }

  /** As the clocked wall's start; the new thread has a link to every other. */
  #add(starter: ModelThread | undefined): void {
    const { board } = this;
    const seat = board.addSeat(String(this.threads.length), { host: 0, guest: starter !== undefined });
    const thread: ModelThread = {
      seat,
      lanes: [],
      phase: 'starting',
      turn: undefined,
      looking: false,
      fired: 0,
    };
    for (const peer of this.threads.filter(({ phase }) => phase === 'running')) {
      const link = board.addLink();
      thread.lanes.push({ link, side: 1, queue: [], peer });
      peer.lanes.push({ link, side: 0, queue: [], peer: thread });
      board.openEnd(link, 0, peer.seat);
    }
    this.threads.push(thread);
  }

  #started(thread: ModelThread): void {
    for (const { link, side } of thread.lanes) this.board.openEnd(link, side, thread.seat);
    this.#turned(thread);
    thread.phase = 'running';
    this.board.started(thread.seat);
  }

  /** The kernel has the wall's evidence. */
  #buried(thread: ModelThread): void {
    const [kernel] = this.threads as [ModelThread];
    if (kernel.turn !== undefined) return;
    this.#turned(kernel);
    thread.phase = 'gone';
    for (const lane of thread.lanes) lane.queue.length = 0;
    this.board.setState(thread.seat, 'gone');
  }
}

/** The clock's view of the board: between any two of its reads the threads go on. */
function watching(model: Model): RestWatch {
  const board = new Proxy(model.board, {
    get(target, name) {
      model.steps(1);
      const value: unknown = Reflect.get(target, name, target);
      return typeof value === 'function' ? (value.bind(target) as unknown) : value;
    },
  });
  return new RestWatch(board, Infinity);
}

test('rest: it is told only when nothing is under way, however threads and looks interleave', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0 }), (seed) => {
      const model = new Model(seed);
      const watch = watching(model);
      for (let timers = 4; timers > 0; model.steps(1)) {
        if (!watch.atRest(0)) continue;
        expect(model.quiescent).toBe(true);
        // A timer fires, and it goes on.
        const alive = model.threads.filter(({ phase }) => phase === 'running');
        model.board.ask((alive[timers-- % alive.length] as ModelThread).seat);
      }
    }),
    { numRuns: 1000 },
  );
});

test('rest: it is told when everybody has come to rest', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0 }), (seed) => {
      const model = new Model(seed);
      const watch = new RestWatch(model.board, Infinity);
      while (model.step());
      expect(model.quiescent).toBe(true);
      expect(watch.atRest(0)).toBe(true);
      expect([...watch.busy()]).toEqual([]);
    }),
  );
});

test('rest: a guest that is busy with one thing for too long is given up, and waited for when it does another', () => {
  const board = new Board();
  const kernel = board.addSeat('kernel');
  const guest = board.addSeat('guest', { host: kernel, guest: true });
  const watch = new RestWatch(board, 100);
  for (const seat of [kernel, guest]) {
    board.started(seat);
    board.rest(seat);
  }
  expect(watch.atRest(0)).toBe(true);
  board.turn(guest);
  expect([0, 99, 100].map((ms) => watch.atRest(ms))).toEqual([false, false, true]);
  expect(watch.hung).toEqual([guest]);
  board.turn(guest);
  expect([101, 200].map((ms) => watch.atRest(ms))).toEqual([false, false]);
  expect(watch.hung).toEqual([]);
  board.rest(guest);
  // The kernel is never given up.
  board.turn(kernel);
  expect([202, 10_000].map((ms) => watch.atRest(ms))).toEqual([false, false]);
});

test('rest: of deadlines at one time the first thread has the next, and one that hangs has none', () => {
  const board = new Board();
  const seats = [0, 1, 2].map((n) => board.addSeat(String(n), { host: 0, guest: true }));
  const watch = new RestWatch(board, 0);
  for (const seat of seats) {
    board.started(seat);
    board.rest(seat);
  }
  expect(watch.atRest(0)).toBe(true);
  expect(watch.next()).toBeUndefined();
  board.setDeadline(2, 5);
  board.setDeadline(1, 5);
  expect(watch.next()).toBe(1);
  board.turn(1);
  expect([watch.atRest(1), watch.atRest(2)]).toEqual([false, true]);
  expect(watch.next()).toBe(2);
});
