/**
 * An address: an opaque, frozen handle on one incarnation of an environment. It holds no number that
 * a guest could read, compare with others or count by; two handles on the same incarnation in one
 * thread are the same object. It can be sent inside a message.
 */
import { Reference } from '../values/index.js';

export class Address extends Reference {
  readonly #handle: number;

  constructor(handle: number) {
    super();
    this.#handle = handle;
    Object.freeze(this);
  }

  /** For the runtime alone: the index in the thread's table. */
  static handleOf(address: Address): number {
    return address.#handle;
  }

  static isAddress(candidate: unknown): candidate is Address {
    return typeof candidate === 'object' && candidate !== null && #handle in candidate;
  }

  override toString(): string {
    return '[address]';
  }
}
