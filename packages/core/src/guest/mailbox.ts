/**
 * A mailbox: what has arrived for one environment and was not taken yet, in order of arrival.
 *
 * User messages, casts and calls are counted and bounded by credit (channel/credit.ts); what the
 * kernel or the runtime puts in (`DOWN`, trapped `EXIT`) has reserved slots: capacity neither delays
 * nor drops it. A consumer is either a pull (`take`, selective, for loops) or a push (`consume`, for
 * servers), never both. While suspended, the mailbox fills but delivers nothing.
 *
 * Items are handed over one after the other in the same turn, however many lie there: that is what makes
 * it fast. But the kernel's notices come before the mailbox, and a burst of short handlers is no hang; so
 * after a while of it the mailbox rests until the event loop has turned.
 */
import { CreditAccount, StreamCredit, type MailboxBounds } from '../channel/credit.js';
import type { Pace } from '../channel/pace.js';
import type { NextTurn } from '../clock.js';
import type { Received } from './received.js';

/** How long items are handed over before the event loop has its turn. Milliseconds. */
const TURN_MS = 10;
/** To read the clock takes as long as to hand over an item: quick ones are measured together. */
const QUICK_MS = 1;
const QUICK_ITEMS = 8;

/** One sender's stream into this mailbox. */
export class InboundStream extends StreamCredit {
  readonly grant: (messages: number, bytes: number) => void;

  constructor(grant: (messages: number, bytes: number) => void) {
    super();
    this.grant = grant;
  }
}

/** What becomes of an item that need not be taken. */
export interface Turn {
  /** Asked when the item would be taken; with false it goes, and nobody gets it. */
  begins(): boolean;
  /** A match looks at it; with false it has returned. One that throws has not. */
  looked(isAtIt: boolean): void;
}

interface Entry {
  readonly item: Received;
  /** Undefined for what has a reserved slot. */
  readonly stream: InboundStream | undefined;
  readonly bytes: number;
  readonly turn: Turn | undefined;
}

export type Match = (item: Received) => boolean;

interface Waiter {
  readonly match: Match | undefined;
  readonly resolve: (item: Received) => void;
  readonly reject: (thrown: unknown) => void;
}

export class Mailbox {
  readonly credit: CreditAccount<InboundStream>;
  readonly #now: () => number;
  readonly #nextTurn: NextTurn;
  /** A ring would do without the shift; a head index over an array is as fast and easier to search. */
  #entries: (Entry | undefined)[] = [];
  #head = 0;
  #waiter: Waiter | undefined;
  #consumer: ((item: Received) => void) | undefined;
  #suspended = false;
  #resting = false;
  #turnedAt: number;
  #lookedAt = -Infinity;
  #unmeasured = 1;
  #closed = false;
  /** The consumer runs: what comes meanwhile (from itself) waits until it has returned. */
  #delivering = false;
  /** Counted messages that have arrived so far. */
  received = 0;

  constructor(bounds: MailboxBounds, now: () => number, nextTurn: NextTurn, pace?: Pace) {
    this.#now = now;
    this.#nextTurn = nextTurn;
    this.#turnedAt = now();
    const grant = (stream: InboundStream, messages: number, bytes: number): void => {
      stream.grant(messages, bytes);
    };
    this.credit = new CreditAccount<InboundStream>(bounds, grant, pace);
  }

  get length(): number {
    return this.#entries.length - this.#head;
  }

