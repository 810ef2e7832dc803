/**
 * The transport over AMQP 0-9-1, by `amqplib`. The connection is kept by a manager of our own rather than by
 * amqplib's recovery: what must be restored is here (consumers, queues) and in the streams (the unconfirmed), both
 * connections count as one, and what the streams must know exactly is the instant at which a connection is lost.
 *
 *   down ──connect──► connecting ──both connections, queues, consumers──► up ──lost──► down (backoff with jitter)
 *
 * Publishing and consuming have a connection each: a broker that blocks publishers stops reading theirs, and
 * acknowledgements must still get through. amqplib hands exceptions of a consumer's callback on as the end of its
 * connection, calls it with `null` when the broker cancels it, and never stops buffering: so callbacks here
 * catch everything, a cancelled consumer is a lost connection, and what is in flight is bounded by the streams.
 */
import amqp, { type Channel, type ChannelModel, type ConfirmChannel, type ConsumeMessage } from 'amqplib';
import { HostError } from '@espalier/core';
import type { Clock, Random } from '@espalier/core/internal/bridge.js';
import type { Fate } from '../protocol/out-stream.js';
import { Holding } from './holding.js';
import type { Consumption, Hold, QueueTerms, Transport, TransportEvents } from './transport.js';

export interface AmqpOptions {
  /** `amqp://user:password@host:port/vhost`, or `amqps:`; asked at each try, and undefined where none is known yet. */
  readonly url: () => string | undefined;
  /** The fanout exchange of the cluster, and this host's queue at it. */
  readonly presence: { readonly exchange: string; readonly queue: string; readonly expiresMs: number };
  readonly clock: Clock;
  readonly random: Random;
  readonly events: TransportEvents;
}

interface Session {
  readonly publishing: ChannelModel;
  readonly consuming: ChannelModel;
  readonly out: ConfirmChannel;
  readonly admin: Channel;
  readonly consumers: Map<string, { readonly channel: Channel }>;
  lost: boolean;
}

const FIRST_RETRY_MS = 100;
const LONGEST_RETRY_MS = 5000;
const HEARTBEAT_S = 5;
const CONNECT_MS = 10_000;
const CLOSE_MS = 1000;
/** Of a queue that is there with other terms. */
const PRECONDITION_FAILED = 406;
/** Half of what the broker waits before it takes a connection for dead. */
const LEASE_MS = (HEARTBEAT_S * 1000) / 2;
const PRESENCE_PREFETCH = 256;

export class AmqpTransport implements Transport {
  readonly #options: AmqpOptions;
  readonly #consumptions = new Map<string, Consumption>();
  readonly #declared = new Map<string, QueueTerms>();
  #session: Session | undefined;
  #stopped = false;
  #retryMs = FIRST_RETRY_MS;
  #cancelRetry: (() => void) | undefined;
  /** Published and returned by the broker, because there is no such queue: by message id. */
  readonly #returned = new Set<string>();
  #lastId = 0;

  constructor(options: AmqpOptions) {
    this.#options = options;
  }

  get connected(): boolean {
    return this.#session !== undefined;
  }

  start(): void {
    void this.#connect();
  }

