/** What was dropped instead of believed, and how often: told now and then, for who sends it may send much. */
import type { Clock } from '@espalier/core/internal/bridge.js';

/**
 * `oversized`: larger than is taken here; `malformed`: cannot be read; `unsigned`: carries no signature; `foreign`: of nobody in this cluster, or of an incarnation
 * that we have no session with; `revoked`: of a host that was thrown out; `forged`: not of who it says it is, or not what
 * he said, or not meant for this place; `replayed`: came before, be it given again by the broker after a loss.
 */
export type Refusal = 'oversized' | 'malformed' | 'unsigned' | 'foreign' | 'revoked' | 'forged' | 'replayed';

export type RefusalCounts = Readonly<Partial<Record<Refusal, number>>>;

export interface RefusalsOptions {
  readonly clock: Clock;
  /** One report in that time, at most. */
  readonly everyMs: number;
  readonly tell: (counts: RefusalCounts) => void;
}

export class Refusals {
  readonly #options: RefusalsOptions;
  #counts = new Map<Refusal, number>();

  constructor(options: RefusalsOptions) {
    this.#options = options;
  }

  add(refusal: Refusal, count = 1): void {
    const { clock, everyMs, tell } = this.#options;
    if (this.#counts.size === 0) {
      clock.after(everyMs, () => {
        const counts = Object.fromEntries(this.#counts);
        this.#counts = new Map();
        tell(counts);
      });
    }
    this.#counts.set(refusal, (this.#counts.get(refusal) ?? 0) + count);
  }
}
