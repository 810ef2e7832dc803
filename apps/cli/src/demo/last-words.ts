/** What each of those who take part in a demonstration has said last: told where it fails, and there is nobody left to ask. */
import type { Readable } from 'node:stream';
import { createInterface } from 'node:readline';
import type { AdminClient } from '@espalier/supervisor/client';

const MOST_LINES = 12;

export class LastWords {
  readonly #said = new Map<string, string[]>();

  /** Everything that comes over that stream, until it ends. */
  hear(who: string, stream: Readable): void {
    createInterface({ input: stream }).on('line', (line) => this.#add(who, line));
  }

  /** What the tree prints, until the daemon ends. */
  async follow(who: string, client: AdminClient): Promise<void> {
    try {
      for await (const read of client.logs({ follow: true }))
        if (read.kind === 'entry') this.#add(`${who} ${read.entry.path}`, read.entry.text);
    } catch {
      // It was killed: what it has said is here.
    }
  }

  /** As lines, oldest first, of each for itself. */
  get lines(): readonly string[] {
    return [...this.#said].flatMap(([who, said]) => said.map((line) => `${who} | ${line}`));
  }

  #add(who: string, line: string): void {
    const said = this.#said.get(who) ?? [];
    this.#said.set(who, [...said, line].slice(-MOST_LINES));
  }
}
