/** An exit reason as the kernel passed it on, with its detail read. */
import type { ExitReason } from '../exit-reason.js';
import { decodeOnce } from '../values/index.js';
import { nodeTextCodec } from './node-text-codec.js';

export function decodeReason(reason: ExitReason): ExitReason {
  const { tag, detail } = reason;
  if (!(detail instanceof Uint8Array)) return detail === undefined ? { tag } : reason;
  try {
    return { tag, detail: decodeOnce(detail, { text: nodeTextCodec }) };
  } catch {
    // A guest made these bytes; if they are no value, nothing is said.
    return { tag };
  }
}
