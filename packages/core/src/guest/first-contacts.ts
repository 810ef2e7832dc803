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
  #behind: { readonly contact: Contact; readonly send: () => void }[] = [];

  begin(contact: Contact): void {
    this.#asked.add(contact);
  }

  /** It is asked for once more, after all others. */
  again(contact: Contact): void {
    this.#asked.delete(contact);
    this.#asked.add(contact);
  }

  /** Its peer is known, or that there is none. */
  made(contact: Contact): void {
    if (!this.#asked.delete(contact)) return;
    // One at a time: what is let go to a contact that is still not known holds up those behind it.
    for (
      let next = this.#behind[0];
      next !== undefined && !this.#waitsFor(next.contact);
      next = this.#behind[0]
    ) {
      this.#behind.shift();
      next.send();
    }
  }

  /** Whether what is sent to `contact` now has to wait. */
  holds(contact: Contact): boolean {
    return this.#behind.length > 0 || (this.#asked.size > 0 && this.#waitsFor(contact));
  }

  /** Runs it in its turn. Rejects with `CallError` `full`. */
  wait(contact: Contact, send: () => Promise<void>): Promise<void> {
    if (this.#behind.length >= MAX_BEHIND) {
      return Promise.reject(
        new CallError('full', `${String(MAX_BEHIND)} sends wait for a first contact already`),
      );
    }
    return new Promise((resolve, reject) => {
      const run = (): void => {
        send().then(resolve, reject);
      };
      this.#behind.push({ contact, send: run });
    });
  }

  get waiting(): number {
    return this.#behind.length;
  }

  /** Whether something sent before waits for a contact that was asked for after this one. */
  #waitsFor(contact: Contact): boolean {
    let later = !this.#asked.has(contact);
    for (const asked of this.#asked) {
      if (asked === contact) later = true;
      else if (later && asked.held > 0) return true;
    }
    return false;
  }
}
