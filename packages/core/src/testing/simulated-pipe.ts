/**
 * The pipe between two processes of a simulation. As in a real one, all its links share one order in each
 * direction, and what comes for a link that nobody listens to yet is held (cells/pipe-link.ts is the very same).
 * It serves as a direct pipe, too.
 */
import type { DirectPipe } from '../cells/direct/direct-pipe.js';
import { PipeLink, type PipeOfLink } from '../cells/pipe-link.js';
import type { Delivery } from '../channel/loopback.js';
import type { Link, LinkEnd, LinkSite, Transfer } from '../channel/link.js';
import type { AfterTurn } from '../clock.js';

interface Item {
  /** The link that it is for; 'end': the other process has ended. */
  readonly link: number | 'end';
  /** Without: the other side has closed the link. */
  readonly bytes?: Uint8Array;
  readonly transfers?: readonly Transfer[];
}

const CONTROL = 0;

/** A fault of the code under test. */
class NotForPipes extends TypeError {}

/** One process's end of a pipe. */
export class SimulatedPipe implements LinkSite, PipeOfLink, Delivery, DirectPipe {
  readonly label: string;
  readonly control: PipeLink;
  readonly afterTurn: AfterTurn;
  readonly #links = new Map<number, PipeLink>();
  readonly #ready: Set<Delivery>;
  readonly #incoming: Item[] = [];
  #peer: SimulatedPipe | undefined;
  #lastLink: number;
  #open = true;
  /** Nothing more comes; not told of a pipe that was closed or cut at this end. */
  ended: () => void = () => undefined;
  sentFrames = 0;
  bytesRead = 0;
  #framesRead = 0;
  #awaited: { readonly frames: number; readonly callback: () => void } | undefined;
  readonly #early = new Map<number, PipeLink>();
  #lastTaken = 0;

  readonly #isDirect: boolean;

  /** `firstLink`: links that it opens are numbered behind it; without, it is a direct pipe, and opens none. */
  constructor(label: string, afterTurn: AfterTurn, ready: Set<Delivery>, firstLink: number | undefined) {
    this.label = label;
    this.afterTurn = afterTurn;
    this.#ready = ready;
    this.#lastLink = firstLink ?? 0;
    this.#isDirect = firstLink === undefined;
    this.control = new PipeLink(CONTROL, this);
    this.#links.set(CONTROL, this.control);
  }

  connect(peer: SimulatedPipe): void {
    this.#peer = peer;
  }

  /** Links that are open, but for the control link. */
  get size(): number {
    return this.#links.size - (this.#links.has(CONTROL) ? 1 : 0);
  }

