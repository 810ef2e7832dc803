/** Tells each of several waiters of the one end it waits for: a mailbox has one reader. */
import type { Context, ExitReason, Monitor } from '@espalier/core';

export class Downs {
  readonly #context: Context;
  readonly #waiting = new Map<Monitor, (reason: ExitReason) => void>();
  #reading = false;

  constructor(context: Context) {
    this.#context = context;
  }

  /** Resolves when the end of `name` is watched; what it resolves to holds the promise of that end. */
  async of(name: string): Promise<{ readonly ended: Promise<ExitReason> }> {
    const monitor = await this.#context.monitor(name);
    const ended = new Promise<ExitReason>((resolve) => this.#waiting.set(monitor, resolve));
    void this.#read();
    return { ended };
  }

  async #read(): Promise<void> {
    if (this.#reading) return;
    this.#reading = true;
    while (this.#waiting.size > 0) {
      const item = await this.#context.receive();
      if (item.type !== 'down') continue;
      this.#waiting.get(item.monitor)?.(item.reason);
      this.#waiting.delete(item.monitor);
    }
    this.#reading = false;
  }
}
