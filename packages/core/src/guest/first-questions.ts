/**
 * The questions of first contact, in the order in which they are put: who holds a name, where an address leads.
 *
 * Order between destinations (first-contacts.ts) rests on answers that come in the order asked. But in a cell the
 * kernel there answers for its own addresses, and the one above, later, for names. So no address is asked for
 * while a name is, nor what comes after that address.
 */
export class FirstQuestions {
  #names = 0;
  readonly #waiting: { readonly ofName: boolean; readonly ask: () => Promise<unknown> }[] = [];

  /** `ask` is called once, now or later; what it gives never rejects, and resolves with the answer. */
  put(ofName: boolean, ask: () => Promise<unknown>): void {
    this.#waiting.push({ ofName, ask });
    this.#go();
  }

  #go(): void {
    for (
      let next = this.#waiting[0];
      next !== undefined && (next.ofName || this.#names === 0);
      next = this.#waiting[0]
    ) {
      this.#waiting.shift();
      if (!next.ofName) {
        void next.ask();
        continue;
      }
      this.#names += 1;
      void next.ask().then(() => {
        this.#names -= 1;
        this.#go();
      });
    }
  }
}
