/** The notes in the journal of a durable mailbox, as bytes. */
import type { Note, NoteKind } from '../protocol/attempts.js';
import { decodeValue } from './cbor-decode.js';
import { encodeValue } from './cbor-encode.js';

const KINDS: readonly NoteKind[] = ['claim', 'suspect', 'begun', 'failed', 'left'];
const MOST_BYTES = 4096;

export function encodeNote({ kind, life, count, id }: Note): Buffer {
  return encodeValue([KINDS.indexOf(kind), life, count, id], MOST_BYTES);
}

/** Undefined for what is none, or of a later version. */
export function decodeNote(bytes: Uint8Array): Note | undefined {
  if (bytes.length > MOST_BYTES) return undefined;
  let fields: unknown;
  try {
    fields = decodeValue(bytes);
  } catch {
    return undefined;
  }
  if (!Array.isArray(fields)) return undefined;
  const [kind, life, count, id] = fields as unknown[];
  const known = typeof kind === 'number' ? KINDS[kind] : undefined;
  if (known === undefined || typeof life !== 'string' || typeof id !== 'string') return undefined;
  return typeof count === 'number' ? { kind: known, life, count, id } : undefined;
}
