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
 *
 * It is long because all of it is about one session: what is made in it, and the one instant at which it is lost.
 */
import type { Channel, ChannelModel, ConfirmChannel, ConsumeMessage } from 'amqplib';
import { HostError } from '@espalier/core';
import type { Clock, Random } from '@espalier/core/internal/bridge.js';
import type { Fate } from '../protocol/out-stream.js';
import { Acknowledgements } from './acknowledgements.js';
import {
  closeConnection,
  hindranceOf,
  openConnection,
  reasonOf,
  type Access,
  type Hindrance,
} from './connect.js';
import { Holding } from './holding.js';
import { Journal } from './journal.js';
import { declareQueue, emptyQueue, Queues } from './queues.js';
import type {
  Consumption,
  Hold,
  PresencePlace,
  QueueTerms,
  Transport,
  TransportEvents,
} from './transport.js';

export interface AmqpOptions {
  readonly access: Access;
  /** The fanout exchange of the cluster, and this host's queue at it. */
  readonly presence: PresencePlace;
  readonly clock: Clock;
  readonly random: Random;
  readonly events: TransportEvents;
}

interface Session {
  readonly publishing: ChannelModel;
  readonly consuming: ChannelModel;
  readonly out: ConfirmChannel;
  readonly admin: Channel;
  readonly consumers: Map<string, { readonly channel: Channel; readonly acknowledgements: Acknowledgements }>;
  /** Handed out while it is set up: nobody would hear that it is lost. Undefined once it is up. */
  early: (() => void)[] | undefined;
  lost: boolean;
  /** Called when it is lost while it is still being set up. */
  failed: (error: unknown) => void;
}

const FIRST_RETRY_MS = 100;
const LONGEST_RETRY_MS = 5000;
const STABLE_MS = 1000;
const HEARTBEAT_S = 5;
const STOP_MS = 1000;
const RELEASE_MS = 2000;
/** Half of what the broker waits before it takes a connection for dead. */
const LEASE_MS = (HEARTBEAT_S * 1000) / 2;
const PRESENCE_PREFETCH = 256;

export class AmqpTransport implements Transport {
  readonly #options: AmqpOptions;
  readonly #consumptions = new Map<string, Consumption>();
  readonly #queues: Queues<Session>;
  #session: Session | undefined;
  /** The one that is being set up, as soon as all that is wanted so far was looked through. */
  #opening: Session | undefined;
  #stopped = false;
  #retryMs = FIRST_RETRY_MS;
  /** When the last connection was there; Infinity: it was lost, and that was counted. */
  #upSince = Infinity;
  /** Which of the addresses is the one to try. */
  #next = 0;
  /** What was told last. */
  #hindrance = '';
  #cancelRetry: (() => void) | undefined;
  /** Published and returned by the broker, because there is no such queue: by message id. */
  readonly #returned = new Set<string>();
  #lastId = 0;
  /** As which we write into journals: until the end of the process. */
  readonly #life: string;
  #lastNote = 0;

