/** Handles that nothing refers to any more, given back to the kernel together at the end of a turn. */
import type { AfterTurn } from '../clock.js';

/** The kernel takes no longer lists. */
const MAX_AT_ONCE = 0xffff;

export class HandleDrops {
  readonly #afterTurn: AfterTurn;
  readonly #tell: (handles: readonly number[], counts: readonly number[]) => void;
  #counts = new Map<number, number>();

  constructor(afterTurn: AfterTurn, tell: (handles: readonly number[], counts: readonly number[]) => void) {
    this.#afterTurn = afterTurn;
    this.#tell = tell;
  }

  /** `count`: how often the kernel has sent the handle. */
  add(handle: number, count: number): void {
    if (this.#counts.size === 0) {
      this.#afterTurn(() => {
        this.#leave();
      });
    }
    this.#counts.set(handle, (this.#counts.get(handle) ?? 0) + count);
  }

  #leave(): void {
    const handles = [...this.#counts.keys()];
    const counts = [...this.#counts.values()];
    this.#counts = new Map();
    for (let at = 0; at < handles.length; at += MAX_AT_ONCE) {
      this.#tell(handles.slice(at, at + MAX_AT_ONCE), counts.slice(at, at + MAX_AT_ONCE));
    }
  }
}
