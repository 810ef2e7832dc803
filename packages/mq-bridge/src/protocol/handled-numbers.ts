/** A set of the numbers 1, 2, 3, …, kept as ranges: what was handled of a stream, which has few gaps. */
export class HandledNumbers {
  /** Disjoint, ascending, never touching: [first, last]. */
  #ranges: [number, number][] = [];

  has(number: number): boolean {
    return this.#ranges.some(([first, last]) => number >= first && number <= last);
  }

  add(number: number): void {
    if (this.has(number)) return;
    const at = this.#ranges.findIndex(([first]) => first > number);
    const next = at === -1 ? this.#ranges.length : at;
    this.#ranges.splice(next, 0, [number, number]);
    this.#join(next);
    this.#join(next - 1);
  }

  /** For the test of its bound. */
  get ranges(): number {
    return this.#ranges.length;
  }

  #join(at: number): void {
    const left = this.#ranges[at];
    const right = this.#ranges[at + 1];
    if (left === undefined || right === undefined || left[1] + 1 !== right[0]) return;
    left[1] = right[1];
    this.#ranges.splice(at + 1, 1);
  }
}
