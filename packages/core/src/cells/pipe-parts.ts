/**
 * The body of a `parts` frame: what moves with a batch from one process to another. Buffers are copied,
 * ends of links are numbers.
 *
 *   count u16 │ count × (kind u8, number u32) │ the buffers │ the batch
 *
 * `number` is the length of a buffer, or the number of a link.
 */
import { readU16, readU32, writeU32 } from '../channel/frames.js';
import type { Transfer } from '../channel/link.js';
import { FarEnd } from './pipe-link.js';

const BUFFER = 1;
const LINK = 2;
const ENTRY_BYTES = 5;
const MAX_PARTS = 0xffff;

export type Part = ArrayBuffer | { readonly link: number };

/** The pieces of the body, in order; nothing is copied here. */
export function encodeParts(parts: readonly Part[], batch: Uint8Array): Uint8Array[] {
  const head = new Uint8Array(2 + parts.length * ENTRY_BYTES);
  head[0] = parts.length;
  head[1] = parts.length >>> 8;
  const buffers: Uint8Array[] = [];
  for (const [n, part] of parts.entries()) {
    const at = 2 + n * ENTRY_BYTES;
    head[at] = part instanceof ArrayBuffer ? BUFFER : LINK;
    writeU32(head, at + 1, part instanceof ArrayBuffer ? part.byteLength : part.link);
    if (part instanceof ArrayBuffer && part.byteLength > 0) buffers.push(new Uint8Array(part));
  }
  return [head, ...buffers, batch];
}

/** What the transfers of a batch are to the other process; undefined if something among them cannot cross. */
export function partsOf(transfers: readonly Transfer[], endsMayCross: boolean): Part[] | undefined {
  if (transfers.length > MAX_PARTS) return undefined;
  const parts: Part[] = [];
  for (const transfer of transfers) {
    if (transfer instanceof ArrayBuffer) {
      // Moved, as between threads: the sender's is detached, whatever is done with ours.
      parts.push(structuredClone(transfer, { transfer: [transfer] }));
    } else if (transfer instanceof FarEnd && endsMayCross) {
      parts.push({ link: transfer.link.id });
    } else {
      return undefined;
    }
  }
  return parts;
}

export interface Parts {
  readonly parts: readonly Part[];
  readonly batch: Uint8Array;
}

/** What the body holds, or undefined if it is none of `encodeParts`. The batch is a view on it, the buffers are copies. */
export function decodeParts(body: Uint8Array): Parts | undefined {
  if (body.length < 2) return undefined;
  const count = readU16(body, 0);
  let at = 2 + count * ENTRY_BYTES;
  if (at > body.length) return undefined;
  const parts: Part[] = [];
  for (let n = 0; n < count; n += 1) {
    const entry = 2 + n * ENTRY_BYTES;
    const number = readU32(body, entry + 1);
    if (body[entry] === LINK) parts.push({ link: number });
    else if (body[entry] !== BUFFER || at + number > body.length) return undefined;
    else {
      parts.push(body.buffer.slice(body.byteOffset + at, body.byteOffset + at + number) as ArrayBuffer);
      at += number;
    }
  }
  return at < body.length ? { parts, batch: body.subarray(at) } : undefined;
}
