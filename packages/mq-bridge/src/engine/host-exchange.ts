/**
 * What the directories of hosts say to each other, on its way through the bridge: notices go along with presence, questions
 * and answers are sealed and go from inbox to inbox. It is there before the bridge is, for whoever keeps the directory begins
 * without a broker.
 */
import { CallError } from '@espalier/core';
import type { DirectoryExchange, ExchangePart } from '@espalier/core/directory';
import type { Item } from '../wire/frames.js';

/** A question, an answer or a notice has less. */
export const EXCHANGED_BYTES = 64 * 1024;
/** What a question is called as. */
export const DIRECTORY = 'directory';

export interface Carrier {
  /** There is another notice. */
  changed(): void;
  /** Rejects with `CallError`: `noproc`, `down`, `timeout`, or as the other side says. */
  ask(host: string, question: Uint8Array): Promise<Uint8Array>;
}

export class HostExchange implements DirectoryExchange {
  #part: ExchangePart | undefined;
  #carrier: Carrier | undefined;
  #notice: Uint8Array | undefined;

  join(part: ExchangePart): () => void {
    this.#part = part;
    return () => {
      if (this.#part === part) this.#part = undefined;
    };
  }

  say(notice: Uint8Array): void {
    this.#notice = notice;
    this.#carrier?.changed();
  }

  async ask(host: string, question: Uint8Array): Promise<Uint8Array> {
    if (this.#carrier === undefined) throw new CallError('noproc', 'no bridge is there');
    return await this.#carrier.ask(host, question);
  }

  /** From now on. */
  carriedBy(carrier: Carrier): void {
    this.#carrier = carrier;
  }

  /** What is to be said to everybody. */
  get notice(): Uint8Array | undefined {
    return this.#notice;
  }

  heard(host: string, notice: Uint8Array): void {
    this.#part?.heard(host, notice);
  }

  /** What another host's question is answered by. */
  answerTo({ call, operation, parameters }: Item & { readonly kind: 'call' }): Item {
    const question = parameters[0];
    const part = operation === DIRECTORY && question instanceof ArrayBuffer ? this.#part : undefined;
    if (part === undefined) {
      const message = `nobody here answers '${operation}'`;
      return { kind: 'failure', call, code: 'no_such_operation', message, cause: undefined };
    }
    return { kind: 'reply', call, value: bytesValue(part.answer(new Uint8Array(question as ArrayBuffer))) };
  }
}

/** As a message holds bytes: a buffer of their own. */
export function bytesValue(bytes: Uint8Array): ArrayBuffer {
  return new Uint8Array(bytes).buffer;
}
