/** In a cell: its control link beside its direct pipe. */
import type { Transfer } from '../../channel/link.js';
import { readDirectEnd } from './direct-end.js';
import { Sent, type DirectPipe } from './direct-pipe.js';
import type { Fence } from './fenced-link.js';
import type { Mark } from './mark.js';

/** A cell has no other. */
const ITS_PIPE = 0;

export class CellFence implements Fence {
  readonly #pipe: DirectPipe;
  readonly #sent: Sent;

  constructor(pipe: DirectPipe) {
    this.#pipe = pipe;
    this.#sent = new Sent(pipe);
  }

  due(): readonly Mark[] {
    const mark = this.#sent.due(ITS_PIPE);
    return mark === undefined ? [] : [mark];
  }

  reached({ frames }: Mark, goOn: () => void): boolean {
    return this.#pipe.whenRead(frames, goOn);
  }

  taken(part: Transfer): Transfer {
    const end = readDirectEnd(part);
    return end === undefined ? part : this.#pipe.take(end.link);
  }
}
