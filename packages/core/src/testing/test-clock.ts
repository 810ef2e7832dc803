/**
 * The test clock: one virtual time for all threads of a tree. It stands still until a test moves it; then
 * every timer that is due on the way fires, one at a time, and what follows from each is over before the
 * next. A test of an hour takes milliseconds, and does not sleep.
 */
import { CallError, HostError } from '../errors.js';
import { Board } from '../threads/test-clock/board.js';
import { monotonicNow } from '../threads/node-clock.js';
import { loopTurned, whicheverFirst } from '../threads/test-clock/real-waits.js';
import type { TestClockShare } from '../threads/test-clock/tickets.js';
import { RestWatch } from './rest-watch.js';

export interface TestClockOptions {
  /** What `Date.now()` says in guests at the beginning. Default: 2000-01-01, 00:00 UTC. */
  readonly epoch?: Date | number;
  /** Whether timers, `Date` and the like in guest code follow the clock. Default: true. */
  readonly globals?: boolean;
  /** Seed of the kernel's chance: the jitter of waits. Default: 1. */
  readonly seed?: number;
  /**
   * Real milliseconds after which a thread that is busy with one thing is no longer waited for, and within
   * which one has to end that was told to. Default: 2000.
   */
  readonly hungAfterMs?: number;
  /** Real milliseconds that the tree has to come to rest before the next timer. Default: 10,000. */
  readonly patienceMs?: number;
}

/** A clock for one test, or for several hosts in it: `start(spec, { embedded: true, clock })`. */
export function testClock(options: TestClockOptions = {}): TestClock {
  return new TestClock(options);
}

/** Somebody who waits for time to pass. */
interface Want {
  resolve(): void;
  reject(error: unknown): void;
}

interface Advance extends Want {
  readonly ms: number;
  goal: number | undefined;
}

interface Settling extends Want {
  settled: boolean;
  readonly done: Promise<void>;
}

const LOOK_EVERY_MS = 50;

export class TestClock {
  /** What `start` hands to the threads. */
  readonly share: TestClockShare;
  readonly #board = new Board();
  readonly #watch: RestWatch;
  readonly #patienceMs: number;
  /** Made one after the other. */
  #advances: Advance[] = [];
  /** Time passes for all of them, but no further than the advance that is being made. */
  #settling: Settling[] = [];
  #moving = false;

  constructor(options: TestClockOptions) {
    const { epoch = Date.UTC(2000, 0, 1), globals = true, seed = 1, hungAfterMs = 2000 } = options;
    this.#watch = new RestWatch(this.#board, hungAfterMs);
    this.#patienceMs = options.patienceMs ?? 10_000;
    this.share = Object.freeze({
      memory: this.#board.memory,
      kernel: Object.freeze({ seed, hungAfterMs }),
      guests: Object.freeze({ globals, epochMs: Number(epoch) }),
    });
  }

  /** Virtual milliseconds since the clock was made. */
  get now(): number {
    return this.#board.now;
  }

  /** Paths of environments that are no longer waited for: busy with one thing for `hungAfterMs`. */
  get hung(): readonly string[] {
    return this.#watch.hung.map((seat) => this.#board.title(seat));
  }

  /**
   * Lets time pass: everything that is due by then happens, in order, and what follows from it.
   *
   * @throws HostError `clock_stalled`: the tree did not come to rest.
   * @throws CallError `operation_refused` for what is no length of time.
   */
  advance(ms: number): Promise<void> {
    if (!(ms >= 0 && ms < Infinity)) {
      const facts = { field: 'ms', value: ms, remedy: 'Give milliseconds, 0 or more.' };
      return Promise.reject(new CallError('operation_refused', 'time can only go on, and by so much', facts));
    }
    return new Promise((resolve, reject) => {
      this.#advances.push({ ms, goal: undefined, resolve, reject });
      this.#move();
    });
  }

  /** Everything has happened that needs no time. Throws as `advance` does. */
  quiet(): Promise<void> {
    return this.advance(0);
  }

  /**
   * Lets as much time pass as the promise needs to settle, and gives what it gives. Throws as `advance`
   * does, also if nothing is left that could happen.
   */
  async settle<T>(promise: Promise<T>): Promise<T> {
    await new Promise<void>((resolve, reject) => {
      const note = (): void => {
        settling.settled = true;
      };
      const settling: Settling = { settled: false, done: promise.then(note, note), resolve, reject };
      this.#settling.push(settling);
      this.#move();
    });
    return promise;
  }

  #move(): void {
    if (this.#moving) return;
    this.#moving = true;
    void this.#moveOn()
      .catch((error: unknown) => {
        for (const want of [...this.#advances.splice(0), ...this.#settling.splice(0)]) want.reject(error);
      })
      .finally(() => {
        this.#moving = false;
        // Somebody came while those who waited were told.
        if (this.#advances.length + this.#settling.length > 0) this.#move();
      });
  }

  async #moveOn(): Promise<void> {
    for (;;) {
      await this.#rest();
      for (const settling of this.#settling) if (settling.settled) settling.resolve();
      this.#settling = this.#settling.filter(({ settled }) => !settled);
      const advance = this.#advances[0];
      if (advance === undefined && this.#settling.length === 0) return;
      if (advance !== undefined) advance.goal ??= this.now + advance.ms;
      const goal = advance?.goal ?? Infinity;
      const next = this.#watch.next();
      if (next !== undefined && this.#board.deadline(next) <= goal) {
        this.#board.now = Math.max(this.now, this.#board.deadline(next));
        this.#board.ask(next);
      } else if (advance !== undefined) {
        this.#board.now = goal;
        this.#advances.shift();
        advance.resolve();
      } else {
        await this.#outside();
      }
    }
  }

  /** No timer anywhere: only what the clock cannot see may still bring what is waited for. */
  async #outside(): Promise<void> {
    const seen = this.#board.changes;
    const came = (): boolean =>
      this.#advances.length > 0 ||
      seen !== this.#board.changes ||
      this.#settling.some(({ settled }) => settled);
    const until = monotonicNow() + this.#patienceMs;
    while (!came()) {
      if (monotonicNow() > until) throw this.#stalled('nothing is left in the tree that could happen');
      const done = this.#settling.map((settling) => settling.done);
      await whicheverFirst(LOOK_EVERY_MS, this.#board.whenChanged(seen), ...done);
    }
  }

  async #rest(): Promise<void> {
    // What the test has just sent leaves at the end of its turn.
    await loopTurned();
    const until = monotonicNow() + this.#patienceMs;
    for (;;) {
      const seen = this.#board.changes;
      if (this.#watch.atRest(monotonicNow())) return;
      if (monotonicNow() > until)
        throw this.#stalled(`these did not come to rest: ${this.#titles(this.#watch.busy())}`);
      await whicheverFirst(LOOK_EVERY_MS, this.#board.whenChanged(seen));
    }
  }

  #titles(seats: Iterable<number>): string {
    return [...seats].map((seat) => `'${this.#board.title(seat)}'`).join(', ');
  }

  #stalled(problem: string): HostError {
    return new HostError('clock_stalled', `the clock stands at ${String(this.now)} ms: ${problem}`);
  }
}
