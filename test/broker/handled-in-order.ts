/** Reads the journal of a durable mailbox while it is written, and judges it: the values are 0, 1, 2, … in the order of sends. */
import { closeSync, openSync, readSync } from 'node:fs';

interface Handling {
  readonly value: number;
  readonly id: string;
  readonly again: boolean;
}

const CHUNK = 1024 * 1024;
const MOST_TOLD = 10;

export class HandledInOrder {
  readonly #file: string;
  readonly #chunk = Buffer.alloc(CHUNK);
  #offset = 0;
  #rest = '';
  /** The value that is handled for the first time next: so many were. */
  firsts = 0;
  /** Handlings of what was handled before. */
  again = 0;
  /** The frames of those, since `crashed`. */
  #framesAgain = new Set<string>();
  mostFramesAgain = 0;
  readonly violations: string[] = [];

  constructor(file: string) {
    this.#file = file;
  }

  /** What comes again from here on is by another crash. */
  crashed(): void {
    this.#framesAgain = new Set();
  }

  read(): void {
    const file = openSync(this.#file, 'a+');
    try {
      for (;;) {
        const count = readSync(file, this.#chunk, 0, CHUNK, this.#offset);
        if (count === 0) return;
        this.#offset += count;
        const lines = (this.#rest + this.#chunk.toString('latin1', 0, count)).split('\n');
        // The last one may be half written.
        this.#rest = lines.pop() ?? '';
        for (const line of lines) this.#judge(JSON.parse(line) as Handling);
      }
    } finally {
      closeSync(file);
    }
  }

  #judge({ value, id, again }: Handling): void {
    if (value === this.firsts) this.firsts++;
    else if (value > this.firsts) {
      this.#violated(`${String(value)} came where ${String(this.firsts)} was due`);
      this.firsts = value + 1;
    } else {
      this.again++;
      if (!again) this.#violated(`${String(value)} came again and was not marked`);
      this.#framesAgain.add(id.slice(0, id.lastIndexOf('/')));
      this.mostFramesAgain = Math.max(this.mostFramesAgain, this.#framesAgain.size);
    }
  }

  #violated(what: string): void {
    if (this.violations.length < MOST_TOLD) this.violations.push(what);
  }
}
