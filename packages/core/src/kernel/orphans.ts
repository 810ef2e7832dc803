/** Environments that have ended but whose children have not: their owners hear of them when the last child is gone. */
import type { Environment } from './environment.js';

export class Orphans {
  readonly #waiting = new Map<Environment, () => void>();

  /** Calls back when the last child of an ended environment has ended. */
  add(parent: Environment, done: () => void): void {
    this.#waiting.set(parent, done);
  }

  /** Its owner has taken note: a parent may be waiting for it. */
  ended(child: Environment): void {
    for (const [parent, done] of this.#waiting) {
      if (!parent.children.delete(child) || parent.children.size > 0) continue;
      this.#waiting.delete(parent);
      done();
      return;
    }
  }
}
