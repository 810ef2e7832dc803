/**
 * Keeps a thread's end and the guard's questions apart. Node 20 to 26 do not: an inspector message that is
 * dispatched to a worker in the moment in which its environment is torn down aborts the whole process,
 * silently (`shared_from_this` of an object that is being destroyed; seen twice in some 6,000 crashes under load), and a
 * `terminate()` that falls into the evaluation of a question is swallowed by it: the thread runs on.
 *
 * So there is one flag word in shared memory for each thread. The guard asks only while the thread is not
 * leaving; a thread that leaves of itself waits, spinning so that the inspector can still interrupt it, until
 * the question under way has been answered; and it is terminated from outside only then. Both waits are
 * bounded, because an application that is blocked in a native call delays the question, not only its answer.
 */
import { monotonicNow } from './node-clock.js';

const ASKED = 1;
const LEAVING = 2;
/** How long a leaving thread waits for the question under way. */
const WAIT_WITHIN_MS = 50;

export class InspectionGate {
  /** To be handed to the thread. */
  readonly shared = new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT);
  readonly #flags = new Int32Array(this.shared);

  /** True: the question may be sent; `answered` must follow. False: the thread is leaving. */
  ask(): boolean {
    return (Atomics.or(this.#flags, 0, ASKED) & LEAVING) === 0 || this.answered();
  }

  /** Always false: nothing is asked now. */
  answered(): false {
    Atomics.and(this.#flags, 0, ~ASKED);
    return false;
  }

  /** No further question is let through. */
  close(): void {
    Atomics.or(this.#flags, 0, LEAVING);
  }
}

const { load, or } = Atomics;

/** In the thread, to be called as the last thing that runs there; whatever a guest has done to the built-ins. */
export function leaving(shared: SharedArrayBuffer): () => void {
  const flags = new Int32Array(shared);
  return () => {
    or(flags, 0, LEAVING);
    const until = monotonicNow() + WAIT_WITHIN_MS;
    while ((load(flags, 0) & ASKED) !== 0 && monotonicNow() < until);
  };
}
