/** What the tests of threads share: a wall over the fixture guest, and a handle that speaks with it. */
import type { WallEnd, WallLimits } from '../../src/kernel/wall.js';
import { ThreadWall, type ThreadWallOptions } from '../../src/threads/thread-wall.js';

export const LIMITS: WallLimits = { heapMb: 64, youngMb: 16, stackMb: 4 };

export interface Answer {
  readonly value?: unknown;
  readonly error?: string;
  readonly code?: string | null;
}

export interface Printed {
  readonly stream: string;
  readonly text: string;
  readonly dropped: number;
}

export class TestGuest {
  readonly thread: ReturnType<ThreadWall['start']>;
  readonly ended: Promise<WallEnd>;
  readonly #answers: Answer[] = [];
  readonly #waiting: ((answer: Answer) => void)[] = [];

  constructor(thread: ReturnType<ThreadWall['start']>) {
    this.thread = thread;
    this.ended = new Promise((resolve) => thread.onEnd(resolve));
    thread.link.receive({
      batch: (bytes) => {
        const answer = JSON.parse(new TextDecoder().decode(bytes)) as Answer;
        const waiting = this.#waiting.shift();
        if (waiting === undefined) this.#answers.push(answer);
        else waiting(answer);
      },
      end: () => undefined,
    });
  }

  next(): Promise<Answer> {
    const answer = this.#answers.shift();
    if (answer !== undefined) return Promise.resolve(answer);
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  /** Sends the text of a function; `next` gives what it returned. */
  post(source: string): void {
    this.thread.link.send(new TextEncoder().encode(source));
  }

  run(source: string): Promise<Answer> {
    this.post(source);
    return this.next();
  }
}

export interface TestWall {
  readonly wall: ThreadWall;
  readonly printed: Printed[];
  readonly problems: string[];
  start(options?: { title?: string; env?: Record<string, string>; limits?: WallLimits }): Promise<TestGuest>;
  close(): Promise<void>;
}

export function testWall(options: Partial<ThreadWallOptions> = {}): TestWall {
  const printed: Printed[] = [];
  const problems: string[] = [];
  const guests: TestGuest[] = [];
  const wall = new ThreadWall({
    bootstrap: new URL('./guest-fixture.mjs', import.meta.url),
    spares: { perClass: 0 },
    output: (_title, stream, text, dropped) => printed.push({ stream, text, dropped }),
    violation: (_title, problem) => problems.push(problem),
    warning: (problem) => problems.push(problem),
    ...options,
  });
  return {
    wall,
    printed,
    problems,
    async start({ title = 'test', env = {}, limits = LIMITS } = {}) {
      const guest = new TestGuest(wall.start({ title, env, limits }));
      guests.push(guest);
      await guest.next();
      return guest;
    },
    async close() {
      for (const { thread } of guests) thread.terminate();
      await Promise.all(guests.map(({ ended }) => ended));
      await wall.close();
    },
  };
}
