/** Takes frames from one queue: consumption, decoding and order, up to whoever handles the items. */
import type { Clock } from '@espalier/core/internal/bridge.js';
import { InQueue } from '../protocol/in-queue.js';
import type { QueueTerms, Transport } from '../transport/transport.js';
import { decodeFrame, type Frame } from '../wire/frames.js';

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
  /** Called with what cannot be read; the frame is acknowledged afterwards. */
  readonly malformed: (body: Buffer) => void;
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
        let frame: Frame;
        try {
          frame = decodeFrame(body);
        } catch {
          this.#options.malformed(body);
          delivery.ack();
          return;
        }
        this.#queue.arrived({ ...frame, again: redelivered }, delivery);
      },
    });
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
