/** What a bridge needs of a broker. One transport outlives any number of connections. */
import type { Delivery } from '../protocol/in-queue.js';
import type { NoteKind } from '../protocol/attempts.js';
import type { Fate } from '../protocol/out-stream.js';

export interface QueueTerms {
  readonly durable: boolean;
  /** Milliseconds without a consumer after which the broker removes it; undefined: never. */
  readonly expiresMs: number | undefined;
  readonly messageTtlMs: number | undefined;
  /** Frames; what comes to a full one is nacked. Undefined: no bound. */
  readonly maxLength: number | undefined;
  /** Of several who consume from it one gets everything, as long as it is there. */
  readonly singleActive?: boolean;
  /** Several nodes of a broker cluster keep it. */
  readonly replicated?: boolean;
}

export type HoldNote = Exclude<NoteKind, 'claim'>;

/** Taking from a durable queue: alone, or with others. */
export interface Hold {
  /** Alone: the number of the term, greater than that of all before it. */
  readonly fence: number | undefined;
  /** False as soon as somebody else may have what was given to us. It never becomes true again. */
  readonly isHeld: boolean;
  /** Until when it is held as it looks now, of the clock; `Infinity` where there are many holders. */
  readonly until: number;
  /** Calls back with each later `until`. Gives what ends that. */
  follow(renewed: (until: number) => void): () => void;
  /** Handlings of that message that were in vain, by whomever, so far as it was noted. */
  attempts(id: string): number;
  isSuspect(frame: string): boolean;
  /** For all who take from it. Resolves when all that was noted before is known; false: it could not be written. */
  note(kind: HoldNote, id: string): Promise<boolean>;
}

export interface Consumption {
  readonly queue: string;
  readonly terms: QueueTerms;
  readonly prefetch: number;
  /** Of a durable queue: where those who take from it write down what they must know of each other. */
  readonly journal?: string | undefined;
  /**
   * Must not throw. `redelivered`: it may have been handled by somebody before. With `journal`, and only then, there is a
   * `hold`: the same for all of a term.
   */
  readonly arrived: (body: Buffer, delivery: Delivery, redelivered: boolean, hold?: Hold) => void;
}

/** The fanout exchange of the cluster, and this host's queue at it. */
export interface PresencePlace {
  readonly exchange: string;
  readonly queue: string;
  readonly expiresMs: number;
  /** How often it is made sure that the queue is bound. */
  readonly bindAgainMs: number;
}

export interface TransportEvents {
  /** Both connections are there, and every consumer is in place. Nothing of a consumer arrives before. */
  readonly connected: () => void;
  /** The broker cannot be had; it is tried again and again. Told once for each reason. */
  readonly unreachable: (why: string, remedy: string) => void;
  /** Everything unconfirmed and unacknowledged is in doubt. */
  readonly disconnected: (why: string) => void;
  /** The broker takes nothing for now (memory or disk alarm), or takes again. */
  readonly blocked: (on: boolean) => void;
  /** The broker has a queue of that name with other terms; it is not used. */
  readonly mismatch: (queue: string) => void;
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
  /**
   * Takes no more from it. With `left` the queue goes, too; each body that lay in it is told before, and how many
   * went unseen afterwards. Without a connection nothing is told.
   */
  release(queue: string, left?: (body: Buffer) => void): Promise<number>;
  stop(): Promise<void>;
}
