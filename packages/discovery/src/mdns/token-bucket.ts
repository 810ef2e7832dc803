/** How much one sender may send: a rate with a burst, for a bounded number of senders. */
export interface BucketTerms {
  readonly perSecond: number;
  readonly burst: number;
  /** More senders than that share one bucket. */
  readonly senders: number;
}

interface Bucket {
  tokens: number;
  at: number;
}

const OTHERS = '';

export class TokenBuckets {
  readonly #terms: BucketTerms;
  readonly #buckets = new Map<string, Bucket>();

  constructor(terms: BucketTerms) {
    this.#terms = terms;
  }

  /** Whether that sender may send one more now. */
  take(sender: string, now: number): boolean {
    const { perSecond, burst } = this.#terms;
    const bucket = this.#bucketOf(sender, now);
    bucket.tokens = Math.min(burst, bucket.tokens + ((now - bucket.at) / 1000) * perSecond);
    bucket.at = now;
    if (bucket.tokens < 1) return false;
    bucket.tokens -= 1;
    return true;
  }

  #bucketOf(sender: string, now: number): Bucket {
    const own = this.#buckets.get(sender);
    if (own !== undefined) return own;
    if (this.#buckets.size >= this.#terms.senders) this.#dropFull(now);
    const key = this.#buckets.size < this.#terms.senders ? sender : OTHERS;
    const bucket = this.#buckets.get(key) ?? { tokens: this.#terms.burst, at: now };
    this.#buckets.set(key, bucket);
    return bucket;
  }

  /** Senders whose bucket is full again have nothing to be remembered for. */
  #dropFull(now: number): void {
    const { perSecond, burst } = this.#terms;
    for (const [sender, { tokens, at }] of this.#buckets) {
      if (tokens + ((now - at) / 1000) * perSecond >= burst) this.#buckets.delete(sender);
    }
  }
}
