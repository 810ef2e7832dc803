/**
 * Being the one consumer of a queue that gets everything (RabbitMQ's single active consumer), as a lease.
 *
 *   standby ──first delivery──► claiming ──the number is there──► held ──not renewed in time──► over
 *
 * The broker takes a connection for dead when it has heard nothing for a whole heartbeat, and only then makes
 * another consumer the active one. So whoever has an answer to what he asked at some instant is the one for a heartbeat
 * from that instant; he counts on half of it. The question goes to the queue itself, wherever in a broker cluster that is.
 *
 * The number of a term is the place of a claim in a stream, which the broker only ever appends to. A claim is made
 * after a delivery, so by who is active: the next one's is behind it.
 */
import type { Channel, ChannelModel, ConsumeMessage } from 'amqplib';
import { HostError } from '@espalier/core';
import type { Clock } from '@espalier/core/internal/bridge.js';
import type { Hold } from './transport.js';

export interface HoldingOptions {
  readonly connection: ChannelModel;
  /** To ask the queue on. */
  readonly admin: Channel;
  readonly queue: string;
  readonly fences: string;
  /** Never used before. */
  readonly claim: string;
  readonly leaseMs: number;
  readonly clock: Clock;
  readonly isLost: () => boolean;
  readonly lost: (why: unknown) => void;
}

const STREAM = { durable: true, arguments: { 'x-queue-type': 'stream' } };

export class Holding implements Hold {
  readonly #options: HoldingOptions;
  #state: 'standby' | 'claiming' | 'held' = 'standby';
  #waiting: ((hold: Hold) => void)[] = [];
  #until = -Infinity;
  fence = 0;

  constructor(options: HoldingOptions) {
    this.#options = options;
  }

  get isHeld(): boolean {
    return !this.#options.isLost() && this.#options.clock.now() < this.#until;
  }

  /** A delivery has come: it is handed over as soon as the term has its number. */
  take(deliver: (hold: Hold) => void): void {
    if (this.#state === 'held') {
      deliver(this);
      return;
    }
    this.#waiting.push(deliver);
    if (this.#state === 'claiming') return;
    this.#state = 'claiming';
    this.#begin().catch((error: unknown) => this.#options.lost(error));
  }

  async #begin(): Promise<void> {
    this.fence = await this.#claim();
    await this.#renew();
    this.#state = 'held';
    for (const deliver of this.#waiting.splice(0)) deliver(this);
  }

  async #renew(): Promise<void> {
    const { admin, queue, clock, leaseMs, isLost, lost } = this.#options;
    const askedAt = clock.now();
    const cancel = clock.after(leaseMs, () => lost('the lease has lapsed'));
    await admin.checkQueue(queue);
    cancel();
    if (isLost()) return;
    this.#until = askedAt + leaseMs;
    clock.after(leaseMs / 2, () => {
      if (isLost()) return;
      if (!this.isHeld) lost('the lease has lapsed');
      else this.#renew().catch((error: unknown) => lost(error));
    });
  }

  /** Listens first, and then says what it listens for. */
  async #claim(): Promise<number> {
    const { connection, fences, claim } = this.#options;
    const channel = await connection.createChannel();
    channel.on('error', () => undefined);
    await channel.assertQueue(fences, STREAM);
    await channel.prefetch(1);
    const place = new Promise<number>((resolve, reject) => {
      const take = (message: ConsumeMessage | null): void => {
        if (message === null) {
          reject(ended());
          return;
        }
        channel.ack(message);
        const offset: unknown = message.properties.headers?.['x-stream-offset'];
        if (message.content.toString() === claim) resolve(Number(offset) + 1);
      };
      channel.on('close', () => reject(ended()));
      channel
        .consume(fences, take, { arguments: { 'x-stream-offset': 'next' } })
        .then(() => channel.sendToQueue(fences, Buffer.from(claim), { persistent: true }), reject);
    });
    const number = await place;
    await channel.close();
    return number;
  }
}

function ended(): HostError {
  return new HostError('host_stopped', 'the channel of a claim has ended');
}
