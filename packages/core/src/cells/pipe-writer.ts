/**
 * Puts the frames of all links of a pipe one behind the other and writes those that come together at once.
 * What the system does not take yet waits in the stream, and is counted there.
 */
import type { Writable } from 'node:stream';
import type { AfterTurn } from '../clock.js';
import { PIPE_HEADER_BYTES, writePipeHeader, type PipeFrameKind } from './pipe-frames.js';

/** So much leaves at once, without waiting for what else may come. */
const FLUSH_BYTES = 32 * 1024;
/** A frame that does not fit in here is written alone. */
const JOINT_BYTES = 256 * 1024;

/** Congestion is told from here on; when nothing waits any more it is over. */
const CONGESTED_BYTES = 1024 * 1024;

export interface PipeWriterOptions {
  /** A socket: what it has taken at once it has copied. */
  readonly output: Writable;
  readonly afterTurn: AfterTurn;
  /** So much may wait when something is written. */
  readonly maxUndrainedBytes: number;
  readonly congested: (on: boolean) => void;
  /** More than that waited. */
  readonly unread: () => void;
}

export class PipeWriter {
  readonly #options: PipeWriterOptions;
  readonly #output: Writable;
  /** Written from again and again, as long as the system takes it at once: making one would cost as much as the write. */
  #joint = Buffer.allocUnsafeSlow(JOINT_BYTES);
  #bytes = 0;
  #flushDue = false;
  #congested = false;
  /** That were added, in all. */
  frames = 0;

  constructor(options: PipeWriterOptions) {
    this.#options = options;
    this.#output = options.output;
    // A dead peer: told by the end of the input, after everything that it had sent.
    this.#output.on('error', () => undefined);
    this.#output.on('drain', () => {
      if (this.#congested) options.congested(false);
      this.#congested = false;
    });
  }

  /** What was given and has not left this process. */
  get undrainedBytes(): number {
    return this.#bytes + this.#output.writableLength;
  }

  /** The pieces of the body are copied. */
  add(kind: PipeFrameKind, link: number, body: readonly Uint8Array[] = []): void {
    this.frames += 1;
    let length = 0;
    for (const piece of body) length += piece.length;
    if (this.#bytes + PIPE_HEADER_BYTES + length > JOINT_BYTES) this.flush();
    if (PIPE_HEADER_BYTES + length > JOINT_BYTES) {
      const frame = Buffer.allocUnsafeSlow(PIPE_HEADER_BYTES + length);
      put(frame, 0, kind, link, length, body);
      this.#write(frame);
      return;
    }
    this.#bytes = put(this.#joint, this.#bytes, kind, link, length, body);
    if (this.#bytes >= FLUSH_BYTES) {
      this.flush();
    } else if (!this.#flushDue) {
      this.#flushDue = true;
      this.#options.afterTurn(this.#flushDueNow, true);
    }
  }

  flush(): void {
    if (this.#bytes === 0) return;
    const bytes = this.#joint.subarray(0, this.#bytes);
    this.#bytes = 0;
    // Behind what is queued already it is queued, too: then in no more room than it needs.
    if (this.#output.writableLength > 0) this.#write(Buffer.from(bytes));
    else if (!this.#write(bytes)) this.#joint = Buffer.allocUnsafeSlow(JOINT_BYTES);
  }

  /** Flushes, then ends the stream; `left` is called when the system has taken all of it, or never will. */
  end(left?: () => void): void {
    this.flush();
    this.#output.end(left);
  }

  readonly #flushDueNow = (): void => {
    this.#flushDue = false;
    this.flush();
  };

  /** Whether the system has taken it at once. */
  #write(bytes: Uint8Array): boolean {
    // The other side is gone, which is told by the end of the input.
    if (!this.#output.writable) return true;
    const before = this.#output.writableLength;
    this.#output.write(bytes);
    const after = this.#output.writableLength;
    if (before > this.#options.maxUndrainedBytes) {
      this.#options.unread();
    } else if (after > CONGESTED_BYTES && !this.#congested) {
      this.#congested = true;
      this.#options.congested(true);
    }
    return after === 0;
  }
}

function put(
  into: Uint8Array,
  at: number,
  kind: PipeFrameKind,
  link: number,
  length: number,
  body: readonly Uint8Array[],
): number {
  writePipeHeader(into, at, kind, link, length);
  let end = at + PIPE_HEADER_BYTES;
  for (const piece of body) {
    into.set(piece, end);
    end += piece.length;
  }
  return end;
}
