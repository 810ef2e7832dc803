/**
 * The journal of a durable mailbox: a stream of the broker, which is only ever appended to, and which all who take
 * from the mailbox read. Who appends a note waits until it comes back: then he has seen everything before it.
 *
 * It keeps the newest notes only; their places go on to grow.
 */
import type { Channel, ChannelModel, ConsumeMessage } from 'amqplib';
import { HostError } from '@espalier/core';
import type { Clock } from '@espalier/core/internal/bridge.js';
import { Attempts, type NoteKind } from '../protocol/attempts.js';
import { decodeNote, encodeNote } from '../wire/notes.js';

export interface JournalOptions {
  readonly connection: ChannelModel;
  readonly queue: string;
  readonly life: string;
  /** The number of the life's next note. */
  readonly nextCount: () => number;
  /** Not on the connection that acknowledges: a broker that is short of memory stops reading from who publishes. */
  readonly publish: (queue: string, body: Buffer) => void;
  readonly clock: Clock;
  /** It cannot be read or written any more, or a note has not come back: whoever waits for that would wait for ever. */
  readonly lost: (why: string) => void;
}

/** A note comes back within ms; a broker that takes so long has lost it, or stands still. */
const BACK_MS = 10_000;

/** Some ten thousand notes. */
const KEPT = { 'x-max-length-bytes': 2_000_000, 'x-stream-max-segment-size-bytes': 1_000_000 };
const STREAM = { durable: true, arguments: { 'x-queue-type': 'stream', ...KEPT } };
const PREFETCH = 256;

interface Waiting {
  readonly resolve: (place: number) => void;
  readonly reject: (error: HostError) => void;
}

export class Journal {
  readonly #options: JournalOptions;
  readonly #attempts = new Attempts();
  readonly #waiting = new Map<number, Waiting>();
  #isOver = false;

  constructor(options: JournalOptions) {
    this.#options = options;
  }

  /** Reads what is kept, and on. */
  async open(): Promise<void> {
    const { connection, queue } = this.#options;
    const channel = await connection.createChannel();
    channel.on('error', () => undefined);
    channel.on('close', () => this.#end());
    await channel.assertQueue(queue, STREAM);
    await channel.prefetch(PREFETCH);
    const take = (message: ConsumeMessage | null): void => {
      if (message === null) this.#end();
      else this.#take(channel, message);
    };
    await channel.consume(queue, take, { arguments: { 'x-stream-offset': 'first' } });
  }

  /** Its place, from 1 on, when it has come back. Rejects with `HostError` `host_stopped` if the connection is lost. */
  append(kind: NoteKind, id = ''): Promise<number> {
    return new Promise((resolve, reject) => {
      if (this.#isOver) {
        reject(ended());
        return;
      }
      const { life, queue, nextCount, publish, clock, lost } = this.#options;
      const count = nextCount();
      const cancel = clock.after(BACK_MS, () => lost('a note does not come back'));
      this.#waiting.set(count, {
        resolve: (place) => (cancel(), resolve(place)),
        reject: (why) => (cancel(), reject(why)),
      });
      publish(queue, encodeNote({ kind, life, count, id }));
    });
  }

  /** Handlings of that message that were in vain. */
  attempts(id: string): number {
    return this.#attempts.of(id, this.#options.life);
  }

  isSuspect(frame: string): boolean {
    return this.#attempts.isSuspect(frame);
  }

  #take(channel: Channel, message: ConsumeMessage): void {
    if (this.#isOver) return;
    try {
      channel.ack(message);
    } catch {
      // It was closed a moment ago.
      return;
    }
    const note = decodeNote(message.content);
    if (note === undefined) return;
    this.#attempts.seen(note);
    if (note.life !== this.#options.life) return;
    const place: unknown = message.properties.headers?.['x-stream-offset'];
    this.#waiting.get(note.count)?.resolve(Number(place) + 1);
    this.#waiting.delete(note.count);
  }

  #end(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    // What cannot be noted is given back, and comes again with the next connection only.
    this.#options.lost('the journal is not to be read any more');
    for (const { reject } of this.#waiting.values()) reject(ended());
    this.#waiting.clear();
  }
}

function ended(): HostError {
  return new HostError('host_stopped', 'the journal cannot be written now');
}