  /** Of what lies here. Added up when somebody asks. */
  get bytes(): number {
    let bytes = 0;
    for (let n = this.#head; n < this.#entries.length; n++) bytes += this.#entries[n]?.bytes ?? 0;
    return bytes;
  }

  /** A counted message. False if its sender had no credit for it. */
  push(item: Received, stream: InboundStream, bytes: number): boolean {
    if (this.#closed) return true;
    if (!this.credit.arrived(stream, bytes)) return false;
    this.received++;
    this.#put({ item, stream, bytes, turn: undefined });
    return true;
  }

  /** Something with a reserved slot. */
  pushReserved(item: Received, turn?: Turn): void {
    if (!this.#closed) this.#put({ item, stream: undefined, bytes: 0, turn });
  }

  /**
   * The first item that matches, now or when it comes. One taker at a time: a second one replaces none.
   * `reject` gets what its match throws; nothing is taken then.
   */
  take(
    match: Match | undefined,
    resolve: (item: Received) => void,
    reject: (thrown: unknown) => void,
  ): () => void {
    const found = this.#halted ? undefined : this.#find(match);
    if (found !== undefined) {
      resolve(found.item);
      this.#account(found);
      return nothing;
    }
    const waiter: Waiter = { match, resolve, reject };
    this.#waiter = waiter;
    return () => {
      if (this.#waiter === waiter) this.#waiter = undefined;
    };
  }

  get hasTaker(): boolean {
    return this.#waiter !== undefined;
  }

  /** The first item at once, or undefined: the quick way of a loop that keeps up. */
  takeNow(match: Match | undefined): Received | undefined {
    const found = this.#halted ? undefined : this.#find(match);
    if (found !== undefined) this.#account(found);
    return found?.item;
  }

  /** Hands each item to the consumer until it says stop by `pause`. */
  consume(consumer: (item: Received) => void): void {
    this.#consumer = consumer;
    this.#pump();
  }

  pause(): void {
    this.#consumer = undefined;
  }

  suspend(): void {
    this.#suspended = true;
  }

  resume(): void {
    this.#suspended = false;
    this.#goOn();
  }

  /** The event loop has turned. */
  turned(): void {
    if (!this.#resting) return;
    this.#resting = false;
    this.#turnedAt = this.#now();
    this.#goOn();
  }

  /** Every item that lies here, in order. */
  forEach(visit: (item: Received) => void): void {
    for (let n = this.#head; n < this.#entries.length; n++) visit((this.#entries[n] as Entry).item);
  }

  /** Removes items with a reserved slot. */
  removeReserved(match: Match): void {
    for (let n = this.#entries.length - 1; n >= this.#head; n--) {
      const entry = this.#entries[n] as Entry;
      if (entry.stream === undefined && match(entry.item)) this.#entries.splice(n, 1);
    }
  }

  /**
   * Its environment has ended: nothing is handed over any more. `drain` brings what has arrived at the thread and
   * not here yet. Returns how many counted messages lay unread.
   */
  close(drain: () => void): number {
    this.#waiter = undefined;
    this.#consumer = undefined;
    drain();
    this.#closed = true;
    this.credit.stop();
    let unread = 0;
    for (let n = this.#head; n < this.#entries.length; n++)
      if (this.#entries[n]?.stream !== undefined) unread++;
    this.#entries = [];
    this.#head = 0;
    return unread;
  }

  get #halted(): boolean {
    return this.#suspended || this.#resting;
  }

  #goOn(): void {
    if (this.#waiter !== undefined && !this.#halted) this.#serve(this.#waiter);
    this.#pump();
  }

  #put(entry: Entry): void {
    const waiter = this.#waiter;
    if (!this.#halted && !this.#delivering && this.length === 0 && entry.turn === undefined) {
      // Nothing lies before it: straight to who waits.
      if (this.#consumer !== undefined) {
        this.#deliver(this.#consumer, entry);
        this.#pump();
        return;
      }
      if (waiter !== undefined && waiter.match === undefined) {
        this.#waiter = undefined;
        waiter.resolve(entry.item);
        this.#account(entry);
        return;
      }
    }
    this.#entries.push(entry);
    // A selective taker skipped everything that lies here already: only the new entry can be its item.
    if (waiter !== undefined && !this.#halted) this.#serve(waiter, this.#entries.length - 1);
    if (entry.turn !== undefined) this.#pump();
  }

  /** Gives a waiting taker its item, if it lies here. */
  #serve(waiter: Waiter, from = this.#head): void {
    let found: Entry | undefined;
    try {
      found = this.#find(waiter.match, from);
    } catch (thrown) {
      this.#waiter = undefined;
      waiter.reject(thrown);
      return;
    }
    if (found === undefined) return;
    this.#waiter = undefined;
    waiter.resolve(found.item);
    this.#account(found);
  }

  #deliver(consumer: (item: Received) => void, entry: Entry): void {
    this.#delivering = true;
    try {
      consumer(entry.item);
    } finally {
      this.#delivering = false;
    }
    this.#account(entry);
  }

  #pump(): void {
    while (this.#consumer !== undefined && !this.#halted && !this.#delivering) {
      const entry = this.#find(undefined);
      if (entry === undefined) return;
      this.#deliver(this.#consumer, entry);
    }
  }

  #find(match: Match | undefined, from = this.#head): Entry | undefined {
    const entries = this.#entries;
    let at = from;
    if (match !== undefined) {
      while (at < entries.length && !matches(entries[at] as Entry, match)) at++;
    }
    const entry = entries[at];
    if (entry === undefined) return undefined;
    if (at === this.#head) {
      entries[at] = undefined;
      this.#head++;
      if (this.#head === entries.length) {
        // Reuse the array: a loop that keeps up allocates nothing.
        entries.length = 0;
        this.#head = 0;
      } else if (this.#head >= 1024 && this.#head * 2 >= entries.length) {
        entries.splice(0, this.#head);
        this.#head = 0;
      }
    } else {
      entries.splice(at, 1);
    }
    // What lies before was passed over already, and is again.
    return entry.turn === undefined || entry.turn.begins() ? entry : this.#find(match);
  }

  /**
   * There is room again. Only once the item was handed over: room in the own mailbox lets the next
   * message to oneself in at once, and that must not come first.
   */
  #account(entry: Entry): void {
    if (entry.stream !== undefined) this.credit.taken(entry.stream, entry.bytes);
    if (--this.#unmeasured <= 0) this.#measure();
  }

  #measure(): void {
    const now = this.#now();
    this.#unmeasured = now - this.#lookedAt < QUICK_MS ? QUICK_ITEMS : 1;
    this.#lookedAt = now;
    if (this.#resting || now - this.#turnedAt < TURN_MS) return;
    this.#resting = true;
    this.#nextTurn(() => {
      this.turned();
    });
  }
}

function nothing(): void {
  // Taken at once: there is nothing to withdraw.
}

function matches({ item, turn }: Entry, match: Match): boolean {
  turn?.looked(true);
  const isIt = match(item);
  turn?.looked(false);
  return isIt;
}
