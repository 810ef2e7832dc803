/**
 * Who is told of which end. The end of what had ended before it was watched comes along with the number of the
 * monitor, and may be read before whoever asked for that has it.
 */
import type { ExitReason, Monitor } from '@espalier/core';

export class WatchedEnds {
  readonly #told = new Map<Monitor, (reason: ExitReason) => void>();
  /** Nobody has asked for these yet; whoever watches will in a moment. */
  readonly #early = new Map<Monitor, ExitReason>();

  add(monitor: Monitor, told: (reason: ExitReason) => void): void {
    const reason = this.#early.get(monitor);
    if (reason === undefined) {
      this.#told.set(monitor, told);
      return;
    }
    this.#early.delete(monitor);
    told(reason);
  }

  ended(monitor: Monitor, reason: ExitReason): void {
    const told = this.#told.get(monitor);
    if (told === undefined) this.#early.set(monitor, reason);
    else {
      this.#told.delete(monitor);
      told(reason);
    }
  }
}
