/** Takes frames from one queue: consumption, decoding and order, up to whoever handles the items. */
import type { Clock } from '@espalier/core/internal/bridge.js';
import { InQueue, type Delivery } from '../protocol/in-queue.js';
import type { Hold, QueueTerms, Transport } from '../transport/transport.js';
import { decodeFrame, type Frame } from '../wire/frames.js';
import type { Opener } from './trust.js';
import { ShortTexts } from '../wire/short-texts.js';
import type { Refusal } from '../trust/refusals.js';

export interface ReceivedFrame extends Frame {
  /** The broker says that it has handed it out before. What a sender has sent twice it does not know for one. */
  readonly again: boolean;
  /** Of a queue that one at a time takes from. */
  readonly hold?: Hold | undefined;
}

/**
 * With true the frame was handled, and the next one comes; with false it is given back. Neither throws nor rejects. Most
 * frames are handled at once.
 */
export type HandleFrame = (frame: ReceivedFrame) => boolean | Promise<boolean>;

export interface IntakeOptions {
  readonly queue: string;
  readonly terms: QueueTerms;
  readonly prefetch: number;
  /** Others take from it, too: frames come in no order. */
  readonly isShared: boolean;
  readonly journal: string | undefined;
  /** Where what cannot be taken goes, as it came; undefined: nowhere. */
  readonly deadLetters: string | undefined;
  /** The largest body that is taken. */
  readonly bodyBytes: number;
  readonly held: (fence: number) => void;
  readonly patienceMs: number;
  readonly transport: Transport;
  readonly clock: Clock;
  /** Whether who sends that stream is there. */
  readonly awaited: (stream: string) => boolean;
  readonly handle: HandleFrame;
  /** What stands in a body, if whoever sent it is believed. */
  readonly open: Opener;
  /** Called for what cannot be taken; it is put aside and acknowledged afterwards. */
  readonly dropped: (why: Refusal) => void;
  /** Messages and casts that lay in a queue when it went. */
  readonly undelivered: (count: number) => void;
  /** Frames that the broker had, and that are gone unread. */
  readonly missing: (frames: number) => void;
  /** One of those has come after all. */
  readonly late: () => void;
}

export class Intake {
  readonly #options: IntakeOptions;
  readonly #queue: InQueue<ReceivedFrame>;
  /** Messages to one mailbox resemble each other. */
  readonly #texts = new ShortTexts();
  #fence = 0;

  constructor(options: IntakeOptions) {
    this.#options = options;
    const { prefetch, patienceMs, isShared, terms, clock, awaited, missing, late, handle } = options;
    this.#queue = new InQueue<ReceivedFrame>({
      prefetch,
      patienceMs,
      isOrdered: !isShared,
      clock,
      awaited,
      // Of a durable queue others have taken what does not come.
      missing: terms.durable ? undefined : missing,
      late: terms.durable ? undefined : late,
      handle: (frame, done) => {
        const handled = handle(frame);
        if (typeof handled === 'boolean') done(handled);
        else void handled.then(done);
      },
    });
  }

  open(): Promise<void> {
    const { transport, queue, terms, prefetch, journal, held } = this.#options;
    return transport.consume({
      queue,
      terms,
      prefetch,
      journal,
      arrived: (body, delivery, redelivered, hold) => {
        if (hold?.fence !== undefined && hold.fence !== this.#fence) {
          this.#fence = hold.fence;
          held(hold.fence);
        }
        const frame = this.#frame(body);
        if (frame === undefined) {
          this.#putAside(body, delivery);
          return;
        }
        const { duplicates } = this.#queue;
        const { stream, seq, low, items } = frame;
        this.#queue.arrived({ stream, seq, low, items, again: redelivered, hold }, delivery);
        if (this.#queue.duplicates > duplicates) this.#options.dropped('replayed');
      },
    });
  }

  /** If there is no room for it, that is its end: nobody whom we believe has sent it, or nobody can read it. */
  #putAside(body: Buffer, delivery: Delivery): void {
    const { deadLetters, transport } = this.#options;
    const over = (): void => delivery.ack();
    if (deadLetters === undefined) over();
    else transport.publish(deadLetters, body, true, { confirmed: over, rejected: over });
  }

  #frame(body: Buffer): Frame | undefined {
    const { open, queue, bodyBytes, dropped } = this.#options;
    if (body.length > bodyBytes) {
      dropped('oversized');
      return undefined;
    }
    try {
      const opened = open(queue, body);
      if (opened === undefined) return undefined;
      const frame = decodeFrame(opened.bytes, this.#texts);
      if (frame.stream.startsWith(opened.sender)) return frame;
      dropped('forged');
    } catch {
      dropped('malformed');
    }
    return undefined;
  }

  /** What a durable queue has given us somebody else may get now. */
  disconnected(): void {
    if (this.#options.terms.durable) this.#queue.restart();
    else this.#queue.disconnected();
  }

  /** Nothing more is handled. A queue of our own goes, too; what is durable stays in the broker. */
  async close(): Promise<void> {
    const { transport, queue, terms, undelivered, missing } = this.#options;
    const here = this.#queue.close();
    if (terms.durable) {
      await transport.release(queue);
      return;
    }
    // What is here and was not acknowledged lies in the queue again, too.
    const lost = new Map<string, number>();
    const lose = (frame: Frame): void => {
      if (!this.#queue.knows(frame)) lost.set(`${frame.stream}/${String(frame.seq)}`, messagesIn(frame));
    };
    for (const frame of here) lose(frame);
    const unseen = await transport.release(queue, (body) => {
      const frame = this.#frame(body);
      if (frame !== undefined) lose(frame);
    });
    const messages = [...lost.values()].reduce((sum, count) => sum + count, 0);
    if (messages > 0) undelivered(messages);
    if (unseen > 0) missing(unseen);
  }
}

/** Who calls is told of the end of whom he has called, and an answer is lost with who waits for it. */
function messagesIn({ items }: Frame): number {
  return items.filter(({ kind }) => kind === 'message' || kind === 'cast').length;
}
