/**
 * Which tasks run and which wait: a bounded queue, first come, first served. It stands before Piscina's
 * own, because that one serves abortable tasks out of order and refuses to run two of them in one thread.
 *
 * Invariants: at most `slots` tasks run, at most `queue` wait, and none waits while a slot is free.
 */
export interface Job {
  /** A slot is free: the job runs now, until `finished`. */
  run(): void;
}

export class Admission {
  readonly #slots: number;
  readonly #queue: number;
  readonly #waiting = new Set<Job>();
  #running = 0;

  constructor(slots: number, queue: number) {
    this.#slots = slots;
    this.#queue = queue;
  }

  get waiting(): number {
    return this.#waiting.size;
  }

  get running(): number {
    return this.#running;
  }

  /** Runs the job or lets it wait. False: there is no room for it. */
  admit(job: Job): boolean {
    if (this.#running < this.#slots) {
      this.#running += 1;
      job.run();
      return true;
    }
    if (this.#waiting.size >= this.#queue) return false;
    this.#waiting.add(job);
    return true;
  }

  /** The job is no longer wanted. False: it does not wait. */
  withdraw(job: Job): boolean {
    return this.#waiting.delete(job);
  }

  /** A job that ran is over. */
  finished(): void {
    this.#running -= 1;
    const [next] = this.#waiting;
    if (next === undefined) return;
    this.#waiting.delete(next);
    this.#running += 1;
    next.run();
  }
}
