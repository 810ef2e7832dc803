/** What turns the bodies of a channel's frames into values and back: one for control links, another for messages. */
import type { ByteWriter } from '../values/byte-writer.js';
import type { Reference } from '../values/reference.js';

/** What a body is while a ticket in it is not known yet. */
export const WAITS: unique symbol = Symbol('waits for a ticket');

export interface FrameCodec {
  /** The error for who sends on the channel while a value is being encoded for it. */
  reentered(): Error;
  /** Appends the value at `writer.offset`, or throws and leaves the writer as it was. */
  encode(writer: ByteWriter, value: unknown, maxBytes: number): void;
  decode(bytes: Uint8Array, start: number, end: number): unknown;
  /**
   * Reads a value that was encoded apart from the stream: the list of its tickets, then itself. `ticket` says what
   * each stands for, `moved` are buffers that came along. Gives `WAITS` while one of the tickets is unknown.
   */
  decodeStandalone(
    bytes: Uint8Array,
    start: number,
    end: number,
    ticket: (ticket: number) => Reference | undefined,
    moved: readonly ArrayBuffer[],
  ): unknown;
}
