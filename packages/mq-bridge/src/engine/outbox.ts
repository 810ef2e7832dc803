/** The way to one queue: a stream, and who waits for room in it. */
import { CallError } from '@espalier/core';
import type { AfterTurn, Clock, Random } from '@espalier/core/internal/bridge.js';
import { OutStream, STREAM_BOUNDS, type Fate } from '../protocol/out-stream.js';
import { encodeFrame } from '../wire/frames.js';

export interface OutboxOptions {
  /** Unique for ever: `<host>/<incarnation>/<number>`. */
  readonly stream: string;
  readonly queue: string;
  /** How the queue is called in errors. */
  readonly target: string;
  /** What is sent counts as sent once the broker has it, and survives the broker. */
  readonly durable: boolean;
  readonly clock: Clock;
  readonly random: Random;
  readonly afterTurn: AfterTurn;
  /** A frame as whoever reads the queue believes it; undefined: it cannot be made now. */
  readonly wrap: (frame: Buffer) => Buffer | undefined;
  readonly publish: (queue: string, body: Buffer, persistent: boolean, fate: Fate) => void;
  /** Was taken and will not arrive: the mailbox is gone. */
  readonly undelivered: (target: string, count: number) => void;
}

/** Who sends waits for each of his messages, so there are few; calls and answers do not wait for each other. */
const MAX_WAITING = 20_000;
/** As long as fewer frames are under way, the next one waits for nothing. */
const LONE_FRAMES = 2;

interface Waiting {
  readonly bytes: Uint8Array;
  readonly taken: () => void;
  readonly confirmed: () => void;
}

export class Outbox {
  readonly #options: OutboxOptions;
  readonly #stream: OutStream;
  #waiting: Waiting[] = [];
  #waitingBytes = 0;
  /** Of durable messages: whom to tell if the broker cannot be asked any more. */
  readonly #inDoubt = new Set<(error: CallError) => void>();
  #flushDue = false;
  #closed = false;

  constructor(options: OutboxOptions) {
    this.#options = options;
    const { stream, queue, durable, wrap, publish, clock, random } = options;
    this.#stream = new OutStream({
      bounds: STREAM_BOUNDS,
      clock,
      random,
      publish: ({ seq, low, items }, fate) => {
        const body = wrap(encodeFrame(stream, seq, low, items));
        if (body === undefined) fate.rejected();
        else publish(queue, body, durable, fate);
      },
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
   * Takes a message in order, as soon as there is room for it. Resolves when it is sent: when it was taken, and if
   * durable, when the broker has it. Rejects with `CallError` `full` if too many wait already, or more bytes than
   * `waitingBytes`: then it is not sent; and a durable one with `down` if this bridge ends before the broker has
   * confirmed it: then it may have been sent.
   */
  send(bytes: Uint8Array, waitingBytes = Infinity): Promise<void> {
    const { durable } = this.#options;
    if (this.#closed) {
      this.#options.undelivered(this.#options.target, 1);
      return Promise.resolve();
    }
    return new Promise((resolve, reject) => {
      const confirmed = (): void => {
        this.#inDoubt.delete(reject);
        resolve();
      };
      const isTaken = this.#take({ bytes, taken: durable ? nothing : resolve, confirmed }, waitingBytes);
      if (!isTaken) reject(this.#full());
      else if (durable) this.#inDoubt.add(reject);
    });
  }

  /**
   * In order as well, but nobody waits for more than its being taken: at once, or when what this gives resolves.
   * That rejects with `CallError` `full` if too many wait already, or more bytes than `waitingBytes`: then it is not sent.
   */
  pass(bytes: Uint8Array, waitingBytes = Infinity): Promise<void> | undefined {
    if (this.#closed) {
      this.#options.undelivered(this.#options.target, 1);
      return undefined;
    }
    if (this.#offer(bytes, nothing)) return undefined;
    return new Promise((resolve, reject) => {
      if (!this.#wait({ bytes, taken: resolve, confirmed: nothing }, waitingBytes)) reject(this.#full());
    });
  }

  /** In order as well, but nobody waits for it. False if it is lost: too much waits already, or more than `waitingBytes`. */
  post(bytes: Uint8Array, waitingBytes: number): boolean {
    return !this.#closed && this.#take({ bytes, taken: nothing, confirmed: nothing }, waitingBytes);
  }

  #full(): CallError {
    return new CallError('full', 'too much waits for room on the way');
  }

  #take(message: Waiting, waitingBytes: number): boolean {
    const { bytes, taken, confirmed } = message;
    if (!this.#offer(bytes, confirmed)) return this.#wait(message, waitingBytes);
    taken();
    return true;
  }

  /** False: it has to wait for room. */
  #offer(bytes: Uint8Array, confirmed: () => void): boolean {
    if (this.#waiting.length > 0 || !this.#stream.offer(bytes, confirmed)) return false;
    this.#flushAfterTurn();
    return true;
  }

  #wait(message: Waiting, waitingBytes: number): boolean {
    const { bytes } = message;
    const isFull = this.#waiting.length > 0 && this.#waitingBytes + bytes.length > waitingBytes;
    if (isFull || this.#waiting.length >= MAX_WAITING) return false;
    this.#waiting.push(message);
    this.#waitingBytes += bytes.length;
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
    for (const { taken } of waiting) taken();
  }

  readonly #flushNow = (): void => {
    this.#flushDue = false;
    this.#stream.flush();
  };

  #admit(): void {
    for (;;) {
      const next = this.#waiting[0];
      if (next === undefined || !this.#stream.offer(next.bytes, next.confirmed)) return;
      this.#waiting.shift();
      this.#waitingBytes -= next.bytes.length;
      this.#flushAfterTurn();
      next.taken();
    }
  }

  #flushAfterTurn(): void {
    if (this.#flushDue) return;
    this.#flushDue = true;
    // A lone message has nothing to wait for; behind others what comes meanwhile goes along.
    this.#options.afterTurn(this.#flushNow, this.#stream.inFlight < LONE_FRAMES);
  }
}

function nothing(): void {
  // Nobody waits for it.
}
