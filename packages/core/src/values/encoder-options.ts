import type { TextCodec } from './text-codec.js';

export interface ValueEncoderOptions {
  /** The most bytes one value may take; a few bytes below it a value may be refused already. */
  readonly maxBytes: number;
  /** The most levels of nesting; 1000 by default, and more is taken as 1000. */
  readonly maxDepth?: number | undefined;
  /** Errors carry their stacks; only where sender and receiver are of one trust class. */
  readonly includeStack: boolean;
  readonly text: TextCodec;
  /**
   * `stream` (default): shapes are defined once and known for the rest of the stream, so **each**
   * value that was encoded must reach **the one** decoder, in order. `message`: each value stands
   * for itself; for what may be dropped, stored or sent elsewhere.
   */
  readonly shapes?: 'stream' | 'message' | undefined;
  /** What paths in refusals start with; `message` by default. */
  readonly root?: string | undefined;
}

/** ArrayBuffers that are to be moved instead of copied. */
export interface Transfer {
  /** Each must occur in the value, itself or through a view. */
  readonly buffers: readonly ArrayBuffer[];
  /** Where they are appended; the value refers to them by their index in this list. */
  readonly moved: ArrayBuffer[];
}
