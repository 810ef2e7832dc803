/** Exit reasons, as they are told to other hosts, and by them. */
import { EXIT_TAGS, type ExitReason, type ExitTag } from '@espalier/core';
import { encodeValue } from '../wire/cbor-encode.js';

/** Characters of a text, or bytes of another value. */
const MOST_DETAIL = 1000;

export interface ToldReason {
  readonly tag: string;
  readonly detail: unknown;
}

/** Of the detail what is small, and can be told. */
export function toldReason({ tag, detail }: ExitReason): ToldReason {
  return { tag, detail: toldDetail(detail) };
}

function toldDetail(detail: unknown): unknown {
  if (detail instanceof Error) return { name: detail.name, message: detail.message.slice(0, MOST_DETAIL) };
  if (typeof detail === 'string') return detail.slice(0, MOST_DETAIL);
  try {
    encodeValue(detail, MOST_DETAIL);
    return detail;
  } catch {
    return undefined;
  }
}

/** A tag of a later version is an error like any other. */
export function readReason({ tag, detail }: ToldReason): ExitReason {
  const known = EXIT_TAGS.find((one): one is ExitTag => one === tag);
  return { tag: known ?? 'error', detail };
}
