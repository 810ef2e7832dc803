/**
 * Makes queues, and makes them again when they are gone.
 *
 *   declared ──returned frame──► declared again
 *   refused, for it is there with other terms ──pause, doubled, with jitter──► tried again
 */
import type { Channel, ChannelModel, ConsumeMessage } from 'amqplib';
import type { Clock, Random } from '@espalier/core/internal/bridge.js';
import type { QueueTerms } from './transport.js';

/** What a session must have for it. */
export interface QueueSession {
  readonly consuming: ChannelModel;
  readonly lost: boolean;
}

export interface QueuesOptions<S> {
  readonly clock: Clock;
  readonly random: Random;
  /** Told once, until it is there with our terms. */
  readonly mismatch: (queue: string) => void;
  readonly lost: (session: S, why: unknown) => void;
}

const FIRST_PAUSE_MS = 1000;
const LONGEST_PAUSE_MS = 60_000;
/** Of the time that the broker has to answer when a queue goes. */
const EMPTY_MS = 500;
const EMPTY_PREFETCH = 8;
/** Of a queue that is there with other terms. */
const PRECONDITION_FAILED = 406;

export class Queues<S extends QueueSession> {
  readonly #options: QueuesOptions<S>;
  /** Those that others take from. */
  readonly #declared = new Map<string, QueueTerms>();
  /** How long to wait until they are tried again. */
  readonly #refused = new Map<string, number>();
  readonly #restoring = new Set<string>();

  constructor(options: QueuesOptions<S>) {
    this.#options = options;
  }

  async add(session: S | undefined, queue: string, terms: QueueTerms): Promise<void> {
    this.#declared.set(queue, terms);
    if (session !== undefined) await this.#declare(session, queue, terms);
  }

  /** Those that were asked for until now. */
  async declareAll(session: S): Promise<void> {
    for (const [queue, terms] of [...this.#declared]) await this.#declare(session, queue, terms);
  }

  /** It is gone, and whoever takes from it may not be there to make it again. */
  async restore(session: S, queue: string): Promise<void> {
    const terms = this.#declared.get(queue);
    if (terms === undefined || this.#restoring.has(queue)) return;
    this.#restoring.add(queue);
    try {
      await this.#declare(session, queue, terms);
    } finally {
      this.#restoring.delete(queue);
    }
  }

  /**
   * A channel of its own, for a refusal closes it; the queue is there. Undefined if it is refused: then `again` is called
   * some time later.
   */
  async open(
    session: S,
    queue: string,
    terms: QueueTerms,
    again: () => Promise<void>,
  ): Promise<Channel | undefined> {
    const channel = await session.consuming.createChannel();
    let isRefused = false;
    channel.on('error', (error: Error & { readonly code?: unknown }) => {
      isRefused = error.code === PRECONDITION_FAILED;
      if (!isRefused) this.#options.lost(session, error);
    });
    try {
      await declareQueue(channel, queue, terms);
      this.#refused.delete(queue);
      return channel;
    } catch (error) {
      if (!isRefused) throw error;
      this.#later(session, queue, again);
      return undefined;
    }
  }

  async #declare(session: S, queue: string, terms: QueueTerms): Promise<void> {
    const channel = await this.open(session, queue, terms, () => this.#declare(session, queue, terms));
    await channel?.close();
  }

  /** Whoever has made it with other terms may remove it. */
  #later(session: S, queue: string, again: () => Promise<void>): void {
    const { clock, random, mismatch, lost } = this.#options;
    const known = this.#refused.get(queue);
    if (known === undefined) mismatch(queue);
    const pauseMs = known ?? FIRST_PAUSE_MS;
    this.#refused.set(queue, Math.min(pauseMs * 2, LONGEST_PAUSE_MS));
    clock.after(pauseMs * (0.5 + random.next() / 2), () => {
      if (!session.lost) again().catch((error: unknown) => lost(session, error));
    });
  }
}

/**
 * Without a limit of deliveries a quorum queue puts what it takes back behind all others, measured on 3.10; with one it
 * keeps its place. A limit that is never reached: what is done with poison is not the broker's to say.
 */
const QUORUM = { 'x-queue-type': 'quorum', 'x-delivery-limit': 1_000_000_000 };

export async function declareQueue(channel: Channel, queue: string, terms: QueueTerms): Promise<void> {
  const { durable, expiresMs, messageTtlMs, maxLength, singleActive, replicated } = terms;
  await channel.assertQueue(queue, {
    durable,
    ...(expiresMs === undefined ? {} : { expires: expiresMs }),
    ...(messageTtlMs === undefined ? {} : { messageTtl: messageTtlMs }),
    ...(maxLength === undefined ? {} : { maxLength }),
    arguments: {
      ...(maxLength === undefined ? {} : { 'x-overflow': 'reject-publish' }),
      ...(singleActive === true ? { 'x-single-active-consumer': true } : {}),
      ...(replicated === true ? QUORUM : {}),
    },
  });
}

/** Tells what lies in a queue that nobody takes from any more, as far as it comes in time; what does not lies there still. */
export async function emptyQueue(
  { admin, consuming }: { readonly admin: Channel; readonly consuming: ChannelModel },
  queue: string,
  left: (body: Buffer) => void,
  clock: Clock,
): Promise<void> {
  let { messageCount: missing } = await admin.checkQueue(queue);
  if (missing === 0) return;
  let over = (): void => undefined;
  const isOver = new Promise<void>((resolve) => (over = resolve));
  const cancel = clock.after(EMPTY_MS, over);
  // Of its own, and few at a time: a full queue at once would hold up all that comes over this connection.
  const channel = await consuming.createChannel();
  channel.on('error', over);
  await channel.prefetch(EMPTY_PREFETCH);
  const take = (message: ConsumeMessage | null): void => {
    if (message === null || missing === 0) return;
    left(message.content);
    channel.ack(message);
    if (--missing === 0) over();
  };
  await channel.consume(queue, take);
  await isOver;
  cancel();
  missing = 0;
  await channel.close();
}
