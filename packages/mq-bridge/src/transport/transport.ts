/** What a bridge needs of a broker. One transport outlives any number of connections. */
import type { Delivery } from '../protocol/in-queue.js';
import type { Fate } from '../protocol/out-stream.js';

export interface QueueTerms {
  readonly durable: boolean;
  /** Milliseconds without a consumer after which the broker removes it; undefined: never. */
  readonly expiresMs: number | undefined;
  readonly messageTtlMs: number | undefined;
  /** Frames; what comes to a full one is nacked. Undefined: no bound. */
  readonly maxLength: number | undefined;
}

export interface Consumption {
  readonly queue: string;
  readonly terms: QueueTerms;
  readonly prefetch: number;
  /** Nobody else may consume from it. */
  readonly exclusive: boolean;
  /** Must not throw. `redelivered`: it may have been handled by somebody before. */
  readonly arrived: (body: Buffer, delivery: Delivery, redelivered: boolean) => void;
  /** The broker refuses, because somebody else consumes from it; it is tried again until it works. */
  readonly refused: () => void;
}

export interface TransportEvents {
  /** Both connections are there, and every consumer is in place. */
  readonly connected: () => void;
  /** Everything unconfirmed and unacknowledged is in doubt. */
  readonly disconnected: (why: string) => void;
  /** The broker takes nothing for now (memory or disk alarm), or takes again. */
  readonly blocked: (on: boolean) => void;
  readonly presence: (body: Buffer) => void;
}

export interface Transport {
  readonly connected: boolean;
  /** Connects, and connects again for ever. */
  start(): void;
  /** Only while connected; without a connection it does nothing. */
  publish(queue: string, body: Buffer, persistent: boolean, fate: Fate): void;
  sayPresence(body: Buffer): void;
  /** Makes the queue and takes from it, now and after each loss of the connection. Resolves when it is in place. */
  consume(consumption: Consumption): Promise<void>;
  /** Makes a queue that others take from, now and after each loss. */
  declare(queue: string, terms: QueueTerms): void;
  /** Takes no more from it; with `remove` the queue goes, too. */
  release(queue: string, remove: boolean): Promise<void>;
  stop(): Promise<void>;
}
