/** What a bridge knows to be lost, and has dropped: sums of what it has told since it was started. */
import type { Refusal, RefusalCounts } from '../trust/refusals.js';
import type { BridgeEvent } from './local-side.js';

export interface BridgeLosses {
  /** Messages told of as `undelivered`. */
  readonly undelivered: number;
  /** Frames told of as `missing`, without those that came `late`. */
  readonly missing: number;
  /** What was told of as `dropped`, by reason. */
  readonly dropped: RefusalCounts;
}

export class Losses {
  #undelivered = 0;
  #missing = 0;
  readonly #dropped: Partial<Record<Refusal, number>> = {};

  get sums(): BridgeLosses {
    return { undelivered: this.#undelivered, missing: this.#missing, dropped: { ...this.#dropped } };
  }

  heed(event: BridgeEvent): void {
    if (event.kind === 'undelivered') this.#undelivered += event.count;
    else if (event.kind === 'missing') this.#missing += event.frames;
    else if (event.kind === 'late') this.#missing--;
    else if (event.kind === 'dropped') {
      const { kind: _kind, ...counts } = event;
      for (const [why, count] of Object.entries(counts) as [Refusal, number][])
        this.#dropped[why] = (this.#dropped[why] ?? 0) + count;
    }
  }
}
