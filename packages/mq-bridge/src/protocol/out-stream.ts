/**
 * The sending half of a stream: everything that this host sends to one queue, in order, in numbered frames.
 *
 *   flowing ──nack──► draining ──(nothing is in flight)──► pausing ──(backoff)──► flowing, window 1
 *      ▲  │                                                                          │ (doubles with each confirm)
 *      │  └──connection lost──► offline ──connection back──► flowing ◄───────────────┘
 *
 * Measured: a broker nacks a frame of a full queue and takes later ones of the same burst. So after a nack the
 * stream publishes nothing more until the fate of all that is in flight is known, and then goes back to the first
 * unconfirmed frame. A lost connection leaves every unconfirmed frame in doubt: all of them are sent again, and
 * the receiver drops what it has.
 *
 * Every frame says which is the lowest unconfirmed one (`low`). A receiver that knows nothing of the stream learns by
 * it what it need not wait for. If the last frame says less than it could, an empty frame follows as a mark.
 */
import type { Clock, Random } from '@espalier/core/internal/bridge.js';

export interface StreamBounds {
  /** Frames in flight. */
  readonly window: number;
  readonly frameItems: number;
  readonly frameBytes: number;
  /** Items and bytes that were taken and are not confirmed. */
  readonly items: number;
  readonly bytes: number;
}

export const STREAM_BOUNDS: StreamBounds = {
  window: 32,
  frameItems: 128,
  frameBytes: 16 * 1024,
  items: 1000,
  bytes: 4 * 1024 * 1024,
};

const FIRST_PAUSE_MS = 20;
const LONGEST_PAUSE_MS = 1000;

export interface OutFrame {
  readonly seq: number;
  readonly low: number;
  readonly items: readonly Uint8Array[];
}

interface Entry {
  readonly bytes: Uint8Array;
  readonly confirmed: () => void;
}

interface Numbered {
  readonly seq: number;
  readonly entries: readonly Entry[];
  state: 'waiting' | 'in flight' | 'confirmed';
}

export interface OutStreamOptions {
  readonly bounds: StreamBounds;
  readonly clock: Clock;
  readonly random: Random;
  /** Called only while connected. Exactly one of `confirmed` and `rejected` follows, or the loss of the connection. */
  readonly publish: (frame: OutFrame, fate: Fate) => void;
  /** There may be room again. */
  readonly room: () => void;
}

export interface Fate {
  readonly confirmed: () => void;
  readonly rejected: () => void;
}

export class OutStream {
  readonly #options: OutStreamOptions;
  #pending: Entry[] = [];
  /** In order of their numbers; the first is never a confirmed one. */
  #frames: Numbered[] = [];
  #lastSeq = 0;
  /** The `low` that the last frame said. */
  #saidLow = 0;
  #inFlight = 0;
  #window: number;
  #pauseMs = FIRST_PAUSE_MS;
  #state: 'flowing' | 'draining' | 'pausing' | 'offline' | 'closed' = 'offline';
  /** Which connection a confirm belongs to: those of a lost one count for nothing. */
  #connection = 0;
  #cancelPause: (() => void) | undefined;
  #items = 0;
  #bytes = 0;

  constructor(options: OutStreamOptions) {
    this.#options = options;
    this.#window = options.bounds.window;
  }

  /** Whether all that was taken is confirmed. */
  get settled(): boolean {
    return this.#items === 0;
  }

  /** Frames that were published, and whose fate is not known. */
  get inFlight(): number {
    return this.#inFlight;
  }

  /** Items that were taken and are not confirmed. */
  get unconfirmed(): number {
    return this.#items;
  }

