/** Takes frames from one queue: consumption, decoding and order, up to whoever handles the items. */
import type { Clock } from '@espalier/core/internal/bridge.js';
import { InQueue } from '../protocol/in-queue.js';
import type { QueueTerms, Transport } from '../transport/transport.js';
import { decodeFrame, type Frame } from '../wire/frames.js';
import type { Opener } from './trust.js';
import type { Refusal } from '../trust/refusals.js';

export interface ReceivedFrame extends Frame {
  /** Somebody may have handled it before. */
  readonly again: boolean;
}

export interface IntakeOptions {
  readonly queue: string;
  readonly terms: QueueTerms;
  readonly prefetch: number;
  readonly exclusive: boolean;
  readonly patienceMs: number;
  readonly transport: Transport;
  readonly clock: Clock;
  /** Whether who sends that stream is there. */
  readonly awaited: (stream: string) => boolean;
  /** When it resolves the frame is acknowledged, and the next one comes. Must not reject. */
  readonly handle: (frame: ReceivedFrame) => Promise<void>;
  /** What stands in a body, if whoever sent it is believed. */
  readonly open: Opener;
  /** Called for what cannot be read; it is acknowledged afterwards. */
  readonly dropped: (why: Refusal) => void;
  readonly refused: () => void;
}

export class Intake {
  readonly #options: IntakeOptions;
  readonly #queue: InQueue<ReceivedFrame>;

  constructor(options: IntakeOptions) {
    this.#options = options;
    const { prefetch, patienceMs, clock, awaited, handle } = options;
    this.#queue = new InQueue<ReceivedFrame>({
      prefetch,
      patienceMs,
      clock,
      awaited,
      handle: (frame, done) => void handle(frame).then(done),
    });
  }

  open(): Promise<void> {
    const { transport, queue, terms, prefetch, exclusive, refused } = this.#options;
    return transport.consume({
      queue,
      terms,
      prefetch,
      exclusive,
      refused,
      arrived: (body, delivery, redelivered) => {
        const frame = this.#frame(body);
        if (frame === undefined) {
          delivery.ack();
          return;
        }
        const { duplicates } = this.#queue;
        this.#queue.arrived({ ...frame, again: redelivered }, delivery);
        if (this.#queue.duplicates > duplicates) this.#options.dropped('replayed');
      },
    });
  }

  #frame(body: Buffer): Frame | undefined {
    const { open, queue, dropped } = this.#options;
    try {
      const opened = open(queue, body);
      if (opened === undefined) return undefined;
      const frame = decodeFrame(opened.bytes);
      if (frame.stream.startsWith(opened.sender)) return frame;
      dropped('forged');
    } catch {
      dropped('malformed');
    }
    return undefined;
  }

  disconnected(): void {
    this.#queue.disconnected();
  }

  /** Nothing more is handled. With `remove` the queue goes, too. */
  close(remove: boolean): Promise<void> {
    this.#queue.close();
    return this.#options.transport.release(this.#options.queue, remove);
  }
}
