/**
 * Who is linked with one stand-in, and what the other side was told of it: that somebody is, or that nobody is any more.
 * At most one such item waits for room. What is wanted by then is said next, so nobody fills the way by linking and
 * unlinking; and it is said again when what was said may be lost, for either can be said twice.
 */
import type { Address } from '@espalier/core';
import type { Item } from '../wire/frames.js';

/** False, if it could not be passed on. A promise where there is no room yet. */
export type PassOn = (item: Item) => boolean | Promise<boolean>;

export class LinkedHere {
  readonly #pass: PassOn;
  readonly #links = new Set<Address>();
  /** What the other side knows; undefined: that was lost. */
  #told: boolean | undefined = false;
  /** Whether it was ever told anything. */
  #wasTold = false;
  #isTelling = false;
  #isStopped = false;
  readonly #isOver: () => boolean;

  /** `isOver`: the mailbox has ended, and its links with it. */
  constructor(pass: PassOn, isOver: () => boolean) {
    this.#pass = pass;
    this.#isOver = isOver;
  }

  changed(other: Address, isLinked: boolean): void {
    if (isLinked) this.#links.add(other);
    else this.#links.delete(other);
    this.#tell();
  }

  /** One that is linked has ended, which the other side is about to be told. True: nobody else is linked. */
  ended(other: Address): boolean {
    const isLast = this.#links.delete(other) && this.#links.size === 0;
    // That is said along with his end.
    if (isLast) this.#told = false;
    return isLast;
  }

  /** What was said may be lost, as with a broker that was started again. */
  sayAgain(): void {
    if (!this.#wasTold) return;
    this.#told = undefined;
    this.#tell();
  }

  /** The stand-in has ended: nothing more is said. True: the other side knows of a link, or may, or was to be told of one. */
  stop(): boolean {
    this.#isStopped = true;
    return this.#told !== false || this.#links.size > 0;
  }

  #tell(): void {
    const isLinked = this.#links.size > 0;
    if (this.#isStopped || this.#isOver() || this.#isTelling || this.#told === isLinked) return;
    this.#told = isLinked;
    this.#wasTold = true;
    const passed = this.#pass({ kind: isLinked ? 'link' : 'unlink' });
    if (typeof passed === 'boolean') this.#passed(passed);
    else {
      this.#isTelling = true;
      void passed.then((done) => {
        this.#isTelling = false;
        this.#passed(done);
        // Not at once if there was no room: the next change, or the next connection, has it said again.
        if (done) this.#tell();
      });
    }
  }

  #passed(done: boolean): void {
    if (!done) this.#told = undefined;
  }
}
