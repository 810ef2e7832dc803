/**
 * A queue of a broker as the measured ones behave, under a scheduler that picks what happens next: it takes frames in
 * the order in which a connection brings them, nacks those that find it full and takes later ones, loses
 * connections with any number of frames and confirms under way, and gives what a dead consumer had not acknowledged to
 * the next one: at its old place, or behind everything else.
 */
import type { Arrived, Delivery } from '../../src/protocol/in-queue.js';
import type { Fate, OutFrame } from '../../src/protocol/out-stream.js';

export interface SimulatedFrame extends Arrived {
  readonly items: readonly string[];
}

interface Queued {
  readonly frame: SimulatedFrame;
  readonly place: number;
}

export class SimulatedBroker {
  readonly capacity: number;
  readonly requeues: 'in place' | 'to the back';
  /** Brought by the publishing connection, and not seen by the queue yet. */
  #brought: { readonly frame: SimulatedFrame; readonly fate: Fate }[] = [];
  /** Decided, but not told yet. */
  #fates: (() => void)[] = [];
  #queue: Queued[] = [];
  #unacknowledged = new Map<number, Queued>();
  #nextPlace = 0;
  #nextTag = 0;

  constructor(capacity: number, requeues: 'in place' | 'to the back') {
    this.capacity = capacity;
    this.requeues = requeues;
  }

  get idle(): boolean {
    return this.#brought.length === 0 && this.#fates.length === 0;
  }

  get empty(): boolean {
    return this.#queue.length === 0 && this.#unacknowledged.size === 0;
  }

  publish(stream: string, { seq, low, items }: OutFrame, fate: Fate): void {
    const frame = { stream, seq, low, items: items.map((item) => Buffer.from(item).toString()) };
    this.#brought.push({ frame, fate });
  }

  /** The queue looks at the next frame. */
  take(twice = false): void {
    const next = this.#brought.shift();
    if (next === undefined) return;
    // What was handed out and not acknowledged does not count: so it is in RabbitMQ.
    if (this.#queue.length >= this.capacity) {
      this.#fates.push(next.fate.rejected);
      return;
    }
    for (let copies = twice ? 2 : 1; copies > 0; copies--)
      this.#queue.push({ frame: next.frame, place: this.#nextPlace++ });
    this.#fates.push(next.fate.confirmed);
  }

  /** Fates reach the publisher in any order. */
  tell(which: number): void {
    const [fate] = this.#fates.splice(which % Math.max(this.#fates.length, 1), 1);
    fate?.();
  }

  /** The publishing connection is lost. */
  losePublisher(): void {
    this.#brought = [];
    this.#fates = [];
  }

  deliver(prefetch: number): { readonly frame: SimulatedFrame; readonly delivery: Delivery } | undefined {
    if (this.#unacknowledged.size >= prefetch) return undefined;
    const next = this.#queue.shift();
    if (next === undefined) return undefined;
    const tag = this.#nextTag++;
    this.#unacknowledged.set(tag, next);
    return { frame: next.frame, delivery: { ack: () => this.#unacknowledged.delete(tag) } };
  }

  /** The consuming connection is lost, or its owner. */
  loseConsumer(): void {
    const back = [...this.#unacknowledged.values()];
    this.#unacknowledged = new Map();
    if (this.requeues === 'to the back') this.#queue.push(...back);
    else this.#queue = [...this.#queue, ...back].sort((a, b) => a.place - b.place);
  }
}
