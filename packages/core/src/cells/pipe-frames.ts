/**
 * What goes through the pipe between two processes: frames that say which link they belong to.
 *
 *   offset  0..3    4     5..8  9..
 *           length  kind  link  body
 *
 * All numbers are little-endian and unsigned. `length` counts the body alone. Link 0 is the control link and
 * link 2³² − 1 that of the walls; both are always there; the process that started the other numbers the links that it opens 2, 4, 6 …, the
 * other 1, 3, 5 …; a number is never used again. The first frame of each direction is `hello`.
 */
import { readU32, writeU32 } from '../channel/frames.js';

export const PIPE_VERSION = 1;

export const PIPE_FRAME = {
  /** First of each direction; link 0; body = MAGIC and the version, a u32 each. */
  hello: 1,
  /** The sender opens this link; no body. */
  open: 2,
  /** Body = one batch. */
  batch: 3,
  /** A batch with what moves along: see `encodeParts`. */
  parts: 4,
  /** The sender has closed this link; nothing of it follows; no body. */
  close: 5,
} as const;

export type PipeFrameKind = (typeof PIPE_FRAME)[keyof typeof PIPE_FRAME];

export const PIPE_HEADER_BYTES = 9;
export const CONTROL_LINK = 0;
export const WALL_LINK = 0xffff_ffff;
const KINDS: readonly number[] = Object.values(PIPE_FRAME);
const WITHOUT_BODY: readonly number[] = [PIPE_FRAME.open, PIPE_FRAME.close];
/** "ESPL" */
const MAGIC = 0x4c505345;
const HELLO_BYTES = 8;

export function writePipeHeader(
  bytes: Uint8Array,
  at: number,
  kind: PipeFrameKind,
  link: number,
  length: number,
): void {
  writeU32(bytes, at, length);
  bytes[at + 4] = kind;
  writeU32(bytes, at + 5, link);
}

export interface PipeHeader {
  readonly kind: PipeFrameKind;
  readonly link: number;
  readonly length: number;
}

/** The header, or what is wrong with it: known from the header alone, so that nobody waits for the body. */
export function readPipeHeader(bytes: Uint8Array, at: number, maxFrameBytes: number): PipeHeader | string {
  const length = readU32(bytes, at);
  const kind = bytes[at + 4] as PipeFrameKind;
  if (!KINDS.includes(kind)) return 'the kind of a frame is unknown';
  if (length > maxFrameBytes) return `a frame of ${length} bytes, where ${maxFrameBytes} are the most`;
  if (length === 0 ? !WITHOUT_BODY.includes(kind) : WITHOUT_BODY.includes(kind)) {
    return 'a frame with a body that its kind does not have';
  }
  return { kind, link: readU32(bytes, at + 5), length };
}

export function encodeHello(): Uint8Array {
  const body = new Uint8Array(HELLO_BYTES);
  writeU32(body, 0, MAGIC);
  writeU32(body, 4, PIPE_VERSION);
  return body;
}

/** What is wrong with the body of a `hello`, or undefined. */
export function helloProblem(body: Uint8Array): string | undefined {
  if (body.length !== HELLO_BYTES || readU32(body, 0) !== MAGIC) return 'this is no pipe of ours';
  return readU32(body, 4) === PIPE_VERSION ? undefined : 'the version differs';
}
