/** A queue whose cost per item does not depend on its length (`Array.prototype.shift` moves the rest). */
export interface Fifo<T> {
  items: (T | undefined)[];
  head: number;
}

export function emptyFifo<T>(): Fifo<T> {
  return { items: [], head: 0 };
}

export function push<T>(fifo: Fifo<T>, item: T): void {
  fifo.items.push(item);
}

export function shift<T>(fifo: Fifo<T>): T | undefined {
  if (fifo.head === fifo.items.length) return undefined;
  const item = fifo.items[fifo.head];
  // What was taken is not kept: a request holds arguments, an end holds its child.
  fifo.items[fifo.head] = undefined;
  fifo.head += 1;
  if (fifo.head > 64 && fifo.head * 2 > fifo.items.length) {
    fifo.items = fifo.items.slice(fifo.head);
    fifo.head = 0;
  }
  return item;
}
