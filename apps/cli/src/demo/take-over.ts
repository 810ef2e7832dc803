/**
 * Who takes over from a host that was just killed. What is ordered in its last moment it may still do itself: its cells
 * end when they see that their daemon has, which takes them some milliseconds, and as long as they are connected the
 * broker gives to them. That is no fault, for it was done; so whoever wants to see the next holder orders again.
 */
export interface TakeOver {
  /** Orders that job, and gives the host that has done it. */
  readonly order: (job: string) => Promise<string>;
  readonly job: string;
  /** The host that is no more. */
  readonly gone: string;
  readonly say: (step: string) => void;
  /** How often at most. */
  readonly orders: number;
}

/** The host that has taken over; undefined: it is still the one that is gone. */
export async function seeTakeOver({ order, job, gone, say, orders }: TakeOver): Promise<string | undefined> {
  for (let count = 1; count <= orders; count++) {
    const by = await order(count === 1 ? job : `${job} ${count}`);
    if (by !== gone) return by;
    say(`(that was the last that ${gone} did, before its cells saw that their daemon had ended)`);
  }
  return undefined;
}
