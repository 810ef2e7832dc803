/**
 * Links inside one thread, for the simulation: what is sent is copied and waits until the scheduler
 * delivers it, one batch at a time, in order. `drain` delivers at once what waits, as a message port does.
 */
import type { Link, LinkEnd, LinkMaker, LinkOpener, LinkReceiver, Transfer } from './link.js';

type Item = { readonly bytes: Uint8Array; readonly transfers: readonly Transfer[] } | 'end';

/** One direction that has something to deliver. */
export interface Delivery {
  /** For traces: which link. */
  readonly label: string;
  deliver(): void;
}

/** Where the scheduler finds what can be delivered next. */
export class LoopbackLinks implements LinkMaker, LinkOpener {
  readonly #ready = new Set<LoopbackLink>();
  #count = 0;

  pair(label = 'link'): readonly [LoopbackLink, LoopbackLink] {
    const number = ++this.#count;
    const near = new LoopbackLink(`${label} ${String(number)} →`, this.#ready);
    const far = new LoopbackLink(`${label} ${String(number)} ←`, this.#ready);
    near.connect(far);
    far.connect(near);
    return [near, far];
  }

  open(end: LinkEnd): Link {
    return end as LoopbackLink;
  }

  /** Every end that has something waiting, in a stable order. */
  ready(): readonly Delivery[] {
    return [...this.#ready];
  }
}

export class LoopbackLink implements Link, Delivery, LinkEnd {
  declare readonly linkEnd?: never;
  readonly label: string;
  /** Who keeps it learns that it need not. */
  closed: () => void = () => undefined;
  readonly #ready: Set<LoopbackLink>;
  readonly #waiting: Item[] = [];
  #peer: LoopbackLink | undefined;
  #receiver: LinkReceiver | undefined;
  #closed = false;

  constructor(label: string, ready: Set<LoopbackLink>) {
    this.label = label;
    this.#ready = ready;
  }

  connect(peer: LoopbackLink): void {
    this.#peer = peer;
  }

  send(batch: Uint8Array, transfers: readonly Transfer[] = []): void {
    if (this.#closed) return;
    // Buffers move with the batch, as between threads: the sender's are detached.
    const moved = transfers.map((item) =>
      item instanceof ArrayBuffer ? structuredClone(item, { transfer: [item] }) : item,
    );
    this.#peer?.put({ bytes: batch.slice(), transfers: moved });
  }

  receive(receiver: LinkReceiver): void {
    this.#receiver = receiver;
    if (this.#waiting.length > 0 && !this.#closed) this.#ready.add(this);
  }

  drain(): void {
    if (this.#receiver === undefined) return;
    while (this.#waiting.length > 0 && !this.#closed && this.#waiting[0] !== 'end') this.deliver();
  }

  /** Also how the thread at this end dies: what it had posted arrives, nothing it was sent does. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#waiting.length = 0;
    this.#ready.delete(this);
    this.#peer?.put('end');
    this.closed();
  }

  put(item: Item): void {
    if (this.#closed) return;
    this.#waiting.push(item);
    if (this.#receiver !== undefined) this.#ready.add(this);
  }

  deliver(): void {
    const item = this.#waiting.shift();
    if (this.#waiting.length === 0) this.#ready.delete(this);
    if (item === undefined || this.#receiver === undefined) return;
    if (item === 'end') this.#receiver.end();
    else this.#receiver.batch(item.bytes, item.transfers);
  }
}
