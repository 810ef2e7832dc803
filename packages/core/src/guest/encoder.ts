/** Encodes values apart from any channel, collecting the addresses in them; one per runtime, its buffers are reused. */
import { MAX_FRAME_BYTES, bytesMoved } from '../channel/channel.js';
import { CallError } from '../errors.js';
import type { OpaqueValue } from '../protocol/system-calls.js';
import { take } from '../values/write-message.js';
import { ByteWriter, ValueDecoder, ValueEncoder, type Reference, type TextCodec } from '../values/index.js';
import { Address } from './address.js';
import type { Encoded } from './peer-channel.js';

const NONE: readonly never[] = Object.freeze([]);

export class StandaloneEncoder {
  readonly #encoder: ValueEncoder;
  readonly #decoder: ValueDecoder;
  readonly #writer = new ByteWriter(4096);

  constructor(text: TextCodec, includeStack: boolean) {
    this.#encoder = new ValueEncoder({ maxBytes: MAX_FRAME_BYTES, includeStack, text, shapes: 'message' });
    this.#decoder = new ValueDecoder({ text });
  }

  /** Throws `CallError` `value_refused` or `too_large`. Listed buffers are detached when the message leaves. */
  encode(value: unknown, transfer: readonly ArrayBuffer[] | undefined, maxBytes: number): Encoded {
    const addresses: Address[] = [];
    const references = {
      write(reference: Reference): number {
        if (!Address.isAddress(reference))
          throw new CallError('value_refused', 'this kind of reference cannot be sent');
        const known = addresses.indexOf(reference);
        return known >= 0 ? known : addresses.push(reference) - 1;
      },
    };
    const moved: ArrayBuffer[] = [];
    this.#encoder.encode(
      this.#writer,
      value,
      references,
      transfer === undefined ? undefined : { buffers: transfer, moved },
      maxBytes,
    );
    const bytes = take(this.#writer);
    // Checked before anything is detached: what is refused stays the sender's.
    if (bytes.length + bytesMoved(moved) > maxBytes) {
      throw new CallError(
        'too_large',
        `the message and its transfers are larger than ${String(maxBytes)} bytes`,
        {
          field: 'messageBytes',
          value: maxBytes,
        },
      );
    }
    // Detached now, as `send` promises, and not only when the frame leaves.
    const transfers =
      moved.length === 0 ? NONE : moved.map((buffer) => structuredClone(buffer, { transfer: [buffer] }));
    return { bytes, references: addresses, transfers };
  }

  decode(encoded: Encoded): unknown {
    const read = (slot: number): Reference => encoded.references[slot] as Address;
    return this.#decoder.decode(encoded.bytes, 0, encoded.bytes.length, { read }, encoded.transfers);
  }

  /** A value without addresses, for the kernel to carry: exit details, states. Falls back to its text. */
  opaque(value: unknown): OpaqueValue | undefined {
    if (value === undefined) return undefined;
    try {
      return this.encode(value, undefined, MAX_OPAQUE_BYTES).bytes;
    } catch {
      return this.encode(describe(value), undefined, MAX_OPAQUE_BYTES).bytes;
    }
  }

  /** Undefined for bytes that are no value: another guest made them. */
  readOpaque(bytes: OpaqueValue | undefined): unknown {
    if (bytes === undefined) return undefined;
    try {
      return this.#decoder.decode(bytes, 0, bytes.length);
    } catch {
      return undefined;
    }
  }
}

const MAX_OPAQUE_BYTES = 1024 * 1024;

function describe(value: unknown): string {
  try {
    return String(value).slice(0, 1000);
  } catch {
    return typeof value;
  }
}
