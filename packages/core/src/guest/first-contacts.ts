/**
 * Keeps the order of one environment's messages while it makes first contact. Until the kernel has said who
 * is behind a new destination, that may be anybody to whom the environment sends by another word already (a
 * name and an address of the same peer): what is sent meanwhile to destinations known longer waits behind.
 *
 * The kernel answers in the order asked, so what goes to a destination asked for later needs no such wait.
 */
import { CallError } from '../errors.js';

/** How many sends may wait behind a first contact. */
const MAX_BEHIND = 1000;

/** A destination whose peer is not known yet. */
export interface Contact {
  /** Messages that wait for it: those that were sent, and those that wait for room. */
  readonly held: number;
}

export class FirstContacts {
  /** In the order asked. */
  readonly #asked = new Set<Contact>();
  #behind: (() => void)[] = [];

  begin(contact: Contact): void {
    this.#asked.add(contact);
  }

  /** Its peer is known, or that there is none. */
  made(contact: Contact): void {
    if (!this.#asked.delete(contact) || this.#waitsFor(undefined)) return;
    const behind = this.#behind;
    this.#behind = [];
    for (const send of behind) send();
  }

  /** Whether what is sent to `contact` now has to wait. */
  holds(contact: Contact): boolean {
    return this.#behind.length > 0 || (this.#asked.size > 0 && this.#waitsFor(contact));
  }

  /** Runs it in its turn. Rejects with `CallError` `full`. */
  wait(send: () => Promise<void>): Promise<void> {
    if (this.#behind.length >= MAX_BEHIND) {
      return Promise.reject(
        new CallError('full', `${String(MAX_BEHIND)} sends wait for a first contact already`),
      );
    }
    return new Promise((resolve, reject) => {
      this.#behind.push(() => {
        send().then(resolve, reject);
      });
    });
  }

  get waiting(): number {
    return this.#behind.length;
  }

  /** Whether something sent before waits for a contact that was asked for after this one. */
  #waitsFor(contact: Contact | undefined): boolean {
    let later = contact === undefined || !this.#asked.has(contact);
    for (const asked of this.#asked) {
      if (asked === contact) later = true;
      else if (later && asked.held > 0) return true;
    }
    return false;
  }
}
