/**
 * In the thread of the host's kernel: the direct pipes that go past it, from the application's thread to cells.
 * It says on each control link what it has heard on the other of what was sent on the pipe, and numbers the links.
 */
import type { Link, LinkSite } from '../../channel/link.js';
import { encodeDirectEnd } from './direct-end.js';
import { FencedLink } from './fenced-link.js';
import type { Mark } from './mark.js';

/** Frames of one direction. */
class Progress {
  #frames = 0;
  #told = 0;

  /** Nobody un-sends. What is no number, or says that the sender is gone, is no cell's word to give. */
  heard(frames: number): void {
    if (Number.isFinite(frames)) this.#frames = Math.max(this.#frames, frames);
  }

  over(): void {
    this.#frames = Infinity;
  }

  due(pipe: number): readonly Mark[] {
    if (this.#frames === this.#told) return [];
    this.#told = this.#frames;
    return [{ pipe, frames: this.#frames }];
  }

  get isOver(): boolean {
    return this.#told === Infinity;
  }
}

const asIs = <T>(part: T): T => part;

/** One direct pipe. */
export class Passage {
  readonly id: number;
  readonly fromCell = new Progress();
  readonly fromApplication = new Progress();
  #lastLink = 0;

  constructor(id: number) {
    this.id = id;
  }

  /** The control link of the cell. */
  control(link: Link): Link {
    return new FencedLink(link, {
      due: () => this.fromApplication.due(this.id),
      reached: ({ frames }) => {
        this.fromCell.heard(frames);
        return true;
      },
      taken: asIs,
    });
  }

  /** Where links into the cell are made. */
  site(pipe: LinkSite): LinkSite {
    return {
      pair: () => pipe.pair(),
      open: (end) => pipe.open(end),
      direct: () => {
        const end = { pipe: this.id, link: ++this.#lastLink };
        return [encodeDirectEnd(end), encodeDirectEnd(end)];
      },
    };
  }

  /** The cell has ended: call it before anybody is told. */
  over(): void {
    this.fromCell.over();
  }
}

export class Passages {
  readonly #passages = new Map<number, Passage>();
  #lastId = 0;

  open(): Passage {
    const passage = new Passage(++this.#lastId);
    this.#passages.set(passage.id, passage);
    return passage;
  }

  /** Nothing went through it. */
  forget({ id }: Passage): void {
    this.#passages.delete(id);
  }

  /** The control link of the application. */
  application(link: Link): Link {
    return new FencedLink(link, {
      due: () => [...this.#passages.values()].flatMap((passage) => this.#due(passage)),
      reached: ({ pipe, frames }) => {
        this.#passages.get(pipe)?.fromApplication.heard(frames);
        return true;
      },
      taken: asIs,
    });
  }

  #due(passage: Passage): readonly Mark[] {
    const due = passage.fromCell.due(passage.id);
    if (passage.fromCell.isOver) this.forget(passage);
    return due;
  }
}
