/** An encoder and a decoder that belong together, for the tests of this folder. */
import { take } from '../../src/values/write-message.js';
import { nodeTextCodec } from '../../src/threads/node-text-codec.js';
import {
  ByteWriter,
  ValueDecoder,
  ValueEncoder,
  type ReferenceReader,
  type ReferenceWriter,
  type TextCodec,
} from '../../src/values/index.js';

export interface StreamOptions {
  readonly text?: TextCodec;
  readonly maxBytes?: number;
  readonly maxDepth?: number;
  readonly includeStack?: boolean;
  readonly shapes?: 'stream' | 'message';
  readonly writer?: ReferenceWriter;
  readonly reader?: ReferenceReader;
}

export class Stream {
  readonly writer = new ByteWriter(64);
  readonly encoder: ValueEncoder;
  readonly decoder: ValueDecoder;
  readonly #options: StreamOptions;

  constructor(options: StreamOptions = {}) {
    const text = options.text ?? nodeTextCodec;
    const { maxBytes = 1 << 22, includeStack = false, maxDepth, shapes } = options;
    this.encoder = new ValueEncoder({ maxBytes, includeStack, text, maxDepth, shapes });
    this.decoder = new ValueDecoder({ text, maxDepth });
    this.#options = options;
  }

  encode(value: unknown): Uint8Array {
    this.encoder.encode(this.writer, value, this.#options.writer);
    return take(this.writer);
  }

  decode(bytes: Uint8Array): unknown {
    return this.decoder.decode(bytes, 0, bytes.length, this.#options.reader);
  }

  /** The value as the other side gets it. */
  pass<T>(value: T): T {
    return this.decode(this.encode(value)) as T;
  }

  /** As `pass`, with buffers handed over. */
  transfer<T>(value: T, buffers: readonly ArrayBuffer[]): T {
    const moved: ArrayBuffer[] = [];
    this.encoder.encode(this.writer, value, this.#options.writer, { buffers, moved });
    const bytes = take(this.writer);
    return this.decoder.decode(bytes, 0, bytes.length, this.#options.reader, moved) as T;
  }
}

/** What the function throws, or a note that it threw nothing. */
export function thrownBy(run: () => unknown): unknown {
  try {
    run();
  } catch (thrown) {
    return thrown;
  }
  return 'nothing was thrown';
}