  constructor(options: AmqpOptions) {
    this.#options = options;
    const { random, clock, events } = options;
    this.#queues = new Queues<Session>({
      clock,
      random,
      mismatch: events.mismatch,
      lost: (session, why) => this.#lost(session, why),
    });
    this.#life = `${String(random.next())}/${String(random.next())}`;
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
        if (isReturned) this.#orLost(session, this.#queues.restore(session, queue));
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
    const session = this.#reached;
    if (session === undefined) return;
    await this.#consume(session, consumption).catch((error: unknown) => this.#lost(session, error));
  }

  declare(queue: string, terms: QueueTerms): void {
    const session = this.#reached;
    const added = this.#queues.add(session, queue, terms);
    if (session !== undefined) this.#orLost(session, added);
  }

  async release(queue: string, left?: (body: Buffer) => void): Promise<number> {
    this.#consumptions.delete(queue);
    const session = this.#reached;
    const consumer = session?.consumers.get(queue);
    if (session === undefined) return 0;
    session.consumers.delete(queue);
    consumer?.acknowledgements.close();
    let cancel = (): void => undefined;
    // To a channel that is being closed amqplib says nothing when the connection is lost.
    const late = new Promise<never>((_resolve, reject) => {
      cancel = this.#options.clock.after(RELEASE_MS, () => reject(new Error('the broker does not answer')));
    });
    const released = async (): Promise<number> => {
      await consumer?.channel.close();
      if (left === undefined) return 0;
      // What was never consumed from may not be there: to look at that ends the channel, to delete it does not.
      if (consumer !== undefined) await emptyQueue(session, queue, left, this.#options.clock);
      return (await session.admin.deleteQueue(queue)).messageCount;
    };
    try {
      return await Promise.race([released(), late]);
    } catch (error) {
      this.#lost(session, error);
      return 0;
    } finally {
      cancel();
    }
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#cancelRetry?.();
    const session = this.#session;
    if (session === undefined) return;
    // A broker that takes nothing confirms nothing.
    const cancel = this.#options.clock.after(STOP_MS, () =>
      this.#lost(session, 'the broker does not confirm'),
    );
    try {
      await session.out.waitForConfirms();
      // From here on nothing that ends is a loss.
      session.lost = true;
      await session.admin.deleteQueue(this.#options.presence.queue);
    } catch {
      // The connection is lost: what is left expires.
    }
    cancel();
    session.lost = true;
    this.#session = undefined;
    await closeConnection(session.publishing, this.#options.clock);
    await closeConnection(session.consuming, this.#options.clock);
  }

  /** Where queues can be made and taken from. */
  get #reached(): Session | undefined {
    return this.#session ?? this.#opening;
  }

  // ---- one connection --------------------------------------------------------------------------------

  async #connect(): Promise<void> {
    const urls = this.#options.access.urls();
    const url = urls[this.#next % urls.length];
    if (url === undefined) {
      this.#retry();
      return;
    }
    const opened: ChannelModel[] = [];
    try {
      const publishing = await this.#open(url, opened);
      const consuming = await this.#open(url, opened);
      const out = await publishing.createConfirmChannel();
      const admin = await consuming.createChannel();
      const parts = { publishing, consuming, out, admin };
      const session: Session = {
        ...parts,
        consumers: new Map(),
        early: [],
        lost: false,
        failed: () => undefined,
      };
      // To who closes a channel amqplib says nothing when the connection is lost meanwhile.
      const failure = new Promise<never>((_resolve, reject) => (session.failed = reject));
      this.#watch(session);
      await Promise.race([this.#setUp(session), failure]);
      if (session.lost || this.#stopped) throw new HostError('host_stopped', 'the connection is not wanted');
      this.#session = session;
      this.#opening = undefined;
      this.#upSince = this.#options.clock.now();
      this.#hindrance = '';
      this.#options.events.connected();
      const { early = [] } = session;
      session.early = undefined;
      for (const deliver of early) deliver();
    } catch (error) {
      this.#opening = undefined;
      // Two connections at one node have failed, or half a set-up: the next node is tried.
      this.#next++;
      if (!this.#stopped) this.#tell(hindranceOf(error, opened.length === 2));
      for (const connection of opened) await closeConnection(connection, this.#options.clock);
      this.#retry();
    }
  }

  async #setUp(session: Session): Promise<void> {
    await this.#listen(session);
    if (session.lost) return;
    // What is asked for from here on is made at once: nobody would look for it again.
    const wanted = [...this.#consumptions.values()];
    this.#opening = session;
    await this.#queues.declareAll(session);
    // All at once: one after the other a thousand take half a minute.
    await Promise.all(wanted.map((one) => this.#consume(session, one)));
  }

  async #open(url: string, opened: ChannelModel[]): Promise<ChannelModel> {
    const connection = await openConnection(url, this.#options.access, HEARTBEAT_S);
    opened.push(connection);
    return connection;
  }

  /** Once, however often it is met. */
  #tell(hindrance: Hindrance | undefined): void {
    if (hindrance === undefined || hindrance.why === this.#hindrance) return;
    this.#hindrance = hindrance.why;
    this.#options.events.unreachable(hindrance.why, hindrance.remedy);
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
    void closeConnection(session.publishing, this.#options.clock);
    void closeConnection(session.consuming, this.#options.clock);
    // One that is lost while it is still being set up is reported by what sets it up.
    if (!wasUp) {
      session.failed(error ?? new Error(reasonOf(error)));
      return;
    }
    this.#session = undefined;
    this.#returned.clear();
    this.#options.events.disconnected(reasonOf(error));
    this.#retry();
  }

  #retry(): void {
    if (this.#stopped) return;
    // What ends again and again soon after it was there is no better than what never is.
    if (this.#options.clock.now() - this.#upSince >= STABLE_MS) this.#retryMs = FIRST_RETRY_MS;
    this.#upSince = Infinity;
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
    this.#bindLater(session);
  }

  /**
   * Somebody may have removed the exchange, and another host made it again: then nothing fails, and nobody is heard. To
   * bind once more changes nothing, and where there is no exchange it is refused.
   */
  #bindLater(session: Session): void {
    const { exchange, queue, bindAgainMs } = this.#options.presence;
    this.#options.clock.after(bindAgainMs, () => {
      if (session.lost) return;
      const bound = session.admin.bindQueue(queue, exchange, '').then(() => this.#bindLater(session));
      this.#orLost(session, bound);
    });
  }

  async #consume(session: Session, consumption: Consumption): Promise<void> {
    const { queue, terms, prefetch } = consumption;
    const channel = await this.#queues.open(session, queue, terms, async () => {
      if (this.#consumptions.get(queue) === consumption) await this.#consume(session, consumption);
    });
    if (channel === undefined) return;
    const isWanted = (): boolean => this.#consumptions.get(queue) === consumption;
    const holding = this.#holding(session, consumption);
    // What comes again after a crash is acknowledged at once.
    const most = terms.durable ? 1 : Math.ceil(prefetch / 4);
    const acknowledgements = new Acknowledgements(most, this.#options.clock, (deliveryTag, upTo) => {
      const fields = { deliveryTag } as ConsumeMessage['fields'];
      if (!session.lost) this.#guarded(session, () => channel.ack({ fields } as ConsumeMessage, upTo));
    });
    const handedOut = (message: ConsumeMessage | null): void => {
      if (message === null) this.#lost(session, 'the broker has cancelled a consumer');
      else if (!session.lost) {
        const ack = (): void => acknowledgements.add(message.fields.deliveryTag);
        const deliver = (hold?: Hold): void =>
          consumption.arrived(message.content, { ack }, message.fields.redelivered, hold);
        const take = (): void => {
          if (holding === undefined) deliver();
          else holding.take(deliver);
        };
        if (session.early === undefined) take();
        else
          session.early.push(() => {
            if (!session.lost && isWanted()) take();
          });
      }
    };
    await channel.prefetch(prefetch);
    if (!isWanted()) {
      // It was released before there was anything to release.
      this.#orLost(session, channel.close());
      if (!terms.durable) await session.admin.deleteQueue(queue);
      return;
    }
    session.consumers.set(queue, { channel, acknowledgements });
    await channel.consume(queue, handedOut).catch((error: unknown) => {
      if (isWanted()) throw error;
    });
  }

  #holding(session: Session, { queue, terms, journal }: Consumption): Holding | undefined {
    if (journal === undefined) return undefined;
    return new Holding({
      admin: session.admin,
      queue,
      journal: new Journal({
        connection: session.consuming,
        queue: journal,
        life: this.#life,
        nextCount: () => ++this.#lastNote,
        clock: this.#options.clock,
        publish: (to, body) => {
          const written = (refused: unknown): void => {
            if (refused !== null && refused !== undefined) this.#lost(session, 'a note is not taken');
          };
          this.#guarded(session, () => session.out.publish('', to, body, { persistent: true }, written));
        },
        lost: (why) => this.#lost(session, why),
      }),
      leaseMs: terms.singleActive === true ? LEASE_MS : undefined,
      clock: this.#options.clock,
      isLost: () => session.lost,
      lost: (why) => this.#lost(session, why),
    });
  }

  #orLost(session: Session, work: Promise<void>): void {
    work.catch((error: unknown) => this.#lost(session, error));
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
