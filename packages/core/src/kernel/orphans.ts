/** Who waits for the last of an environment's children to end: its owner after its own end, or the application that stops. */
import type { Environment } from './environment.js';

export class Orphans {
  readonly #waiting = new Map<Environment, () => void>();

  /** Calls back when the last child has ended; at once if there is none. */
  add(parent: Environment, done: () => void): void {
    if (parent.children.size === 0) done();
    else this.#waiting.set(parent, done);
  }

  /** Its owner has taken note: a parent may be waiting for it. */
  ended(child: Environment): void {
    for (const [parent, done] of this.#waiting) {
      parent.children.delete(child);
      if (parent.children.size > 0) continue;
      this.#waiting.delete(parent);
      done();
    }
  }
}
