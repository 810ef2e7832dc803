/** An exit reason as the kernel passed it on, with its detail read. */
import { EXIT_TAGS, type ExitReason } from '../exit-reason.js';
import { decodeOnce } from '../values/index.js';
import { nodeTextCodec } from './node-text-codec.js';

export function decodeReason(reason: ExitReason): ExitReason {
  const { tag, detail } = reason;
  if (detail === undefined) return { tag };
  // A supervisor that did not start says which child did not, with its reason.
  if (isNested(detail)) return { tag, detail: { ...detail, reason: decodeReason(detail.reason) } };
  if (!(detail instanceof Uint8Array)) return reason;
  try {
    return { tag, detail: decodeOnce(detail, { text: nodeTextCodec }) };
  } catch {
    // A guest made these bytes; if they are no value, nothing is said.
    return { tag };
  }
}

function isNested(detail: unknown): detail is { readonly reason: ExitReason } {
  if (typeof detail !== 'object' || detail === null || !('reason' in detail)) return false;
  const { reason } = detail;
  const tags: readonly unknown[] = EXIT_TAGS;
  return typeof reason === 'object' && reason !== null && 'tag' in reason && tags.includes(reason.tag);
}