  publish(queue: string, body: Buffer, persistent: boolean, fate: Fate): void {
    const session = this.#session;
    if (session === undefined) return;
    const messageId = String(++this.#lastId);
    const options = { persistent, mandatory: true, messageId };
    this.#guarded(session, () => {
      session.out.publish('', queue, body, options, (refused: unknown) => {
        if (session.lost) return;
        // A frame that finds no queue is returned first and confirmed then.
        const isReturned = this.#returned.delete(messageId);
        if (isReturned || (refused !== null && refused !== undefined)) fate.rejected();
        else fate.confirmed();
      });
    });
  }

  sayPresence(body: Buffer): void {
    const session = this.#session;
    if (session === undefined) return;
    this.#guarded(session, () => {
      session.out.publish(this.#options.presence.exchange, '', body, { persistent: false }, () => undefined);
    });
  }

  async consume(consumption: Consumption): Promise<void> {
    this.#consumptions.set(consumption.queue, consumption);
    const session = this.#session;
    if (session === undefined) return;
    await this.#consume(session, consumption).catch((error: unknown) => this.#lost(session, error));
  }

  declare(queue: string, terms: QueueTerms): void {
    this.#declared.set(queue, terms);
    const session = this.#session;
    if (session === undefined) return;
    this.#declare(session, queue, terms).catch((error: unknown) => this.#lost(session, error));
  }

  async release(queue: string, remove: boolean): Promise<void> {
    this.#consumptions.delete(queue);
    const session = this.#session;
    const consumer = session?.consumers.get(queue);
    if (session === undefined) return;
    session.consumers.delete(queue);
    try {
      await consumer?.channel.close();
      if (remove) await session.admin.deleteQueue(queue);
    } catch (error) {
      this.#lost(session, error);
    }
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#cancelRetry?.();
    const session = this.#session;
    if (session === undefined) return;
    try {
      await session.out.waitForConfirms();
      // From here on nothing that ends is a loss.
      session.lost = true;
      await session.admin.deleteQueue(this.#options.presence.queue);
    } catch {
      // The connection is lost: what is left expires.
    }
    session.lost = true;
    this.#session = undefined;
    await this.#close(session.publishing);
    await this.#close(session.consuming);
  }

  // ---- one connection --------------------------------------------------------------------------------

  async #connect(): Promise<void> {
    const opened: ChannelModel[] = [];
    try {
      const url = this.#options.url();
      if (url === undefined) throw new HostError('host_unfit', 'it is not known where the broker is');
      const publishing = await open(url, opened);
      const consuming = await open(url, opened);
      const out = await publishing.createConfirmChannel();
      const admin = await consuming.createChannel();
      const session: Session = { publishing, consuming, out, admin, consumers: new Map(), lost: false };
      this.#watch(session);
      await this.#listen(session);
      for (const [queue, terms] of this.#declared) await this.#declare(session, queue, terms);
      for (const consumption of this.#consumptions.values()) await this.#consume(session, consumption);
      if (session.lost || this.#stopped) throw new HostError('host_stopped', 'the connection is not wanted');
      this.#session = session;
      this.#retryMs = FIRST_RETRY_MS;
      this.#options.events.connected();
    } catch {
      for (const connection of opened) await this.#close(connection);
      this.#retry();
    }
  }

  #watch(session: Session): void {
    const lost = (error?: unknown): void => this.#lost(session, error);
    for (const connection of [session.publishing, session.consuming]) {
      connection.on('error', lost);
      connection.on('close', lost);
    }
    for (const channel of [session.out, session.admin]) {
      channel.on('error', lost);
      channel.on('close', lost);
    }
    session.publishing.on('blocked', () => this.#options.events.blocked(true));
    session.publishing.on('unblocked', () => this.#options.events.blocked(false));
    session.out.on('return', ({ properties }) => {
      const { messageId } = properties as { messageId?: unknown };
      if (typeof messageId === 'string') this.#returned.add(messageId);
    });
  }

  #lost(session: Session, error: unknown): void {
    if (session.lost) return;
    session.lost = true;
    const wasUp = this.#session === session;
    void this.#close(session.publishing);
    void this.#close(session.consuming);
    // One that is lost while it is still being set up is reported by what sets it up.
    if (!wasUp) return;
    this.#session = undefined;
    this.#returned.clear();
    this.#options.events.disconnected(reasonOf(error));
    this.#retry();
  }

  #retry(): void {
    if (this.#stopped) return;
    const delayMs = this.#retryMs * (0.5 + this.#options.random.next() / 2);
    this.#retryMs = Math.min(this.#retryMs * 2, LONGEST_RETRY_MS);
    this.#cancelRetry?.();
    this.#cancelRetry = this.#options.clock.after(delayMs, () => void this.#connect());
  }

  async #listen(session: Session): Promise<void> {
    const { exchange, queue, expiresMs } = this.#options.presence;
    const { admin } = session;
    await admin.assertExchange(exchange, 'fanout', { durable: true });
    const terms: QueueTerms = { durable: false, expiresMs, messageTtlMs: expiresMs, maxLength: undefined };
    await declareQueue(admin, queue, terms);
    await admin.bindQueue(queue, exchange, '');
    await admin.prefetch(PRESENCE_PREFETCH);
    await admin.consume(queue, (message) => {
      if (message === null) this.#lost(session, 'the broker has cancelled the consumer');
      else if (!session.lost) {
        admin.ack(message);
        this.#options.events.presence(message.content);
      }
    });
  }

  async #consume(session: Session, consumption: Consumption): Promise<void> {
    const { queue, terms, prefetch, fences } = consumption;
    // A channel each: a refusal closes the channel, and must not close anybody else's.
    const channel = await session.consuming.createChannel();
    const refused = this.#watchTerms(session, channel, queue);
    const holding = fences === undefined ? undefined : this.#holding(session, queue, fences);
    const take = (message: ConsumeMessage | null): void => {
      if (message === null) this.#lost(session, 'the broker has cancelled a consumer');
      else if (!session.lost) {
        let isOpen = true;
        const ack = (): void => {
          if (!isOpen || session.lost || session.consumers.get(queue)?.channel !== channel) return;
          isOpen = false;
          this.#guarded(session, () => channel.ack(message));
        };
        const deliver = (hold?: Hold): void =>
          consumption.arrived(message.content, { ack }, message.fields.redelivered, hold);
        if (holding === undefined) deliver();
        else holding.take(deliver);
      }
    };
    try {
      await declareQueue(channel, queue, terms);
      await channel.prefetch(prefetch);
      session.consumers.set(queue, { channel });
      await channel.consume(queue, take);
    } catch (error) {
      session.consumers.delete(queue);
      if (!refused()) throw error;
    }
  }

  #holding(session: Session, queue: string, fences: string): Holding {
    const { random, clock } = this.#options;
    return new Holding({
      connection: session.consuming,
      admin: session.admin,
      queue,
      fences,
      claim: `${String(random.next())}/${String(random.next())}`,
      leaseMs: LEASE_MS,
      clock,
      isLost: () => session.lost,
      lost: (why) => this.#lost(session, why),
    });
  }

  /** A channel on which a queue is declared. Tells whether the queue was there with other terms. */
  #watchTerms(session: Session, channel: Channel, queue: string): () => boolean {
    let isRefused = false;
    channel.on('error', (error: Error & { readonly code?: unknown }) => {
      isRefused = error.code === PRECONDITION_FAILED;
      if (isRefused) this.#options.events.mismatch(queue);
      else this.#lost(session, error);
    });
    return () => isRefused;
  }

  async #declare(session: Session, queue: string, terms: QueueTerms): Promise<void> {
    const channel = await session.consuming.createChannel();
    const refused = this.#watchTerms(session, channel, queue);
    try {
      await declareQueue(channel, queue, terms);
      await channel.close();
    } catch (error) {
      if (!refused()) throw error;
    }
  }

  /** In order if the broker answers, and at once if it does not. */
  async #close(connection: ChannelModel): Promise<void> {
    const { stream } = connection.connection as unknown as { readonly stream: { destroy(): void } };
    const cancel = this.#options.clock.after(CLOSE_MS, () => stream.destroy());
    try {
      await connection.close();
    } catch {
      // It is closed.
    }
    cancel();
  }

  /** amqplib throws where a channel was closed a moment ago and we have not heard of it yet. */
  #guarded(session: Session, use: () => void): void {
    try {
      use();
    } catch (error) {
      this.#lost(session, error);
    }
  }
}

async function open(url: string, opened: ChannelModel[]): Promise<ChannelModel> {
  const target = new URL(url);
  target.searchParams.set('heartbeat', String(HEARTBEAT_S));
  const connection = await amqp.connect(target.href, { timeout: CONNECT_MS, noDelay: true });
  // Without a listener an error would end the process; who uses it adds its own.
  connection.on('error', () => undefined);
  opened.push(connection);
  return connection;
}

/**
 * Without a limit of deliveries a quorum queue puts what it takes back behind all others, measured on 3.10; with one it
 * keeps its place. A limit that is never reached: what is done with poison is not the broker's to say.
 */
const QUORUM = { 'x-queue-type': 'quorum', 'x-delivery-limit': 1_000_000_000 };

async function declareQueue(channel: Channel, queue: string, terms: QueueTerms): Promise<void> {
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

/** Without the address of the broker, which may hold a password. */
function reasonOf(error: unknown): string {
  if (typeof error === 'string') return error;
  const code = (error as { readonly code?: unknown } | undefined)?.code;
  const isKnown = typeof code === 'string' || typeof code === 'number';
  return isKnown ? `the connection ended with ${code}` : 'the connection was closed';
}
