/**
 * What things are called in the broker: opaque, of one length, and different for each cluster. The name is the hash
 * of what it stands for and of the root's public key, which the broker is never told (docs/wire.md).
 */
import { createHash } from 'node:crypto';

const MOST_KNOWN = 1024;

export class QueueNames {
  readonly #root: string;
  readonly #known = new Map<string, string>();
  /** Of incarnations: asked for with each frame that comes or goes, and what it stands for takes longer to put together. */
  readonly #inboxes = new Map<string, string>();

  /** @param root the public key of the cluster's root */
  constructor(root: string) {
    this.#root = root;
  }

  get presenceExchange(): string {
    return this.#name('presence');
  }

  presence(process: string): string {
    return this.#name('presence', process);
  }

  /** Answers to what an incarnation of a host has asked. */
  inbox(incarnation: string): string {
    const known = this.#inboxes.get(incarnation);
    if (known !== undefined) return known;
    if (this.#inboxes.size >= MOST_KNOWN) this.#inboxes.clear();
    const name = this.#name('inbox', incarnation);
    this.#inboxes.set(incarnation, name);
    return name;
  }

  mailbox(incarnation: string, name: string, life: number): string {
    return this.#name('mailbox', incarnation, name, String(life));
  }

  durable(name: string): string {
    return this.#name('durable', name);
  }

  /** Where those who take from a durable mailbox write down what they must know of each other. */
  journal(name: string): string {
    return this.#name('journal', name);
  }

  deadLetters(name: string): string {
    return this.#name('dead', name);
  }

  #name(...parts: readonly string[]): string {
    const text = JSON.stringify([this.#root, ...parts]);
    const known = this.#known.get(text);
    if (known !== undefined) return known;
    if (this.#known.size >= MOST_KNOWN) this.#known.clear();
    const name = hashed(text);
    this.#known.set(text, name);
    return name;
  }
}

function hashed(text: string): string {
  return `espalier.${createHash('sha256').update(text).digest('base64url').slice(0, 32)}`;
}
