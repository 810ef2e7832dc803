/**
 * What stands for something that lives elsewhere: addresses and capabilities.
 *
 * A message carries a reference as a number that only the channel it travels on can read; the codec
 * asks the channel for that number and for the way back, and knows nothing else about it.
 *
 * Invariant: the brand is a private field, so nothing but a subclass made by this module's realm is
 * taken for a reference, whatever its prototype or its properties say.
 */
export abstract class Reference {
  readonly #brand = undefined;

  /** True for addresses and capabilities; never runs code of the value (proxies are not looked through). */
  static isReference(value: unknown): value is Reference {
    return typeof value === 'object' && value !== null && #brand in value;
  }
}

/** The sending channel's side: gives a reference the number that its peer will understand. */
export interface ReferenceWriter {
  /** The slot, 0 to 2^32 − 1. What it throws reaches the sender unchanged, and nothing is sent. */
  write(reference: Reference): number;
}

/** The receiving channel's side. */
export interface ReferenceReader {
  /** The reference of that slot. What it throws ends the decoding and reaches the caller unchanged. */
  read(slot: number): Reference;
}
