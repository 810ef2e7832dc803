/** What turns the bodies of a channel's frames into values and back: one for control links, another for messages. */
import type { ByteWriter } from '../values/byte-writer.js';
import type { Reference } from '../values/reference.js';

export interface FrameCodec {
  /** The error for who sends on the channel while a value is being encoded for it. */
  reentered(): Error;
  /** Appends the value at `writer.offset`, or throws and leaves the writer as it was. */
  encode(writer: ByteWriter, value: unknown, maxBytes: number): void;
  decode(bytes: Uint8Array, start: number, end: number): unknown;
  /** Reads a value that was encoded apart from the stream; with what its tickets stand for, and buffers that moved. */
  decodeStandalone(
    bytes: Uint8Array,
    start: number,
    end: number,
    references: readonly Reference[],
    moved: readonly ArrayBuffer[],
  ): unknown;
}
