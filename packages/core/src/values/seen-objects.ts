/**
 * Which objects one message has met, so that a second meeting becomes a back reference.
 *
 * Most messages hold a few objects only. Comparing with each of them beats hashing up to about
 * sixteen (a Map costs 30–50 ns an insertion, and its first one an allocation); beyond that a Map
 * takes over, so that the cost stays linear.
 */
const SCANNED = 16;

export class SeenObjects {
  readonly #few: (object | undefined)[] = new Array<object | undefined>(SCANNED).fill(undefined);
  #many: Map<object, number> | undefined;
  #count = 0;

  /** The number that the object got when it was met first, or -1 if that is now. */
  meet(object: object): number {
    const count = this.#count;
    if (count < SCANNED) {
      const few = this.#few;
      for (let i = 0; i < count; i++) if (few[i] === object) return i;
      few[count] = object;
    } else {
      const many = (this.#many ??= new Map(this.#few.map((seen, i) => [seen as object, i])));
      const number = many.get(object);
      if (number !== undefined) return number;
      many.set(object, count);
    }
    this.#count = count + 1;
    return -1;
  }

  /** Lets go of the objects. */
  clear(): void {
    const used = Math.min(this.#count, SCANNED);
    for (let i = 0; i < used; i++) this.#few[i] = undefined;
    this.#many = undefined;
    this.#count = 0;
  }
}
