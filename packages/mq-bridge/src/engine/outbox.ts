/** The way to one queue: a stream, and who waits for room in it. */
import { CallError } from '@espalier/core';
import type { AfterTurn, Clock, Random } from '@espalier/core/internal/bridge.js';
import { OutStream, STREAM_BOUNDS, type Fate, type StreamBounds } from '../protocol/out-stream.js';
import { encodeFrame } from '../wire/frames.js';

export interface OutboxOptions {
  /** Unique for ever: `<host>/<incarnation>/<number>`. */
  readonly stream: string;
  readonly queue: string;
  /** How the queue is called in errors. */
  readonly target: string;
  /** What is sent counts as sent once the broker has it, and survives the broker. */
  readonly durable: boolean;
  readonly bounds?: StreamBounds;
  readonly sendTimeoutMs: number;
  readonly clock: Clock;
  readonly random: Random;
  readonly afterTurn: AfterTurn;
  readonly publish: (queue: string, body: Buffer, persistent: boolean, fate: Fate) => void;
  /** Was taken and will not arrive: the mailbox is gone. */
  readonly undelivered: (target: string, count: number) => void;
}

interface Waiting {
  readonly bytes: Uint8Array;
  readonly taken: () => void;
  readonly confirmed: () => void;
  readonly lost: () => void;
}

export class Outbox {
  readonly #options: OutboxOptions;
  readonly #bounds: StreamBounds;
  readonly #stream: OutStream;
  #waiting: Waiting[] = [];
  #waitingBytes = 0;
  /** Of durable messages: whom to tell if the broker cannot be asked any more. */
  readonly #inDoubt = new Set<(error: CallError) => void>();
  #flushDue = false;
  #closed = false;

  constructor(options: OutboxOptions) {
    this.#options = options;
    this.#bounds = options.bounds ?? STREAM_BOUNDS;
    const { stream, queue, durable, publish, clock, random } = options;
    this.#stream = new OutStream({
      bounds: this.#bounds,
      clock,
      random,
      publish: ({ seq, low, items }, fate) =>
        publish(queue, encodeFrame(stream, seq, low, items), durable, fate),
      room: () => this.#admit(),
    });
  }

  get settled(): boolean {
    return this.#stream.settled && this.#waiting.length === 0;
  }

  connected(): void {
    this.#stream.connected();
  }

  disconnected(): void {
    this.#stream.disconnected();
  }

  /**
   * Takes a message in order. Resolves when it is sent: when there was room for it, and if durable, when the broker
   * has it. Rejects with `CallError` `full` if there was none in time: then it was not sent; and a durable one with
   * `down` if this bridge ends before the broker has confirmed it: then it may have been sent.
   */
  send(bytes: Uint8Array): Promise<void> {
    return new Promise((resolve, reject) => {
      const { durable, target, sendTimeoutMs } = this.#options;
      let settle = resolve;
      const taken = (): void => {
        if (!durable) settle();
      };
      const confirmed = (): void => {
        this.#inDoubt.delete(reject);
        settle();
      };
      if (this.#closed) {
        this.#options.undelivered(target, 1);
        resolve();
        return;
      }
      if (durable) this.#inDoubt.add(reject);
      if (this.#waiting.length === 0 && this.#stream.offer(bytes, confirmed)) {
        this.#flushAfterTurn();
        taken();
        return;
      }
      const full = (): CallError => new CallError('full', `${target} had no room in time`);
      const isTooMany = this.#waiting.length >= this.#bounds.items;
      if (isTooMany || this.#waitingBytes + bytes.length > this.#bounds.bytes) {
        this.#inDoubt.delete(reject);
        reject(full());
        return;
      }
      const cancel = this.#options.clock.after(sendTimeoutMs, () => {
        this.#waiting = this.#waiting.filter((one) => one !== entry);
        this.#waitingBytes -= bytes.length;
        this.#inDoubt.delete(reject);
        reject(full());
      });
      settle = () => {
        cancel();
        resolve();
      };
      const entry: Waiting = {
        bytes,
        confirmed,
        taken: () => {
          cancel();
          taken();
        },
        lost: () => settle(),
      };
      this.#waiting.push(entry);
      this.#waitingBytes += bytes.length;
    });
  }

  /** Answers and cancellations do not wait: they go, or are lost if there is no room at all. */
  post(bytes: Uint8Array): boolean {
    if (!this.#stream.offer(bytes, nothing)) return false;
    this.#flushAfterTurn();
    return true;
  }

  /** The queue is gone. What was not confirmed is undelivered. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    const waiting = this.#waiting;
    this.#waiting = [];
    const lost = this.#stream.close() + waiting.length;
    if (lost > 0) this.#options.undelivered(this.#options.target, lost);
    for (const reject of this.#inDoubt) {
      reject(
        new CallError(
          'down',
          `the bridge ended before the broker had confirmed a message to ${this.#options.target}`,
        ),
      );
    }
    for (const entry of waiting) entry.lost();
  }

  #admit(): void {
    for (;;) {
      const next = this.#waiting[0];
      if (next === undefined || !this.#stream.offer(next.bytes, next.confirmed)) break;
      this.#waiting.shift();
      this.#waitingBytes -= next.bytes.length;
      next.taken();
    }
    this.#flushAfterTurn();
  }

  #flushAfterTurn(): void {
    if (this.#flushDue) return;
    this.#flushDue = true;
    this.#options.afterTurn(() => {
      this.#flushDue = false;
      this.#stream.flush();
    });
  }
}

function nothing(): void {
  // Nobody waits for it.
}
