/**
 * Marks: what a control link says of the direct pipe beside it, so that nothing on the one overtakes what was sent
 * before on the other. A mark is a batch of its own, before the batch that it is about; its first byte is no kind
 * of frame.
 *
 *   offset  0     1..4  5..12
 *           0     pipe  frames (f64)
 */
import { readU32, writeU32 } from '../../channel/frames.js';

export interface Mark {
  /** The number of the pipe. A cell has one, whatever its number. */
  readonly pipe: number;
  /** So many frames were sent on it before, in all. Infinity: who sent them is gone. */
  readonly frames: number;
}

const KIND = 0;
const BYTES = 13;

export function encodeMark({ pipe, frames }: Mark): Uint8Array {
  const bytes = new Uint8Array(BYTES);
  bytes[0] = KIND;
  writeU32(bytes, 1, pipe);
  new DataView(bytes.buffer).setFloat64(5, frames, true);
  return bytes;
}

/** Undefined of any other batch. */
export function readMark(bytes: Uint8Array): Mark | undefined {
  if (bytes[0] !== KIND || bytes.length !== BYTES) return undefined;
  const frames = new DataView(bytes.buffer, bytes.byteOffset).getFloat64(5, true);
  return { pipe: readU32(bytes, 1), frames };
}
