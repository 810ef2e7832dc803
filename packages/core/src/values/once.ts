/**
 * Values as bytes that stand for themselves: for what is stored, parked, or sent more than once.
 * Slower and larger than a stream's, because the shapes go along each time.
 */
import { ByteWriter } from './byte-writer.js';
import { take } from './write-message.js';
import type { ReferenceReader, ReferenceWriter } from './reference.js';
import type { TextCodec } from './text-codec.js';
import { ValueDecoder, type ValueDecoderOptions } from './value-decoder.js';
import { ValueEncoder } from './value-encoder.js';

export interface EncodeOnceOptions {
  readonly text: TextCodec;
  /** 16 MB by default. */
  readonly maxBytes?: number | undefined;
  readonly maxDepth?: number | undefined;
  /** False by default. */
  readonly includeStack?: boolean | undefined;
  /** Without it, addresses and capabilities are refused. */
  readonly references?: ReferenceWriter | undefined;
  /** What paths in refusals start with; `message` by default. */
  readonly root?: string | undefined;
}

const DEFAULT_MAX_BYTES = 16 * 1024 * 1024;
const FIRST_BUFFER_BYTES = 512;

/** @throws CallError as ValueEncoder.encode does. */
export function encodeOnce(value: unknown, options: EncodeOnceOptions): Uint8Array<ArrayBuffer> {
  const encoder = new ValueEncoder({
    maxBytes: options.maxBytes ?? DEFAULT_MAX_BYTES,
    maxDepth: options.maxDepth,
    includeStack: options.includeStack ?? false,
    text: options.text,
    shapes: 'message',
    root: options.root,
  });
  const writer = new ByteWriter(FIRST_BUFFER_BYTES);
  encoder.encode(writer, value, options.references);
  return take(writer);
}

export interface DecodeOnceOptions extends ValueDecoderOptions {
  readonly references?: ReferenceReader | undefined;
}

/** Reads what `encodeOnce` gave. @throws CallError `malformed`. */
export function decodeOnce(bytes: Uint8Array, options: DecodeOnceOptions): unknown {
  return new ValueDecoder(options).decode(bytes, 0, bytes.length, options.references);
}
