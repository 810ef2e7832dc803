/**
 * Whether a thread keeps to its share of a core: its processor time, in windows that follow one another.
 * What it did not use in one window is not saved up for the next.
 */
const WINDOW_MS = 1000;

export class CpuShare {
  #from: { readonly ms: number; readonly ns: number } | undefined;

  /** The share of a core in the window that ends here; undefined while it has not ended. */
  observe(nowMs: number, usedNs: number): number | undefined {
    const from = this.#from;
    if (from !== undefined && nowMs - from.ms < WINDOW_MS) return undefined;
    this.#from = { ms: nowMs, ns: usedNs };
    // 1e6 nanoseconds are a millisecond. Two looks that lie far apart make one long window.
    return from === undefined ? undefined : (usedNs - from.ns) / 1e6 / (nowMs - from.ms);
  }
}
