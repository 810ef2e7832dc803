/**
 * The receiving half: all streams that come out of one queue, for one incarnation of its holder. Frames are handed
 * over one after the other, those of a stream in the order of their numbers, each once.
 *
 * A frame ahead of its turn is kept. It is its turn when all below it were handled, or need not be waited for: they
 * were confirmed before a frame that is here was published, so they lay in the queue before it, and were handled by
 * an earlier incarnation. What only might still come is waited for: as long as its sender is there, and `patienceMs`
 * longer; but not when as many frames are held as the broker hands out, for then nothing else could come.
 *
 * Nothing is dropped but what this incarnation has handled or holds already. That is what makes it at least once,
 * whatever place the broker gives to what it takes back.
 */
import type { Clock } from '@espalier/core/internal/bridge.js';
import { HandledNumbers } from './handled-numbers.js';

/** How the broker knows a delivery; void once the connection that it came over is lost. */
export interface Delivery {
  ack(): void;
}

export interface Arrived {
  readonly stream: string;
  readonly seq: number;
  readonly low: number;
}

interface Held<F> {
  /** As it came last. */
  frame: F;
  /** Undefined when its connection is lost: the frame will come again, and is acknowledged then. */
  delivery: Delivery | undefined;
  /** It is in hand, or will be without waiting for anything. */
  isDue: boolean;
}

interface Stream<F> {
  readonly handled: HandledNumbers;
  readonly held: Map<number, Held<F>>;
  /** The lowest number that is waited for. */
  expected: number;
  /** What is below was in the queue before something that has come. */
  low: number;
  /** Numbers that were told of as missing, and have not come since: from, up to but not. */
  readonly missed: (readonly [number, number])[];
}

interface Turn<F> {
  readonly stream: Stream<F>;
  readonly held: Held<F>;
}

export interface InQueueOptions<F> {
  /** Frames that the broker hands out unacknowledged. */
  readonly prefetch: number;
  readonly patienceMs: number;
  /** False: each frame is handed over when it comes, for the one before it may have gone to somebody else. */
  readonly isOrdered: boolean;
  readonly clock: Clock;
  /** Whether who sends that stream is there, and so will say what still comes. */
  readonly awaited: (stream: string) => boolean;
  /** Of a queue that nobody takes from but us, and whose streams begin there: frames that the broker had, and that are gone. */
  readonly missing?: ((frames: number) => void) | undefined;
  /** One that was told of as missing has come after all. */
  readonly late?: (() => void) | undefined;
  /**
   * The next frame. It is acknowledged when `done` says that it was handled; until then no other one is handed over. If
   * it was not, it is given back: the connection is lost or will be, and with the next one it comes again.
   */
  readonly handle: (frame: F, done: (isHandled: boolean) => void) => void;
}

/** Streams that are remembered; who sends to a queue for years leaves one for each of his lives. */
const MAX_STREAMS = 4096;
/** Of a stream; what was missing longest ago does not come any more. */
const MAX_MISSED = 64;

export class InQueue<F extends Arrived> {
  readonly #options: InQueueOptions<F>;
  /** In order of last use. */
  readonly #streams = new Map<string, Stream<F>>();
  readonly #ready: Turn<F>[] = [];
  /** The last in that order: most often the next frame is of the same. */
  #newest: { readonly id: string; readonly stream: Stream<F> } | undefined;
  #inHand: Turn<F> | undefined;
  #isGivenBack = false;
  #heldCount = 0;
  #cancelPatience: (() => void) | undefined;
  #closed = false;
  #restarts = 0;
  duplicates = 0;

  constructor(options: InQueueOptions<F>) {
    this.#options = options;
  }

  /** Frames that are here and not handled. */
  get held(): number {
    return this.#heldCount;
  }

