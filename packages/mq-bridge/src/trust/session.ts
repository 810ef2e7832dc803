/**
 * What two incarnations share: one handshake, then a key for each direction, until one of them ends.
 *
 *   initiator   new ──asks──► asked ──(the answer proves the other)──► open
 *   responder   new ──(the question proves the other) answers──► answered ──(something sealed arrives)──► open
 *
 * Messages of a handshake may get lost, come twice, or come from anybody. So a question is the same however often it
 * is asked, the same question has the same answer, and what cannot be read changes nothing.
 */
import { seal, unseal } from './cipher.js';
import type { DhKey, NewDhKey } from './dh-key.js';
import { KkHandshake, type SessionKeys } from './noise-kk.js';

export interface SessionOptions {
  readonly isInitiator: boolean;
  /** The own incarnation's key. */
  readonly own: DhKey;
  /** The other's public key. */
  readonly peer: Uint8Array;
  readonly newKey: NewDhKey;
  /** The same for both, and for no other two incarnations. */
  readonly prologue: Uint8Array;
}

export interface Sealed {
  readonly counter: number;
  readonly sealed: Buffer;
}

export class Session {
  readonly #options: SessionOptions;
  #ephemeral: DhKey | undefined;
  #keys: SessionKeys | undefined;
  #counter = 0;
  #isOpen = false;
  /** Initiator: the answer. */
  #accepted: Uint8Array | undefined;
  /** Responder: the last question that was good, and its answer. */
  #answered: { readonly question: Uint8Array; readonly answer: Buffer } | undefined;

  constructor(options: SessionOptions) {
    this.#options = options;
  }

  get isInitiator(): boolean {
    return this.#options.isInitiator;
  }

  /** Both know that the other is there. */
  get isOpen(): boolean {
    return this.#isOpen;
  }

  /** Initiator: the first message. */
  ask(): Buffer {
    return this.#initiated().question;
  }

  /** Responder: the second message; undefined where the first is not the other's. */
  answer(question: Uint8Array): Buffer | undefined {
    if (this.#answered !== undefined && Buffer.compare(this.#answered.question, question) === 0)
      return this.#answered.answer;
    // Nobody asks anew whom we have heard sealed.
    if (this.#isOpen) return undefined;
    const handshake = this.#handshake(this.#options.newKey());
    if (handshake.read(question) === undefined) return undefined;
    const answer = handshake.write();
    this.#answered = { question, answer };
    this.#keys = handshake.split();
    return answer;
  }

  /** The answer to be given again, if it has been asked. */
  get answerAgain(): Buffer | undefined {
    return this.#isOpen ? undefined : this.#answered?.answer;
  }

  /** Initiator: whether that is the second message of the other. */
  accept(answer: Uint8Array): boolean {
    if (this.#accepted !== undefined) return Buffer.compare(this.#accepted, answer) === 0;
    // Anew for each, for one that is forged must not spoil the next.
    const { handshake } = this.#initiated();
    if (handshake.read(answer) === undefined) return false;
    this.#keys = handshake.split();
    this.#accepted = answer;
    this.#isOpen = true;
    return true;
  }

  /** Undefined before there are keys. */
  seal(place: string, plain: Uint8Array): Sealed | undefined {
    if (this.#keys === undefined) return undefined;
    const counter = this.#counter++;
    return { counter, sealed: seal(this.#keys.send, counter, Buffer.from(place), plain) };
  }

  /** Undefined where it was not sealed by the other, in this session, for that place. */
  unseal(place: string, { counter, sealed }: { counter: number; sealed: Uint8Array }): Buffer | undefined {
    if (this.#keys === undefined) return undefined;
    const plain = unseal(this.#keys.receive, counter, Buffer.from(place), sealed);
    if (plain !== undefined) this.#isOpen = true;
    return plain;
  }

  #initiated(): { readonly handshake: KkHandshake; readonly question: Buffer } {
    this.#ephemeral ??= this.#options.newKey();
    const handshake = this.#handshake(this.#ephemeral);
    return { handshake, question: handshake.write() };
  }

  #handshake(ephemeral: DhKey): KkHandshake {
    const { isInitiator, own, peer, prologue } = this.#options;
    return new KkHandshake({ isInitiator, own, peer, prologue, ephemeral });
  }
}
