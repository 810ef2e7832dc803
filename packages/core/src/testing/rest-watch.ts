/** Tells whether all threads under a test clock are at rest: see the invariants of the board. */
import type { Board, Side } from '../threads/test-clock/board.js';

const SIDES: readonly Side[] = [0, 1];

/** What a thread was doing when it was last looked at, and since when. */
interface Doing {
  readonly turns: number;
  readonly since: number;
}

export class RestWatch {
  readonly #board: Board;
  readonly #hungAfterMs: number;
  readonly #doing = new Map<number, Doing>();
  readonly #hung = new Set<number>();
  /** Those that have not gone, and may not have closed. */
  #seats: number[] = [];
  #links: number[] = [];
  #seatsKnown = 0;
  #linksKnown = 0;

  constructor(board: Board, hungAfterMs: number) {
    this.#board = board;
    this.#hungAfterMs = hungAfterMs;
  }

  /** Threads that have been busy with one thing for too long; until they do another, nobody waits for them. */
  get hung(): readonly number[] {
    return [...this.#hung];
  }

  /** Twice the same, and nothing under way in either look: then nothing was under way in between. */
  atRest(nowMs: number): boolean {
    this.#update();
    this.#noteHung(nowMs);
    const first = this.#look();
    const second = first === undefined ? undefined : this.#look();
    return second !== undefined && second.every((value, at) => value === first?.[at]);
  }

  /** The thread whose timer is the next; of several at one time the one that was started first. */
  next(): number | undefined {
    let next: number | undefined;
    for (const seat of this.#seats) {
      const deadline = this.#board.deadline(seat);
      if (this.#hung.has(seat) || deadline === Infinity) continue;
      if (next === undefined || deadline < this.#board.deadline(next)) next = seat;
    }
    return next;
  }

  /** Threads that are doing something, or have something to do. */
  busy(): ReadonlySet<number> {
    const busy = new Set(this.#seats.filter((seat) => !this.#board.isAtRest(seat)));
    for (const link of this.#links) {
      for (const side of SIDES) {
        const owner = this.#receiver(link, side);
        const [taken, posted] = this.#board.counts(link, side);
        if (owner !== undefined && taken !== posted) busy.add(owner);
      }
    }
    return busy;
  }

  /**
   * How often each thread has turned so far; undefined if anything is under way. Threads before links: who
   * posts in between has turned since it was looked at.
   */
  #look(): readonly number[] | undefined {
    const board = this.#board;
    if (board.seats !== this.#seatsKnown || board.links !== this.#linksKnown) return undefined;
    const turns: number[] = [];
    for (const seat of this.#seats) {
      if (this.#hung.has(seat)) continue;
      if (!board.isAtRest(seat)) return undefined;
      turns.push(board.turns(seat));
    }
    for (const link of this.#links) {
      for (const side of SIDES) {
        const [taken, posted] = board.counts(link, side);
        const owner = this.#receiver(link, side);
        if (taken !== posted && owner !== undefined && !this.#hung.has(owner)) return undefined;
      }
    }
    return turns;
  }

  /** Who will take what was posted to that end, if anybody. */
  #receiver(link: number, side: Side): number | undefined {
    const owner = this.#board.owner(link, side);
    if (owner === undefined || owner === 'closed') return undefined;
    return this.#board.is(owner, 'gone') ? undefined : owner;
  }

  /** Starting and ending take the time they take: how long, the wall decides. */
  #noteHung(nowMs: number): void {
    const board = this.#board;
    const busy = this.busy();
    for (const seat of this.#doing.keys()) if (!busy.has(seat)) this.#doing.delete(seat);
    this.#hung.clear();
    for (const seat of busy) {
      const turns = board.turns(seat);
      const known = this.#doing.get(seat);
      if (known?.turns !== turns) this.#doing.set(seat, { turns, since: nowMs });
      else if (nowMs - known.since >= this.#hungAfterMs && board.isGuest(seat) && board.is(seat, 'running'))
        this.#hung.add(seat);
    }
  }

  #update(): void {
    const board = this.#board;
    const { seats, links } = board;
    for (; this.#seatsKnown < seats; this.#seatsKnown++) this.#seats.push(this.#seatsKnown);
    for (; this.#linksKnown < links; this.#linksKnown++) this.#links.push(this.#linksKnown);
    this.#seats = this.#seats.filter((seat) => !board.is(seat, 'gone'));
    this.#links = this.#links.filter((link) => !SIDES.every((side) => this.#isOver(link, side)));
  }

  #isOver(link: number, side: Side): boolean {
    const owner = this.#board.owner(link, side);
    return owner === 'closed' || (owner !== undefined && this.#board.is(owner, 'gone'));
  }
}
