/**
 * What all threads under one test clock share: the time, a *seat* for each thread, a record for each link.
 * From it the clock tells when nothing is under way any more.
 *
 * Invariants:
 * - each word has one writer: a seat its thread (its state also the kernel that starts and ends it), a side
 *   of a link the thread that has that end; the time the clock, while all are at rest;
 * - what is posted is counted before it is posted, and what was taken after it was handled, both in one atomic
 *   step: a thread may be ended between any two statements, and then no count is half written;
 * - a thread turns (`turn`) before it posts, and before it handles what it then counts as taken. So who sees all counts agree and all
 *   threads at rest, twice the same, knows that between the two looks nothing was under way;
 * - seats and links are never used again: what is still posted to a thread that has ended reaches no other.
 */
import { HostError } from '../../errors.js';
import { waitAsync } from '../wait-async.js';

export type Side = 0 | 1;

/** `gone` is never waited for, `starting` and `ending` always are. */
export type SeatState = keyof typeof STATES;

export interface SeatFacts {
  /** The seat of the kernel in whose host it is; by default it is one itself. */
  readonly host?: number;
  /** Code of others runs in it. */
  readonly guest?: boolean;
}

const STATES = { starting: 1, running: 2, ending: 3, gone: 4 } as const;

const MAX_SEATS = 1 << 14;
const MAX_LINKS = 1 << 16;
const TITLE_BYTES = 96;

const HEADER = { changes: 0, seats: 1, links: 2, words: 4 } as const;
const SEAT = { state: 0, host: 1, guest: 2, turn: 3, rested: 4, asked: 5, fired: 6, words: 7 } as const;
/** Each for side 0; that of side 1 follows. */
const LINK = { owner: 0, posted: 2, taken: 4, words: 6 } as const;
const CLOSED = -1;

const SEATS_AT = HEADER.words;
const LINKS_AT = SEATS_AT + MAX_SEATS * SEAT.words;
const WORDS = LINKS_AT + MAX_LINKS * LINK.words;
const NUMBERS_AT = WORDS * Int32Array.BYTES_PER_ELEMENT;
const TITLES_AT = NUMBERS_AT + (1 + MAX_SEATS) * Float64Array.BYTES_PER_ELEMENT;

export class Board {
  readonly memory: SharedArrayBuffer;
  readonly #words: Int32Array;
  /** The time, then the next deadline of each seat. */
  readonly #numbers: Float64Array;

  /** A new one, or the one that another thread has made. */
  constructor(memory = new SharedArrayBuffer(TITLES_AT + MAX_SEATS * TITLE_BYTES)) {
    this.memory = memory;
    this.#words = new Int32Array(memory, 0, WORDS);
    this.#numbers = new Float64Array(memory, NUMBERS_AT, 1 + MAX_SEATS);
  }

  /** Milliseconds since the clock was made. */
  get now(): number {
    return this.#numbers[0] as number;
  }

  set now(time: number) {
    this.#numbers[0] = time;
  }

  // ---- seats ---------------------------------------------------------------------------------------

  /** A seat for a thread that is about to start, and ends with its host. */
  addSeat(title: string, { host, guest }: SeatFacts = {}): number {
    const seat = this.#add(HEADER.seats, MAX_SEATS, 'threads');
    this.#titleOf(seat).set(new TextEncoder().encode(title).subarray(0, TITLE_BYTES));
    this.#numbers[1 + seat] = Infinity;
    this.#words[seatAt(seat) + SEAT.host] = host ?? seat;
    this.#words[seatAt(seat) + SEAT.guest] = Number(guest === true);
    this.setState(seat, 'starting');
    return seat;
  }