  /** Takes an item, if there is room. `confirmed` is called once, when the broker has it. */
  offer(bytes: Uint8Array, confirmed: () => void): boolean {
    const { bounds } = this.#options;
    const fits = this.#items < bounds.items && this.#bytes + bytes.length <= bounds.bytes;
    // What is larger than all room there is goes alone.
    if (this.#state === 'closed' || (!fits && this.#items > 0)) return false;
    this.#items++;
    this.#bytes += bytes.length;
    this.#pending.push({ bytes, confirmed });
    return true;
  }

  /** The turn in which items were offered has ended: they leave, as many as may in one frame. */
  flush(): void {
    this.#pump();
  }

  connected(): void {
    if (this.#state === 'closed') return;
    this.#state = 'flowing';
    this.#connection++;
    this.#pump();
  }

  disconnected(): void {
    if (this.#state === 'closed') return;
    this.#cancelPause?.();
    this.#state = 'offline';
    this.#connection++;
    this.#inFlight = 0;
    for (const frame of this.#frames) if (frame.state === 'in flight') frame.state = 'waiting';
  }

  /** Nothing is sent any more. Returns how many items were not confirmed. */
  close(): number {
    this.#cancelPause?.();
    this.#state = 'closed';
    this.#connection++;
    const lost = this.#items;
    this.#pending = [];
    this.#frames = [];
    this.#items = 0;
    this.#bytes = 0;
    return lost;
  }

  #pump(): void {
    if (this.#state !== 'flowing') return;
    for (const frame of this.#frames) {
      if (this.#inFlight >= this.#window) return;
      if (frame.state === 'waiting') this.#publish(frame);
    }
    while (this.#pending.length > 0 && this.#inFlight < this.#window) this.#publish(this.#frame());
    const isMarkDue = this.#frames.length === 0 && this.#saidLow < this.#lastSeq;
    if (isMarkDue) this.#publish(this.#number([]));
  }

  #frame(): Numbered {
    const { frameItems, frameBytes } = this.#options.bounds;
    let count = 0;
    let bytes = 0;
    for (const entry of this.#pending) {
      if (count > 0 && (count === frameItems || bytes + entry.bytes.length > frameBytes)) break;
      count++;
      bytes += entry.bytes.length;
    }
    return this.#number(this.#pending.splice(0, count));
  }

  #number(entries: readonly Entry[]): Numbered {
    const frame: Numbered = { seq: ++this.#lastSeq, entries, state: 'waiting' };
    this.#frames.push(frame);
    return frame;
  }

  #publish(frame: Numbered): void {
    const low = this.#frames[0]?.seq ?? frame.seq;
    frame.state = 'in flight';
    this.#inFlight++;
    this.#saidLow = low;
    const connection = this.#connection;
    const items = frame.entries.map(({ bytes }) => bytes);
    const once = (settle: () => void) => (): void => {
      if (connection === this.#connection && frame.state === 'in flight') settle();
    };
    this.#options.publish(
      { seq: frame.seq, low, items },
      { confirmed: once(() => this.#confirmed(frame)), rejected: once(() => this.#rejected(frame)) },
    );
  }

  #confirmed(frame: Numbered): void {
    frame.state = 'confirmed';
    this.#inFlight--;
    while (this.#frames[0]?.state === 'confirmed') this.#frames.shift();
    for (const { bytes } of frame.entries) this.#bytes -= bytes.length;
    this.#items -= frame.entries.length;
    if (this.#state === 'flowing') {
      this.#pauseMs = FIRST_PAUSE_MS;
      this.#window = Math.min(this.#window * 2, this.#options.bounds.window);
    }
    for (const { confirmed } of frame.entries) confirmed();
    this.#afterFate();
    if (frame.entries.length > 0) this.#options.room();
  }

  #rejected(frame: Numbered): void {
    frame.state = 'waiting';
    this.#inFlight--;
    if (this.#state === 'flowing') this.#state = 'draining';
    this.#afterFate();
  }

  #afterFate(): void {
    if (this.#state !== 'draining') {
      this.#pump();
      return;
    }
    if (this.#inFlight > 0) return;
    this.#state = 'pausing';
    this.#window = 1;
    const delayMs = this.#pauseMs * (0.5 + this.#options.random.next());
    this.#pauseMs = Math.min(this.#pauseMs * 2, LONGEST_PAUSE_MS);
    this.#cancelPause = this.#options.clock.after(delayMs, () => {
      if (this.#state !== 'pausing') return;
      this.#state = 'flowing';
      this.#pump();
    });
  }
}
