/** The ways to the inboxes of other incarnations, and what is answered there to who has called. */
import type { CallError } from '@espalier/core';
import { encodeItem, type Item } from '../wire/frames.js';
import type { Outbox } from './outbox.js';

export interface AnswersOptions {
  /** The way to the inbox of an incarnation. */
  readonly inbox: (incarnation: string) => Outbox;
  readonly isUp: (host: string, incarnation: string) => boolean;
  readonly messageBytes: number;
  /** Answers that wait for room on one way, together. */
  readonly waitingBytes: number;
  readonly lost: () => void;
}

export class Answers {
  readonly #options: AnswersOptions;

  constructor(options: AnswersOptions) {
    this.#options = options;
  }

  /** To who sends that stream. */
  send(stream: string, item: Item, mostBytes = this.#options.messageBytes): void {
    const { inbox, isUp, waitingBytes, lost } = this.#options;
    const [host, incarnation] = senderOf(stream);
    // His presence may come later than what he asks; but who was never seen, or is gone, waits for nothing.
    if (!isUp(host, incarnation)) return;
    const outbox = inbox(incarnation);
    if (outbox.post(this.#encode(item, mostBytes), waitingBytes)) return;
    // Whoever asks for more than he takes hears at least that he will not get it.
    const message = 'the answer is lost: too many wait for room on the way back';
    if (!outbox.post(this.#failure(item, 'full', message), Infinity)) lost();
  }

  /** What cannot be sent as an answer is answered by why. */
  #encode(item: Item, mostBytes: number): Buffer {
    try {
      return encodeItem(item, mostBytes);
    } catch (error) {
      const { code, message } = error as CallError;
      return this.#failure(item, code, message);
    }
  }

  #failure(item: Item, code: CallError['code'], message: string): Buffer {
    const { call } = item as { readonly call: number };
    return encodeItem({ kind: 'failure', call, code, message, cause: undefined }, this.#options.messageBytes);
  }
}

/** Host and incarnation of who sends a stream. */
export function senderOf(stream: string): readonly [string, string] {
  const [host = '', incarnation = ''] = stream.split('/', 2);
  return [host, incarnation];
}