  get seats(): number {
    return Atomics.load(this.#words, HEADER.seats);
  }

  title(seat: number): string {
    const bytes = this.#titleOf(seat).slice();
    const end = bytes.indexOf(0);
    return new TextDecoder().decode(end < 0 ? bytes : bytes.subarray(0, end));
  }

  isGuest(seat: number): boolean {
    return this.#words[seatAt(seat) + SEAT.guest] === 1;
  }

  /** 0 for a moment, while it is being added. */
  state(seat: number): (typeof STATES)[SeatState] | 0 {
    return Atomics.load(this.#words, seatAt(seat) + SEAT.state) as (typeof STATES)[SeatState] | 0;
  }

  is(seat: number, state: SeatState): boolean {
    return this.state(seat) === STATES[state];
  }

  /** From starting to running, unless it has been told to end meanwhile. */
  started(seat: number): void {
    const at = seatAt(seat) + SEAT.state;
    Atomics.compareExchange(this.#words, at, STATES.starting, STATES.running);
    this.changed();
  }

  setState(seat: number, state: SeatState): void {
    Atomics.store(this.#words, seatAt(seat) + SEAT.state, STATES[state]);
    this.changed();
  }

  /** The kernel's thread has ended, and all that it had started with it. */
  releaseHost(host: number): void {
    for (let seat = 0; seat < this.seats; seat++)
      if (this.#words[seatAt(seat) + SEAT.host] === host) this.setState(seat, 'gone');
  }

  /** The thread does something: it is not at rest until it says so. */
  turn(seat: number): void {
    Atomics.add(this.#words, seatAt(seat) + SEAT.turn, 1);
  }

  turns(seat: number): number {
    return Atomics.load(this.#words, seatAt(seat) + SEAT.turn);
  }

  /** Nothing runs in the thread, and nothing will unless something is posted to it or a timer fires. */
  rest(seat: number): void {
    Atomics.store(this.#words, seatAt(seat) + SEAT.rested, this.turns(seat));
    this.changed();
  }

  isAtRest(seat: number): boolean {
    const at = seatAt(seat);
    return (
      this.is(seat, 'running') &&
      Atomics.load(this.#words, at + SEAT.rested) === this.turns(seat) &&
      this.asked(seat) === Atomics.load(this.#words, at + SEAT.fired)
    );
  }

  deadline(seat: number): number {
    return this.#numbers[1 + seat] as number;
  }

  setDeadline(seat: number, time: number): void {
    this.#numbers[1 + seat] = time;
  }

  /** Tells the thread to fire its next timer. */
  ask(seat: number): void {
    Atomics.add(this.#words, seatAt(seat) + SEAT.asked, 1);
    this.wake(seat);
  }

  wake(seat: number): void {
    Atomics.notify(this.#words, seatAt(seat) + SEAT.asked);
  }

  asked(seat: number): number {
    return Atomics.load(this.#words, seatAt(seat) + SEAT.asked);
  }

  /** Resolves when `asked` is no longer `seen`, or at `wake`. */
  whenAsked(seat: number, seen: number): Promise<void> {
    return waitAsync(this.#words, seatAt(seat) + SEAT.asked, seen);
  }

  fired(seat: number): void {
    Atomics.add(this.#words, seatAt(seat) + SEAT.fired, 1);
  }

  // ---- links ---------------------------------------------------------------------------------------

  addLink(): number {
    return this.#add(HEADER.links, MAX_LINKS, 'links');
  }

  get links(): number {
    return Atomics.load(this.#words, HEADER.links);
  }

  /** The thread has that end now. What had been posted to it before counts from here on. */
  openEnd(link: number, side: Side, seat: number): void {
    Atomics.store(this.#words, linkAt(link) + LINK.owner + side, seat + 1);
  }

  closeEnd(link: number, side: Side): void {
    Atomics.store(this.#words, linkAt(link) + LINK.owner + side, CLOSED);
  }

  post(link: number, side: Side): void {
    Atomics.add(this.#words, linkAt(link) + LINK.posted + side, 1);
  }

  take(link: number, side: Side): void {
    Atomics.add(this.#words, linkAt(link) + LINK.taken + side, 1);
  }

  /** The thread that has that end; undefined while it is on its way to one. */
  owner(link: number, side: Side): number | 'closed' | undefined {
    const owner = Atomics.load(this.#words, linkAt(link) + LINK.owner + side);
    if (owner === CLOSED) return 'closed';
    return owner === 0 ? undefined : owner - 1;
  }

  /** How many batches have been taken at that end, and how many were posted to it. */
  counts(link: number, side: Side): readonly [taken: number, posted: number] {
    const at = linkAt(link);
    const taken = Atomics.load(this.#words, at + LINK.taken + side);
    return [taken, Atomics.load(this.#words, at + LINK.posted + 1 - side)];
  }

  // ---- changes -------------------------------------------------------------------------------------

  /** A thread has come to rest, or its state has changed. */
  changed(): void {
    Atomics.add(this.#words, HEADER.changes, 1);
    Atomics.notify(this.#words, HEADER.changes);
  }

  get changes(): number {
    return Atomics.load(this.#words, HEADER.changes);
  }

  whenChanged(seen: number): Promise<void> {
    return waitAsync(this.#words, HEADER.changes, seen);
  }

  #add(counter: number, most: number, what: string): number {
    const number = Atomics.add(this.#words, counter, 1);
    if (number >= most)
      throw new HostError('host_unfit', `one test clock sees ${String(most)} ${what} in its life, no more`, {
        remedy: 'Make a new test clock for each test.',
      });
    return number;
  }

  #titleOf(seat: number): Uint8Array {
    return new Uint8Array(this.memory, TITLES_AT + seat * TITLE_BYTES, TITLE_BYTES);
  }
}

function seatAt(seat: number): number {
  return SEATS_AT + seat * SEAT.words;
}

function linkAt(link: number): number {
  return LINKS_AT + link * LINK.words;
}