  pair(): readonly [LinkEnd, LinkEnd] {
    this.#lastLink += 2;
    const own = new PipeLink(this.#lastLink, this);
    const peer = this.#peer as SimulatedPipe;
    const far = new PipeLink(this.#lastLink, peer);
    if (this.#open && peer.#open) {
      this.#links.set(own.id, own);
      peer.#links.set(far.id, far);
    } else own.ended();
    return [own, far];
  }

  open(end: LinkEnd): Link {
    return end as PipeLink;
  }

  send(link: PipeLink, batch: Uint8Array, transfers: readonly Transfer[]): void {
    const moved = transfers.map((item) => {
      if (item instanceof ArrayBuffer) return structuredClone(item, { transfer: [item] });
      if (item instanceof PipeLink && link.id === CONTROL) return item;
      throw new NotForPipes('the end of a link that does not go this way');
    });
    if (this.#open) this.#put({ link: link.id, bytes: batch.slice(), transfers: moved });
  }

  closed(link: PipeLink): void {
    if (this.#links.delete(link.id)) this.#put({ link: link.id === CONTROL ? 'end' : link.id });
  }

  /** The process at this end has ended: what it had sent still arrives, nothing it was sent does. */
  cut(): void {
    if (!this.#open) return;
    this.#open = false;
    this.#incoming.length = 0;
    this.#ready.delete(this);
    this.#links.clear();
    this.#put({ link: 'end' });
    this.#wakeAwaiting();
  }

  take(id: number): PipeLink {
    const link = this.#early.get(id) ?? new PipeLink(id, this);
    this.#early.delete(id);
    this.#lastTaken = id;
    if (!this.#open) link.ended();
    if (!link.isOver) this.#links.set(id, link);
    return link;
  }

  flush(): void {
    // What is sent here has left.
  }

  whenRead(frames: number, callback: () => void): boolean {
    if (this.#framesRead >= frames || !this.#open) return true;
    this.#awaited = { frames, callback };
    return false;
  }

  finish(): void {
    this.afterTurn(() => {
      this.readAll();
      this.#end();
    });
  }

  close(): void {
    this.cut();
  }

  /** The pipe breaks: what is on the way is lost, in both directions. */
  tear(): void {
    this.#incoming.length = 0;
    this.put({ link: 'end' });
    const peer = this.#peer as SimulatedPipe;
    peer.#incoming.length = 0;
    peer.put({ link: 'end' });
  }

  /** As much as has arrived, up to the end: what the wall does before it says that the process has ended. */
  readAll(): void {
    while (this.#incoming.length > 0) this.deliver();
  }

  deliver(): void {
    const item = this.#incoming.shift();
    if (this.#incoming.length === 0) this.#ready.delete(this);
    if (item === undefined) return;
    if (item.link === 'end') {
      this.#end();
      return;
    }
    const link = this.#links.get(item.link) ?? this.#earlyLink(item.link);
    this.bytesRead += item.bytes?.length ?? 1;
    if (item.bytes !== undefined) link?.arrived(item.bytes, item.transfers ?? [], item.bytes.length);
    else {
      this.#links.delete(item.link);
      link?.ended();
    }
    this.#framesRead += 1;
    if (this.#awaited !== undefined && this.#framesRead >= this.#awaited.frames) this.#wakeAwaiting();
  }

  #earlyLink(id: number): PipeLink | undefined {
    if (!this.#isDirect || id <= this.#lastTaken) return undefined;
    const link = this.#early.get(id) ?? new PipeLink(id, this);
    this.#early.set(id, link);
    return link;
  }

  #end(): void {
    if (!this.#open) return;
    this.#open = false;
    this.#incoming.length = 0;
    this.#ready.delete(this);
    const links = [...this.#links.values()].reverse();
    this.#links.clear();
    for (const link of [...links, ...this.#early.values()]) link.ended();
    this.#wakeAwaiting();
    this.ended();
  }

  #wakeAwaiting(): void {
    if (this.#awaited !== undefined) this.afterTurn(this.#awaited.callback);
    this.#awaited = undefined;
  }

  #put(item: Item): void {
    if (item.link !== 'end') this.sentFrames += 1;
    this.#peer?.put(item);
  }

  put(item: Item): void {
    if (!this.#open) return;
    this.#incoming.push(item);
    this.#ready.add(this);
  }
}

export function simulatedPipe(
  label: string,
  above: AfterTurn,
  below: AfterTurn,
  ready: Set<Delivery>,
): readonly [SimulatedPipe, SimulatedPipe] {
  return connected(
    new SimulatedPipe(`${label} pipe →`, above, ready, 0),
    new SimulatedPipe(`${label} pipe ←`, below, ready, -1),
  );
}

/** From the application's thread to a cell. */
export function simulatedDirectPipe(
  label: string,
  above: AfterTurn,
  below: AfterTurn,
  ready: Set<Delivery>,
): readonly [SimulatedPipe, SimulatedPipe] {
  return connected(
    new SimulatedPipe(`${label} direct →`, above, ready, undefined),
    new SimulatedPipe(`${label} direct ←`, below, ready, undefined),
  );
}

function connected(near: SimulatedPipe, far: SimulatedPipe): readonly [SimulatedPipe, SimulatedPipe] {
  near.connect(far);
  far.connect(near);
  return [near, far];
}
