/** A direct pipe, as the control link beside it needs to know it: cells/pipe.ts, and that of the simulation. */
import type { Link, LinkEnd } from '../../channel/link.js';
import type { Mark } from './mark.js';

export interface DirectPipe {
  /** Frames that were sent on it, in all. */
  readonly sentFrames: number;
  readonly bytesRead: number;
  /** What was sent leaves now. */
  flush(): void;
  /** Calls back once so many frames were read, or it has ended. True if that is so already: then it does not. */
  whenRead(frames: number, callback: () => void): boolean;
  /** The link with that number: the kernel above has numbered it for both sides. */
  take(link: number): Link & LinkEnd;
  /** The other process has ended: reads what it had sent, then ends. */
  finish(): void;
  close(): void;
}

/** What was sent on a direct pipe from here, and what of that the other side was told. */
export class Sent {
  readonly #pipe: DirectPipe;
  #told: number;

  constructor(pipe: DirectPipe) {
    this.#pipe = pipe;
    this.#told = pipe.sentFrames;
  }

  /** The mark that is due; undefined if nothing was sent since the last one. */
  due(pipe: number): Mark | undefined {
    const frames = this.#pipe.sentFrames;
    if (frames === this.#told) return undefined;
    this.#told = frames;
    // Not announced before it has left: who waits for it gives up on one that sends nothing.
    this.#pipe.flush();
    return { pipe, frames };
  }
}
