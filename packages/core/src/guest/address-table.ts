/**
 * The thread's half of its table of references: handle ↔ address. The kernel counts each handle that
 * it sends; when no address object is left, the thread gives the counted ones back with `drop`, so
 * neither side keeps an entry that nobody can use, and a handle on its way back is never lost.
 */
import { Address } from './address.js';

export interface Collector {
  /** Calls `collected` some time after the address is garbage. */
  watch(address: Address, collected: () => void): void;
}

interface Entry {
  readonly address: WeakRef<Address>;
  /** How often the kernel has sent this handle. */
  count: number;
}

export class AddressTable {
  readonly #entries = new Map<number, Entry>();
  readonly #collector: Collector;
  readonly #drop: (handle: number, count: number) => void;

  constructor(collector: Collector, drop: (handle: number, count: number) => void) {
    this.#collector = collector;
    this.#drop = drop;
  }

  /** The address for a handle that the kernel has just sent. */
  receive(handle: number): Address {
    const entry = this.#entries.get(handle);
    const known = entry?.address.deref();
    if (entry !== undefined && known !== undefined) {
      entry.count++;
      return known;
    }
    const address = new Address(handle);
    // The old object is garbage, but its `collected` has not run: the new entry takes over its count.
    this.#entries.set(handle, { address: new WeakRef(address), count: (entry?.count ?? 0) + 1 });
    this.#collector.watch(address, () => {
      const last = this.#entries.get(handle);
      if (last === undefined || last.address.deref() !== undefined) return;
      this.#entries.delete(handle);
      this.#drop(handle, last.count);
    });
    return address;
  }

  get size(): number {
    return this.#entries.size;
  }
}
