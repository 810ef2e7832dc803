/** The last record of hosts that are gone, for as long as an older one of theirs could still be taken for new. */
import type { HostRecord } from '../records/host-record.js';

type Last = Pick<HostRecord, 'host' | 'epoch' | 'sealedAt'>;

export class Tombstones {
  readonly #keepMs: number;
  readonly #most: number;
  /** In the order of their deaths. */
  readonly #stones = new Map<string, { readonly last: Last; readonly until: number }>();

  constructor(keepMs: number, most: number) {
    this.#keepMs = keepMs;
    this.#most = most;
  }

  last(host: string): Last | undefined {
    return this.#stones.get(host)?.last;
  }

  add({ host, epoch, sealedAt }: Last, now: number): void {
    this.#stones.delete(host);
    this.#stones.set(host, { last: { host, epoch, sealedAt }, until: now + this.#keepMs });
    for (const [old, { until }] of this.#stones) {
      if (until > now && this.#stones.size <= this.#most) break;
      this.#stones.delete(old);
    }
  }
}
