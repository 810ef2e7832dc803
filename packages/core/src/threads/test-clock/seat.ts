/**
 * One thread under the test clock: its timers, and how it tells that it is at rest.
 *
 * A thread is at rest when its event loop has turned after the last thing it did, and neither an immediate
 * nor a request of Node's (a file, a name, a connection, a write) is pending, nor work that was announced
 * (`during`). What a thread waits for beyond that cannot be seen: data from a socket or a child process,
 * work of zlib and crypto, other threads of its own.
 */
import type { Clock } from '../../clock.js';
import { ManualClock } from '../../testing/manual-clock.js';
import type { Board } from './board.js';

// A guest's own are replaced later.
const { setImmediate, clearImmediate, setTimeout } = globalThis;

const PENDING = /Immediate|Req|(Connect|Write|Shutdown|Send)Wrap$/;
/** How often a thread looks whether what is pending is done. Not every turn: two seats in one thread would wait for each other's looks. */
const LOOK_AGAIN_MS = 1;

export class Seat {
  readonly board: Board;
  readonly number: number;
  readonly clock: Clock;
  readonly #alarms = new ManualClock();
  #announced = 0;
  #looking = false;

  constructor(board: Board, number: number) {
    this.board = board;
    this.number = number;
    this.clock = {
      now: () => board.now,
      after: (delayMs, wake) => this.#after(delayMs, wake),
    };
    void this.#listen(board.asked(number));
  }

  /** The thread runs, and holds the ends of its links. */
  running(): void {
    this.turned();
    this.board.started(this.number);
  }

  /** Nobody waits for this thread any more. */
  gone(): void {
    this.board.setState(this.number, 'gone');
    this.board.wake(this.number);
  }

  /** Something happens in the thread; it is at rest when that, and what follows at once, is over. */
  turned(): void {
    this.board.turn(this.number);
    if (this.#looking) return;
    this.#looking = true;
    setImmediate(this.#look);
  }

  /** The thread is not at rest before that work is done. */
  async during<T>(work: Promise<T>): Promise<T> {
    this.#announced++;
    this.turned();
    try {
      return await work;
    } finally {
      this.#announced--;
      this.turned();
    }
  }

  readonly #look = (): void => {
    if (this.#announced > 0) {
      this.#looking = false;
      return;
    }
    if (process.getActiveResourcesInfo().some((what) => PENDING.test(what))) {
      setTimeout(this.#look, LOOK_AGAIN_MS).unref();
      return;
    }
    this.#looking = false;
    this.board.rest(this.number);
  };

  #after(delayMs: number, wake: () => void): () => void {
    if (delayMs <= 0) {
      // No time has to pass for it.
      this.turned();
      const immediate = setImmediate(wake);
      return () => clearImmediate(immediate);
    }
    this.#alarms.moveTo(this.board.now);
    const cancel = this.#alarms.after(delayMs, wake);
    this.#publish();
    return () => {
      cancel();
      this.#publish();
    };
  }

  async #listen(fired: number): Promise<void> {
    for (let seen = fired; !this.board.is(this.number, 'gone');) {
      await this.board.whenAsked(this.number, seen);
      // In a turn of its own, as timers are: what it throws is nobody's rejection.
      for (const asked = this.board.asked(this.number); seen !== asked; seen++) setImmediate(this.#fire);
    }
  }

  readonly #fire = (): void => {
    this.turned();
    try {
      this.#alarms.fireNext(this.board.now);
    } finally {
      this.#publish();
      this.board.fired(this.number);
    }
  };

  #publish(): void {
    this.board.setDeadline(this.number, this.#alarms.next());
  }
}
