/** Every way out of this host: one stream for each queue that it sends to. */
import type { AfterTurn, Clock, Random } from '@espalier/core/internal/bridge.js';
import type { Transport } from '../transport/transport.js';
import { Outbox } from './outbox.js';

export interface OutboxesOptions {
  readonly host: string;
  readonly clock: Clock;
  readonly random: Random;
  readonly afterTurn: AfterTurn;
  readonly transport: () => Transport;
  readonly undelivered: (target: string, count: number) => void;
}

export interface Target {
  readonly queue: string;
  /** As errors call it. */
  readonly name: string;
  readonly durable: boolean;
  readonly wrap: (frame: Buffer) => Buffer | undefined;
  /** The own incarnation, under which the stream begins. */
  readonly incarnation: string;
  /** The incarnation that the queue ends with; undefined: it outlives all. */
  readonly of: string | undefined;
}

export class Outboxes {
  readonly #options: OutboxesOptions;
  readonly #outboxes = new Map<string, { readonly outbox: Outbox; readonly of: string | undefined }>();
  #lastStream = 0;

  constructor(options: OutboxesOptions) {
    this.#options = options;
  }

  /** The one to a queue; it is opened when it is first needed. */
  to({ queue, name, durable, wrap, incarnation, of }: Target): Outbox {
    const known = this.#outboxes.get(queue);
    if (known !== undefined) return known.outbox;
    const { host, transport, ...rest } = this.#options;
    const outbox = new Outbox({
      ...rest,
      stream: `${host}/${incarnation}/${String(++this.#lastStream)}`,
      queue,
      target: name,
      durable,
      wrap,
      publish: (to, body, persistent, fate) => transport().publish(to, body, persistent, fate),
    });
    this.#outboxes.set(queue, { outbox, of });
    if (transport().connected) outbox.connected();
    return outbox;
  }

  /** The one to a queue, if it is open. */
  known(queue: string): Outbox | undefined {
    return this.#outboxes.get(queue)?.outbox;
  }

  connected(): void {
    for (const { outbox } of this.#outboxes.values()) outbox.connected();
  }

  disconnected(): void {
    for (const { outbox } of this.#outboxes.values()) outbox.disconnected();
  }

  close(queue: string): void {
    this.#outboxes.get(queue)?.outbox.close();
    this.#outboxes.delete(queue);
  }

  /** An incarnation of a host is down: all of its queues are no more. */
  closeAllOf(incarnation: string): void {
    for (const [queue, { of }] of this.#outboxes) if (of === incarnation) this.close(queue);
  }

  /** What is bound to the life of somebody; what outlives all stays. */
  closeMortal(): void {
    for (const [queue, { of }] of this.#outboxes) if (of !== undefined) this.close(queue);
  }

  closeAll(): void {
    for (const queue of [...this.#outboxes.keys()]) this.close(queue);
  }

  get settled(): boolean {
    return [...this.#outboxes.values()].every(({ outbox }) => outbox.settled);
  }
}
