/**
 * What the kernel and the runtimes know of time and chance: handed in, never taken from the process,
 * so that the simulation and the test clock can stand in their place.
 */
export interface Clock {
  /** Milliseconds, monotonic, from an arbitrary start. */
  now(): number;
  /**
   * Calls `wake` once, not before `delayMs` have passed. Returns what cancels it. A clock's timers
   * never keep the process alive.
   */
  after(delayMs: number, wake: () => void): () => void;
}

export interface Random {
  /** Uniform in [0, 1). */
  next(): number;
}

/**
 * Calls back when the running turn, with all its microtasks, has ended. `soon`: it may be as early as behind
 * the reactions that are due by now, where that is cheaper.
 */
export type AfterTurn = (callback: () => void, soon?: boolean) => void;

/**
 * Calls back when the event loop has turned, and with that delivered what had arrived. No timer does: of
 * timers, those that are due run one after the other.
 */
export type NextTurn = (callback: () => void) => void;
