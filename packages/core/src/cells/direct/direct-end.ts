/**
 * The end of a link on a direct pipe, as it travels over a control link to where the pipe is: a few bytes that
 * name it. Both ends of a link have the same.
 */
import { readU32, writeU32 } from '../../channel/frames.js';
import type { LinkEnd, Transfer } from '../../channel/link.js';

export interface DirectEnd {
  readonly pipe: number;
  readonly link: number;
}

const BYTES = 8;

export function encodeDirectEnd({ pipe, link }: DirectEnd): LinkEnd {
  const end = new ArrayBuffer(BYTES);
  const bytes = new Uint8Array(end);
  writeU32(bytes, 0, pipe);
  writeU32(bytes, 4, link);
  return end as LinkEnd;
}

/** Undefined of what moves otherwise. */
export function readDirectEnd(part: Transfer): DirectEnd | undefined {
  if (!(part instanceof ArrayBuffer) || part.byteLength !== BYTES) return undefined;
  const bytes = new Uint8Array(part);
  return { pipe: readU32(bytes, 0), link: readU32(bytes, 4) };
}