  arrived(frame: F, delivery: Delivery): void {
    if (this.#closed) return;
    const stream = this.#stream(frame);
    // A copy that was sent later may say more than the first one, and nothing else may ever say it.
    stream.low = Math.max(stream.low, frame.low);
    this.#keep(stream, frame, delivery);
    this.#advance(stream);
    this.#pump();
  }

  #keep(stream: Stream<F>, frame: F, delivery: Delivery): void {
    const known = stream.held.get(frame.seq);
    if (known !== undefined || stream.handled.has(frame.seq)) {
      this.duplicates++;
      if (known === undefined || known.delivery !== undefined) delivery.ack();
      else {
        known.delivery = delivery;
        known.frame = frame;
      }
      return;
    }
    const held: Held<F> = { frame, delivery, isDue: false };
    stream.held.set(frame.seq, held);
    this.#heldCount++;
    if (frame.seq < stream.expected) this.#comesLate(stream, frame.seq);
    if (frame.seq < stream.expected || !this.#options.isOrdered) this.#due({ stream, held });
  }

  /** What is here stays; it is acknowledged when it comes again. */
  disconnected(): void {
    for (const stream of this.#streams.values())
      for (const held of stream.held.values()) held.delivery = undefined;
  }

  /** As `disconnected`, but what is here comes again to us or to somebody else: only what is in hand stays. */
  restart(): void {
    const inHand = this.#inHand;
    for (const stream of this.#streams.values()) {
      for (const [seq, held] of stream.held) {
        if (held === inHand?.held) continue;
        stream.held.delete(seq);
        stream.expected = Math.min(stream.expected, seq);
      }
    }
    this.#ready.length = 0;
    this.#heldCount = inHand === undefined ? 0 : 1;
    if (inHand === undefined) return;
    inHand.held.delivery = undefined;
    this.#restarts++;
    if (this.#isGivenBack) this.#release(inHand);
  }

  /** Nothing more is handed over. Gives what is here and was not. */
  close(): readonly F[] {
    this.#closed = true;
    this.#cancelPatience?.();
    return [...this.#streams.values()]
      .flatMap(({ held }) => [...held.values()])
      .filter((held) => held !== this.#inHand?.held)
      .map(({ frame }) => frame);
  }

  /** Whether it was handed over. */
  knows({ stream: id, seq }: Arrived): boolean {
    const stream = this.#streams.get(id);
    if (stream === undefined) return false;
    const isInHand = this.#inHand?.stream === stream && this.#inHand.held.frame.seq === seq;
    return isInHand || stream.handled.has(seq);
  }

  #stream({ stream: id, low }: F): Stream<F> {
    if (this.#newest?.id === id) return this.#newest.stream;
    let stream = this.#streams.get(id);
    if (stream === undefined) {
      stream = { handled: new HandledNumbers(), held: new Map(), expected: low, low, missed: [] };
      // One that was forgotten would begin anew here.
      if (this.#streams.size < MAX_STREAMS) this.#miss(stream, 1, low);
      this.#forgetOldest();
    }
    this.#streams.delete(id);
    this.#streams.set(id, stream);
    this.#newest = { id, stream };
    return stream;
  }

  #forgetOldest(): void {
    if (this.#streams.size < MAX_STREAMS) return;
    for (const [id, { held }] of this.#streams) {
      if (held.size > 0) continue;
      this.#streams.delete(id);
      return;
    }
  }

  /** After a restart what is expected may be below what is in hand. */
  #due(turn: Turn<F>): void {
    if (turn.held.isDue) return;
    turn.held.isDue = true;
    this.#ready.push(turn);
  }

  /** Moves what is due to the ready ones. */
  #advance(stream: Stream<F>): void {
    if (!this.#options.isOrdered) return;
    for (;;) {
      const next = stream.held.get(stream.expected);
      if (next !== undefined) {
        this.#due({ stream, held: next });
        stream.expected++;
      } else if (stream.handled.has(stream.expected)) stream.expected++;
      else if (stream.expected < stream.low) {
        const known = this.#nextKnown(stream);
        this.#miss(stream, stream.expected, known);
        stream.expected = known;
      } else return;
    }
  }

  /** They were confirmed, so they lay in the queue before something that is here. */
  #miss({ missed }: Stream<F>, from: number, to: number): void {
    if (from >= to) return;
    missed.push([from, to]);
    if (missed.length > MAX_MISSED) missed.shift();
    this.#options.missing?.(to - from);
  }

  /**
   * After a cut the broker may give what is new before it has noticed that the former connection is gone, and gives the rest of
   * what that had in hand afterwards.
   */
  #comesLate({ missed }: Stream<F>, seq: number): void {
    const at = missed.findIndex(([from, to]) => seq >= from && seq < to);
    const gap = missed[at];
    if (gap === undefined) return;
    const rest = [[gap[0], seq] as const, [seq + 1, gap[1]] as const].filter(([from, to]) => from < to);
    missed.splice(at, 1, ...rest);
    this.#options.late?.();
  }

  /** The lowest number that is here and waits, or that must be waited for. */
  #nextKnown(stream: Stream<F>): number {
    let next = stream.low;
    for (const seq of stream.held.keys()) if (seq > stream.expected && seq < next) next = seq;
    return next;
  }

  #pump(): void {
    while (this.#inHand === undefined && !this.#closed) {
      const next = this.#ready.shift();
      if (next === undefined) break;
      this.#inHand = next;
      this.#isGivenBack = false;
      const { seq } = next.held.frame;
      const restarts = this.#restarts;
      let isDone = false;
      this.#options.handle(next.held.frame, (isHandled) => {
        if (isDone || this.#closed) return;
        isDone = true;
        if (!isHandled) {
          if (restarts === this.#restarts) this.#isGivenBack = true;
          else this.#release(next);
          return;
        }
        this.#inHand = undefined;
        next.stream.handled.add(seq);
        next.stream.held.delete(seq);
        this.#heldCount--;
        next.held.delivery?.ack();
        this.#advance(next.stream);
        this.#pump();
      });
    }
    this.#watch();
  }

  /** It was given back, and the connection that it came over is lost. */
  #release(turn: Turn<F>): void {
    const { stream, held } = turn;
    this.#inHand = undefined;
    // It may have come again already.
    if (held.delivery !== undefined) this.#ready.unshift(turn);
    else {
      stream.held.delete(held.frame.seq);
      stream.expected = Math.min(stream.expected, held.frame.seq);
      this.#heldCount--;
    }
    this.#pump();
  }

  /** Frames are here and none of them may be handled yet. */
  #watch(): void {
    const isStuck =
      this.#inHand === undefined && this.#heldCount > 0 && this.#ready.length === 0 && !this.#closed;
    if (!isStuck) {
      this.#cancelPatience?.();
      this.#cancelPatience = undefined;
    } else if (this.#heldCount >= this.#options.prefetch) this.#giveUpWaiting();
    else
      this.#cancelPatience ??= this.#options.clock.after(this.#options.patienceMs, () => {
        this.#cancelPatience = undefined;
        this.#giveUpWaiting((stream) => !this.#options.awaited(stream));
        this.#watch();
      });
  }

  /** The lowest frame that is held is its stream's next one: of the stream that has waited longest. */
  #giveUpWaiting(isGivenUp: (stream: string) => boolean = () => true): void {
    for (const [id, stream] of this.#streams) {
      if (stream.held.size === 0 || !isGivenUp(id)) continue;
      stream.expected = Math.min(...stream.held.keys());
      this.#advance(stream);
      this.#pump();
      return;
    }
  }
}
