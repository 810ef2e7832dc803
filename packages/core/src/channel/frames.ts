/**
 * The frame: what every link carries, at every level of the tree.
 *
 *   offset  0     1      2..3  4..5  6..9      10..13       14..17  18..
 *         kind  flags     to   from  sequence  correlation  length  body
 *
 * All numbers are little-endian and unsigned. `to` and `from` are channel-local slots: which mailbox
 * of the receiving thread is meant, and which environment of the sending thread speaks. The sequence
 * number counts the frames of one direction from 0; a gap is a fault of the link. `correlation` ties
 * a reply to its call, and carries the number of messages in a credit frame.
 *
 * A batch is one or more whole frames. The first frame of each direction is `hello`, with the
 * version in `correlation`.
 */
export const PROTOCOL_VERSION = 1;

export const FRAME = {
  /** First of each direction; correlation = version. */
  hello: 1,
  /** A user message: body is one value. */
  message: 2,
  /** A server's cast: body is the value `[operation, ...arguments]`. */
  cast: 3,
  /** A server's call: likewise, or a run of calls; correlation = the caller's number for it. */
  call: 4,
  /** The answer to a call: body is one value. */
  reply: 5,
  /** The refusal of a call: body is the value `[code, message, cause]`. */
  failure: 6,
  /** The caller gave up: correlation = its number. */
  cancel: 7,
  /** Receiver to sender: correlation = messages granted, body = bytes granted (u32). */
  credit: 8,
  /** Sender to receiver: it waits for room; body = bytes that its next message needs (u32), 0 if it waits no more. */
  want: 9,
  /** The sender forgets a ticket that it had passed: correlation = the ticket. */
  forget: 10,
  /** A system call or a notice of the kernel: body is one value. Only on control links. */
  control: 11,
  /**
   * The caller moves the deadline of a run: correlation = its number; body = by how many milliseconds (u32), 0 if nothing
   * more of it may be begun.
   */
  prolong: 12,
} as const;

export type FrameKind = (typeof FRAME)[keyof typeof FRAME];

export const FLAG = {
  /** The body was encoded apart from the stream's tables: it begins with its own list of tickets. */
  standalone: 1,
  /** The body begins with the number (u16) of ArrayBuffers or link ends that move with it. */
  transfers: 2,
} as const;

export const HEADER_BYTES = 18;

/** Written by the sender in place; the length is patched once the body is there. */
export function writeHeader(
  bytes: Uint8Array,
  at: number,
  kind: FrameKind,
  flags: number,
  to: number,
  from: number,
  sequence: number,
  correlation: number,
): void {
  bytes[at] = kind;
  bytes[at + 1] = flags;
  bytes[at + 2] = to;
  bytes[at + 3] = to >>> 8;
  bytes[at + 4] = from;
  bytes[at + 5] = from >>> 8;
  writeU32(bytes, at + 6, sequence);
  writeU32(bytes, at + 10, correlation);
}

export function writeLength(bytes: Uint8Array, at: number, length: number): void {
  writeU32(bytes, at + 14, length);
}

export function writeU32(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value;
  bytes[at + 1] = value >>> 8;
  bytes[at + 2] = value >>> 16;
  bytes[at + 3] = value >>> 24;
}

/** The caller has checked that the bytes are there. */
export function readU32(bytes: Uint8Array, at: number): number {
  return (
    ((bytes[at] as number) |
      ((bytes[at + 1] as number) << 8) |
      ((bytes[at + 2] as number) << 16) |
      ((bytes[at + 3] as number) << 24)) >>>
    0
  );
}

/** The caller has checked that the bytes are there. */
export function readU16(bytes: Uint8Array, at: number): number {
  return (bytes[at] as number) | ((bytes[at + 1] as number) << 8);
}
