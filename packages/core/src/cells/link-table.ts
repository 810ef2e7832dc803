/**
 * The links of one pipe by their numbers. Each side numbers the links that it opens, in steps of two, and
 * never uses a number again: so a frame for a link that was closed here, which the other side could not have
 * known, is told from one for a link that never was.
 */
import { CONTROL_LINK, WALL_LINK } from './pipe-frames.js';
import { PipeLink, type PipeOfLink } from './pipe-link.js';

/** Those that are always there. */
const FIXED_LINKS = 2;
/** What is held for links that were not taken yet: no more than a first window each is on the way by then. */
const MAX_EARLY_BYTES = 16 * 1024 * 1024;

export interface LinkTableOptions {
  readonly side: 'parent' | 'child';
  readonly takesEnds: boolean;
  readonly maxLinks: number;
  /** Neither side opens links: somebody else numbers them, in rising order, and tells both. */
  readonly numberedElsewhere: boolean;
}

export class LinkTable {
  readonly control: PipeLink;
  readonly wall: PipeLink;
  readonly #options: LinkTableOptions;
  readonly #pipe: PipeOfLink;
  readonly #links = new Map<number, PipeLink>();
  /** Opened by the other side; their ends have not come yet. */
  readonly #untaken = new Map<number, PipeLink>();
  /** Numbered elsewhere, and heard of from the other side first. */
  readonly #early = new Map<number, PipeLink>();
  #earlyBytes = 0;
  #lastOwn: number;
  #lastPeer: number;

  constructor(options: LinkTableOptions, pipe: PipeOfLink) {
    this.#options = options;
    this.#pipe = pipe;
    const parent = options.side === 'parent';
    this.#lastOwn = parent ? 0 : -1;
    this.#lastPeer = parent ? -1 : 0;
    this.control = this.#add(CONTROL_LINK);
    this.wall = this.#add(WALL_LINK);
  }

  /** More links are open than may be. */
  get overfull(): boolean {
    const { maxLinks } = this.#options;
    return (
      this.#links.size > maxLinks + FIXED_LINKS ||
      this.#untaken.size > maxLinks ||
      this.#early.size > maxLinks ||
      this.#earlyBytes > MAX_EARLY_BYTES
    );
  }

  openOwn(): PipeLink {
    this.#lastOwn += 2;
    return this.#add(this.#lastOwn);
  }

  /** The other side opens a link. Returns what is wrong with that, if something is. */
  openPeers(id: number): string | undefined {
    if (!this.#options.takesEnds) return 'a link was opened from a side that opens none';
    if (id !== this.#lastPeer + 2) return 'a link was opened out of turn';
    this.#lastPeer = id;
    this.#untaken.set(id, this.#add(id));
    return this.overfull ? 'more links are open than a pipe has room for' : undefined;
  }

  /** The link that both sides were told of. */
  take(id: number): PipeLink {
    const link = this.#early.get(id) ?? new PipeLink(id, this.#pipe);
    this.#early.delete(id);
    this.#earlyBytes -= link.heldBytes;
    this.#lastPeer = id;
    if (!link.isOver) this.#links.set(id, link);
    return link;
  }

  /** So many bytes have come for a link that was not taken yet; undefined for one that there will never be. */
  early(id: number, bytes: number): PipeLink | undefined {
    if (!this.#options.numberedElsewhere || id <= this.#lastPeer) return undefined;
    let link = this.#early.get(id);
    if (link === undefined) this.#early.set(id, (link = new PipeLink(id, this.#pipe)));
    this.#earlyBytes += bytes;
    return link;
  }

  find(id: number): PipeLink | undefined {
    return this.#links.get(id);
  }

  /** Whether there was such a link, though it may be closed by now. */
  wasOpened(id: number): boolean {
    return (
      this.#options.numberedElsewhere ||
      id <= (isOdd(id) === isOdd(this.#lastOwn) ? this.#lastOwn : this.#lastPeer)
    );
  }

  /** The end of a link that the other side has opened comes, once; the link itself may have been closed by then. */
  takeEnd(id: number): PipeLink | undefined {
    const link = this.#untaken.get(id);
    this.#untaken.delete(id);
    return link;
  }

  /** False if it was not there. */
  remove(link: PipeLink): boolean {
    return this.#links.delete(link.id);
  }

  /** All of them, the control link last. */
  clear(): readonly PipeLink[] {
    const links = [...this.#links.values()].reverse();
    this.#links.clear();
    this.#untaken.clear();
    for (const link of this.#early.values()) link.ended();
    return links;
  }

  #add(id: number): PipeLink {
    const link = new PipeLink(id, this.#pipe);
    this.#links.set(id, link);
    return link;
  }
}

function isOdd(id: number): boolean {
  return (id & 1) === 1;
}
