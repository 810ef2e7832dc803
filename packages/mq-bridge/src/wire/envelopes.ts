/**
 * What goes to a mailbox or an inbox, around a frame: who sent it, and the frame sealed; and the two messages by which
 * two incarnations come to a session. All of it may come from anybody. docs/wire.md has the bytes.
 */
import { CborDecoder, malformed } from './cbor-decode.js';
import { CborWriter, MAJOR } from './cbor-writer.js';

const KIND = { sealed: 0, asks: 1, answers: 2 } as const;
/** Room for what stands before the last field; it may be larger. */
const HEAD_BYTES = 64;

export type Envelope =
  /** A frame, or nothing: then it says only that the session is there. */
  | {
      readonly kind: 'sealed';
      readonly incarnation: string;
      /** Never the same twice in a session. */
      readonly counter: number;
      readonly sealed: Uint8Array;
    }
  /** The first message of a handshake, and who its sender is. */
  | { readonly kind: 'asks'; readonly presence: Uint8Array; readonly message: Uint8Array }
  /** The second one. */
  | { readonly kind: 'answers'; readonly incarnation: string; readonly message: Uint8Array };

export function encodeEnvelope(envelope: Envelope): Buffer {
  const { length } = envelope.kind === 'sealed' ? envelope.sealed : envelope.message;
  const out = new CborWriter(length + HEAD_BYTES);
  out.head(MAJOR.array, envelope.kind === 'sealed' ? 4 : 3);
  out.head(MAJOR.unsigned, KIND[envelope.kind]);
  if (envelope.kind === 'asks') out.bytes(envelope.presence);
  else out.text(envelope.incarnation);
  if (envelope.kind === 'sealed') {
    out.head(MAJOR.unsigned, envelope.counter);
    out.bytes(envelope.sealed);
  } else out.bytes(envelope.message);
  return out.finish();
}

/** Throws `CallError` `malformed`. */
export function decodeEnvelope(bytes: Uint8Array): Envelope {
  const decoder = new CborDecoder(bytes);
  const length = decoder.arrayLength();
  const kind = decoder.value();
  if (kind === KIND.sealed && length >= 4) {
    const incarnation = textOf(decoder.value());
    const counter = decoder.value();
    if (typeof counter !== 'number' || !Number.isSafeInteger(counter) || counter < 0)
      throw malformed('an envelope without its number');
    return { kind: 'sealed', incarnation, counter, sealed: bytesOf(decoder.value()) };
  }
  if (kind === KIND.asks && length >= 3)
    return { kind: 'asks', presence: bytesOf(decoder.value()), message: bytesOf(decoder.value()) };
  if (kind === KIND.answers && length >= 3)
    return { kind: 'answers', incarnation: textOf(decoder.value()), message: bytesOf(decoder.value()) };
  throw malformed('no envelope');
}

export function bytesOf(value: unknown): Uint8Array {
  if (!(value instanceof ArrayBuffer)) throw malformed('no bytes where bytes must be');
  return new Uint8Array(value);
}

function textOf(value: unknown): string {
  if (typeof value !== 'string') throw malformed('no text where text must be');
  return value;
}
