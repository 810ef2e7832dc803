/** What environments print, on its way to the driver that keeps it: bounded, the oldest goes first and is counted. */
import type { LogStream } from '@espalier/supervisor/client';

export interface Printed {
  readonly atMs: number;
  readonly path: string;
  readonly stream: LogStream;
  /** Of `log`: one record, as JSON. */
  readonly text: string;
}

const LARGEST = 4 * 1024 * 1024;
const BATCH = 64 * 1024;

export class OutputBuffer {
  #waiting: Printed[] = [];
  #size = 0;
  #lost = 0;
  #woken: (() => void) | undefined;
  #closed = false;

  add(printed: Printed): void {
    this.#waiting.push(printed);
    this.#size += printed.text.length;
    while (this.#size > LARGEST) {
      const { text } = this.#waiting.shift() as Printed;
      this.#size -= text.length;
      this.#lost += text.length;
    }
    this.#woken?.();
  }

  /** So many characters were dropped since it was last asked. */
  lost(): number {
    const lost = this.#lost;
    this.#lost = 0;
    return lost;
  }

  /** The next of it, as soon as there is something; undefined when it is closed and empty. */
  async next(): Promise<readonly Printed[] | undefined> {
    while (this.#waiting.length === 0) {
      if (this.#closed) return undefined;
      await new Promise<void>((resolve) => {
        this.#woken = resolve;
      });
      this.#woken = undefined;
    }
    let [count, size] = [0, 0];
    while (count < this.#waiting.length && (count === 0 || size < BATCH)) {
      size += (this.#waiting[count] as Printed).text.length;
      count += 1;
    }
    this.#size -= size;
    return this.#waiting.splice(0, count);
  }

  close(): void {
    this.#closed = true;
    this.#woken?.();
  }
}
