/**
 * Takes a stream of bytes apart into frames, whatever pieces it comes in.
 *
 * - The body of a frame is only lent: it may be a view on the chunk.
 * - What a frame says of its own length is believed only up to the largest frame, and room is made as bytes
 *   really come: who announces much and sends nothing makes us hold nothing.
 */
import { PIPE_HEADER_BYTES, readPipeHeader, type PipeHeader } from './pipe-frames.js';

/** Room that is made at once for a frame that has begun. */
const FIRST_ROOM_BYTES = 1024 * 1024;
const NONE = new Uint8Array(0);

/** A frame, whole, its body only until this returns. False: the reader is to stop for good. */
export type TakeFrame = (header: PipeHeader, body: Uint8Array) => boolean;

export class PipeReader {
  readonly #maxFrameBytes: number;
  readonly #take: TakeFrame;
  readonly #head = new Uint8Array(PIPE_HEADER_BYTES);
  /** Of the frame that has begun: bytes of its header, then its header, then its body so far. */
  #headBytes = 0;
  #header: PipeHeader | undefined;
  #body: Uint8Array = NONE;
  #bodyBytes = 0;
  #stopped = false;

  constructor(maxFrameBytes: number, take: TakeFrame) {
    this.#maxFrameBytes = maxFrameBytes;
    this.#take = take;
  }

  /** Whether a frame has begun and not ended. */
  get cutOff(): boolean {
    return this.#headBytes > 0 || this.#header !== undefined;
  }

  /** Reads on; the chunk may be written over afterwards. Returns what is wrong, once; nothing is read after that. */
  read(chunk: Uint8Array): string | undefined {
    let at = 0;
    while (at < chunk.length && !this.#stopped) {
      if (this.#header === undefined) {
        const whole = this.#headBytes === 0 && at + PIPE_HEADER_BYTES <= chunk.length;
        if (!whole) at = this.#fillHead(chunk, at);
        if (!whole && this.#headBytes < PIPE_HEADER_BYTES) return undefined;
        const header = whole
          ? readPipeHeader(chunk, at, this.#maxFrameBytes)
          : readPipeHeader(this.#head, 0, this.#maxFrameBytes);
        if (whole) at += PIPE_HEADER_BYTES;
        this.#headBytes = 0;
        if (typeof header === 'string') {
          this.#stopped = true;
          return header;
        }
        if (at + header.length <= chunk.length) {
          const end = at + header.length;
          const body = chunk.subarray(at, end);
          at = end;
          this.#stopped = !this.#take(header, body);
          continue;
        }
        this.#header = header;
        this.#body = new Uint8Array(Math.min(header.length, FIRST_ROOM_BYTES));
        this.#bodyBytes = 0;
      }
      at = this.#fillBody(this.#header, chunk, at);
    }
    return undefined;
  }

  #fillHead(chunk: Uint8Array, at: number): number {
    const end = Math.min(chunk.length, at + PIPE_HEADER_BYTES - this.#headBytes);
    this.#head.set(chunk.subarray(at, end), this.#headBytes);
    this.#headBytes += end - at;
    return end;
  }

  #fillBody(header: PipeHeader, chunk: Uint8Array, at: number): number {
    const end = Math.min(chunk.length, at + header.length - this.#bodyBytes);
    const bytes = this.#bodyBytes + end - at;
    if (bytes > this.#body.length) {
      const larger = new Uint8Array(Math.min(header.length, Math.max(bytes, 2 * this.#body.length)));
      larger.set(this.#body.subarray(0, this.#bodyBytes));
      this.#body = larger;
    }
    this.#body.set(chunk.subarray(at, end), this.#bodyBytes);
    this.#bodyBytes = bytes;
    if (bytes < header.length) return end;
    const body = this.#body;
    this.#header = undefined;
    this.#body = NONE;
    this.#stopped = !this.#take(header, body);
    return end;
  }
}
